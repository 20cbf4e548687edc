#include "control/durable_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "io/file_descriptor.hpp"

namespace weir::control {
namespace {

constexpr int mode = 0640;

Error failure(std::string_view what, const std::string& path) {
  return self_error(ErrorKind::internal, std::string(what) + " " + path + ": " + std::strerror(errno));
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// A new name in a folder is only on the disk once the folder is.
Result<void> sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const io::FileDescriptor fd(
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return failure("cannot sync the folder of", path);
  return {};
}

Result<std::string> read_from(int fd, off_t begin, std::size_t bytes, const std::string& path) {
  std::string text(bytes, '\0');
  std::size_t got = 0;
  while (got < bytes) {
    const ssize_t count = ::pread(fd, text.data() + got, bytes - got, begin + static_cast<off_t>(got));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure("cannot read", path);
    if (count == 0) break;
    got += static_cast<std::size_t>(count);
  }
  text.resize(got);
  return text;
}

}  // namespace

Result<void> make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return self_error(ErrorKind::internal, "cannot make " + path + ": " + error.message());
  return {};
}

Result<io::FileDescriptor> claim_folder(const std::string& path) {
  const std::string file = path + "/lock";
  io::FileDescriptor fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, mode));
  if (!fd.valid()) return failure("cannot write", file);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno != EWOULDBLOCK) return failure("cannot lock", file);
  return self_error(ErrorKind::internal,
                    path + " is in use by another process: each needs a folder of its own");
}

Result<void> replace_file(const std::string& path, std::string_view text) {
  const std::string temporary = path + ".new";
  {
    const io::FileDescriptor fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!fd.valid()) return failure("cannot write", temporary);
    if (!write_all(fd.get(), text) || ::fsync(fd.get()) != 0) return failure("cannot write", temporary);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failure("cannot replace", path);
  return sync_folder_of(path);
}

Result<void> append_line(const std::string& path, std::string_view line) {
  const bool fresh = ::access(path.c_str(), F_OK) != 0;
  const io::FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, mode));
  if (!fd.valid()) return failure("cannot write", path);
  struct stat facts {};
  if (::fstat(fd.get(), &facts) != 0) return failure("cannot read", path);
  std::string text;
  char last = '\n';
  if (facts.st_size > 0 && ::pread(fd.get(), &last, 1, facts.st_size - 1) != 1)
    return failure("cannot read", path);
  if (last != '\n') text += '\n';
  text.append(line).append("\n");
  if (!write_all(fd.get(), text) || ::fsync(fd.get()) != 0) return failure("cannot write", path);
  if (fresh) return sync_folder_of(path);
  return {};
}

Result<std::optional<std::string>> read_file(const std::string& path, std::size_t bytes_max) {
  const io::FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() && errno == ENOENT) return std::optional<std::string>();
  if (!fd.valid()) return failure("cannot read", path);
  struct stat facts {};
  if (::fstat(fd.get(), &facts) != 0) return failure("cannot read", path);
  if (static_cast<std::size_t>(facts.st_size) > bytes_max)
    return self_error(ErrorKind::internal, path + " is larger than it can be");
  auto text = read_from(fd.get(), 0, static_cast<std::size_t>(facts.st_size), path);
  if (!text) return text.error();
  return std::optional<std::string>(std::move(*text));
}

Result<std::string> read_tail(const std::string& path, std::size_t bytes_max) {
  const io::FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() && errno == ENOENT) return std::string();
  struct stat facts {};
  if (!fd.valid() || ::fstat(fd.get(), &facts) != 0) return failure("cannot read", path);
  const auto size = static_cast<std::size_t>(facts.st_size);
  const std::size_t bytes = std::min(size, bytes_max);
  auto text = read_from(fd.get(), static_cast<off_t>(size - bytes), bytes, path);
  if (!text || bytes == size) return text;
  text->erase(0, std::min(text->find('\n'), text->size() - 1) + 1);
  return text;
}

}  // namespace weir::control
