#include "control/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace weir::control {
namespace {

constexpr std::size_t status_bytes_max = 1024;

/// One assignment a line: a status of several lines would be read as several.
std::string status_line(std::string_view text) {
  std::string line = "STATUS=" + std::string(text.substr(0, status_bytes_max));
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

std::uint64_t monotonic_microseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000;
}

}  // namespace

Notifier Notifier::from_environment() {
  const char* const socket = std::getenv("NOTIFY_SOCKET");
  Notifier notifier(socket == nullptr ? "" : socket);
  ::unsetenv("NOTIFY_SOCKET");
  return notifier;
}

bool Notifier::ready(std::string_view status) {
  return send("READY=1\n" + status_line(status));
}

bool Notifier::reloading() {
  return send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_microseconds()));
}

bool Notifier::stopping(std::string_view status) {
  return send("STOPPING=1\n" + status_line(status));
}

bool Notifier::status(std::string_view text) {
  return send(status_line(text));
}

bool Notifier::send(std::string_view message) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool abstract = !socket_.empty() && socket_.front() == '@';
  const bool path = !socket_.empty() && socket_.front() == '/';
  if ((!abstract && !path) || socket_.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (abstract) address.sun_path[0] = '\0';
  // A path ends with its NUL; an abstract name is exactly as long as it is.
  const std::size_t length = offsetof(sockaddr_un, sun_path) + socket_.size() + (path ? 1 : 0);

  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  const ssize_t sent = ::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(length));
  ::close(fd);
  return sent == static_cast<ssize_t>(message.size());
}

}  // namespace weir::control
