#include "control/file_watch.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "control/watch_points.hpp"
#include "observe/log.hpp"

namespace weir::control {
namespace {

constexpr std::uint32_t entry_events = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
constexpr std::uint32_t directory_events = IN_DELETE_SELF | IN_MOVE_SELF;
constexpr std::size_t event_bytes_max = 16 * 1024;

/// A file that was just made and is still empty: it is closed when it is written.
bool is_being_written(const std::string& path) {
  struct stat entry {};
  return ::lstat(path.c_str(), &entry) == 0 && S_ISREG(entry.st_mode) && entry.st_nlink == 1;
}

}  // namespace

FileWatch::FileWatch(boost::asio::io_context& context, std::function<void()> changed)
    : changed_(std::move(changed)), inotify_(context), settle_(context) {}

Result<void> FileWatch::start() {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return self_error(ErrorKind::internal, std::string("inotify: ") + std::strerror(errno));
  inotify_.assign(fd);
  wait();
  return {};
}

void FileWatch::watch(const std::set<std::string>& paths) {
  std::map<std::string, std::set<std::string>> wanted;
  for (const std::string& path : paths) {
    for (const auto& [directory, name] : watch_points(path)) wanted[directory].insert(name);
  }
  std::map<int, Directory> watched;
  for (auto& [path, names] : wanted) {
    const int watch = ::inotify_add_watch(inotify_.native_handle(), path.c_str(),
                                          entry_events | directory_events | IN_ONLYDIR);
    if (watch < 0) {
      observe::log(config::LogLevel::error, "cannot watch {}: {}", path, std::strerror(errno));
      continue;
    }
    Directory& directory = watched[watch];
    directory.path = path;
    directory.names.merge(names);
  }
  for (const auto& [watch, directory] : directories_) {
    if (!watched.contains(watch)) (void)::inotify_rm_watch(inotify_.native_handle(), watch);
  }
  directories_ = std::move(watched);
}

void FileWatch::wait() {
  inotify_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this](const boost::system::error_code& error) {
                        if (error) return;
                        read_events();
                        wait();
                      });
}

void FileWatch::read_events() {
  alignas(inotify_event) std::array<char, event_bytes_max> buffer;
  bool touched = false;
  for (;;) {
    const ssize_t count = ::read(inotify_.native_handle(), buffer.data(), buffer.size());
    if (count <= 0) break;
    for (ssize_t at = 0; at < count;) {
      const auto& event = *reinterpret_cast<const inotify_event*>(buffer.data() + at);
      touched = touched || matters(event);
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
  if (touched) touch();
}

bool FileWatch::matters(const inotify_event& event) const {
  if ((event.mask & IN_Q_OVERFLOW) != 0) return true;
  const auto directory = directories_.find(event.wd);
  if (directory == directories_.end()) return false;
  if ((event.mask & directory_events) != 0) return true;
  if (event.len == 0 || !directory->second.names.contains(event.name)) return false;
  return (event.mask & IN_CREATE) == 0 || !is_being_written(directory->second.path + '/' + event.name);
}

void FileWatch::touch() {
  const auto now = std::chrono::steady_clock::now();
  if (!settling_) settled_at_latest_ = now + settle_time_max;
  settling_ = true;
  settle_.expires_at(std::min(now + settle_time, settled_at_latest_));
  settle_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    settling_ = false;
    changed_();
  });
}

}  // namespace weir::control
