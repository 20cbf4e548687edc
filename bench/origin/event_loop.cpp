#include "event_loop.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

namespace weir::origin {
namespace {

using boost::asio::ip::tcp;

constexpr int listen_backlog = 4096;

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

int checked(int result, const char* what) {
  if (result < 0) throw_errno(what);
  return result;
}

std::string to_text(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

}  // namespace

int open_listener(const std::string& address, std::uint16_t& port) {
  tcp::endpoint endpoint(boost::asio::ip::make_address(address), port);
  const int fd = checked(
      ::socket(endpoint.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
  const int on = 1;
  checked(::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), "SO_REUSEADDR");
  checked(::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), "SO_REUSEPORT");
  checked(::bind(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())), "bind");
  checked(::listen(fd, listen_backlog), "listen");
  socklen_t size = static_cast<socklen_t>(endpoint.capacity());
  checked(::getsockname(fd, endpoint.data(), &size), "getsockname");
  port = endpoint.port();
  return fd;
}

EventLoop::EventLoop(Shared& shared, int listener_fd)
    : shared_(shared),
      listener_fd_(listener_fd),
      epoll_fd_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      stop_fd_(checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")),
      read_buffer_(read_buffer_bytes) {
  watch(listener_fd_, EPOLLIN, false);
  watch(stop_fd_, EPOLLIN, false);
}

EventLoop::~EventLoop() {
  connections_.clear();
  ::close(listener_fd_);
  ::close(stop_fd_);
  ::close(epoll_fd_);
}

void EventLoop::run() {
  std::array<epoll_event, events_per_turn_max> events;
  while (!stopped_) {
    const int count =
        ::epoll_wait(epoll_fd_, events.data(), events_per_turn_max, milliseconds_to_next_timer());
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const int fd = event.data.fd;
      if (fd == listener_fd_) {
        accept_connections();
      } else if (fd == stop_fd_) {
        stopped_ = true;
      } else if (!connections_[static_cast<std::size_t>(fd)]->on_ready(event.events)) {
        destroy(fd);
      }
    }
    run_timers();
  }
}

void EventLoop::stop() {
  const std::uint64_t one = 1;
  while (::write(stop_fd_, &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

void EventLoop::watch(int fd, std::uint32_t events, bool known) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  checked(::epoll_ctl(epoll_fd_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

Timers::iterator EventLoop::wake_after(int fd, std::chrono::milliseconds delay) {
  return timers_.emplace(std::chrono::steady_clock::now() + delay, fd);
}

void EventLoop::accept_connections() {
  for (int i = 0; i < accepts_per_turn_max; ++i) {
    tcp::endpoint peer;
    socklen_t size = static_cast<socklen_t>(peer.capacity());
    const int fd = ::accept4(listener_fd_, peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const auto index = static_cast<std::size_t>(fd);
    if (index >= connections_.size()) connections_.resize(index + 1);
    connections_[index] = std::make_unique<Connection>(*this, shared_, fd, to_text(peer));
  }
}

void EventLoop::run_timers() {
  if (timers_.empty()) return;
  const TimePoint now = std::chrono::steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const int fd = timers_.begin()->second;
    timers_.erase(timers_.begin());
    if (!connections_[static_cast<std::size_t>(fd)]->on_timer()) destroy(fd);
  }
}

int EventLoop::milliseconds_to_next_timer() const {
  if (timers_.empty()) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first - std::chrono::steady_clock::now());
  return left.count() < 0 ? 0 : static_cast<int>(left.count());
}

void EventLoop::destroy(int fd) {
  connections_[static_cast<std::size_t>(fd)].reset();
}

}  // namespace weir::origin
