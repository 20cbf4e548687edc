#include "observe/log_output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

namespace weir::observe {
namespace {

constexpr mode_t file_mode = 0640;
constexpr std::size_t file_write_bytes_max = 1024 * 1024;
// A pipe that polls writable takes this much without blocking, even when the descriptor is in blocking mode.
// The mode is shared with the other processes that have this stdout and stays as it is.
constexpr std::size_t pipe_write_bytes_max = PIPE_BUF;

std::size_t whole_lines(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text.size();
  const std::size_t end = text.rfind('\n', bytes_max - 1);
  return end == text.npos ? bytes_max : end + 1;
}

}  // namespace

LogOutput::LogOutput(std::string name) : name_(std::move(name)) {
  if (name_ == "stdout") {
    fd_ = STDOUT_FILENO;
  } else if (name_ == "stderr") {
    fd_ = STDERR_FILENO;
  } else {
    constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    fd_ = ::open(name_.c_str(), flags, file_mode);
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "cannot open the log " + name_);
    owned_ = true;
  }
  struct stat status {};
  regular_ = ::fstat(fd_, &status) == 0 && S_ISREG(status.st_mode);
}

LogOutput::~LogOutput() {
  if (owned_) ::close(fd_);
}

LogOutput::LogOutput(LogOutput&& other) noexcept
    : name_(std::move(other.name_)),
      fd_(std::exchange(other.fd_, -1)),
      owned_(std::exchange(other.owned_, false)),
      regular_(other.regular_) {}

LogOutput& LogOutput::operator=(LogOutput&& other) noexcept {
  std::swap(name_, other.name_);
  std::swap(fd_, other.fd_);
  std::swap(owned_, other.owned_);
  std::swap(regular_, other.regular_);
  return *this;
}

LogOutput::Written LogOutput::write_some(std::string_view text, Milliseconds wait) {
  if (!regular_) {
    pollfd writable{fd_, POLLOUT, 0};
    const int ready = ::poll(&writable, 1, static_cast<int>(wait.count()));
    if (ready <= 0) return {0, ready == 0 || errno == EINTR ? EAGAIN : errno};
  }
  const std::size_t wanted = whole_lines(text, regular_ ? file_write_bytes_max : pipe_write_bytes_max);
  const ssize_t written = ::write(fd_, text.data(), wanted);
  if (written >= 0) return {static_cast<std::size_t>(written), 0};
  return {0, errno == EINTR || errno == EWOULDBLOCK ? EAGAIN : errno};
}

}  // namespace weir::observe
