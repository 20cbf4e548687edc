// What the kernel alone costs: a relay that reads nothing of what it passes on. Each client connection has one
// connection to an endpoint, the endpoints in turn. One thread, epoll, edge-triggered. A measuring stick for
// bench/compare, not a proxy.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace {

constexpr std::size_t buffer_bytes = 128 * 1024;
constexpr int events_per_wait = 256;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int make_socket() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  return fd;
}

struct Pair;

/// One of the two sockets of a pair; what it sent and the other one did not take waits in `unsent`.
struct Side {
  int fd = -1;
  Pair* pair = nullptr;
  std::string unsent;
};

struct Pair {
  std::array<Side, 2> sides;
  bool dead = false;
  Side& other(const Side& side) { return &side == &sides[0] ? sides[1] : sides[0]; }
};

class Relay {
 public:
  Relay(std::uint16_t port, std::vector<std::uint16_t> endpoints) : endpoints_(std::move(endpoints)) {
    listener_ = make_socket();
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    const sockaddr_in address = loopback(port);
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) fail("bind");
    if (::listen(listener_, 4096) != 0) fail("listen");
    ::fcntl(listener_, F_SETFL, O_NONBLOCK);
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{EPOLLIN, {.ptr = nullptr}};
    if (epoll_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event) != 0) fail("epoll");
  }

  /// Until the process is stopped.
  [[noreturn]] void run() {
    std::array<epoll_event, events_per_wait> events{};
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), events_per_wait, -1);
      for (int i = 0; i < count; ++i) {
        auto* const side = static_cast<Side*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (side == nullptr) {
          accept_all();
        } else if (!side->pair->dead) {
          const auto happened = events[static_cast<std::size_t>(i)].events;
          if (happened & EPOLLOUT) flush(side->pair->other(*side), *side);
          if (happened & ~EPOLLOUT) pass_on(*side);
        }
      }
      for (const auto* pair : dead_) delete pair;
      dead_.clear();
    }
  }

 private:
  void accept_all() {
    for (;;) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (client < 0) return;
      const int endpoint = make_socket();
      const sockaddr_in to = loopback(endpoints_[turn_++ % endpoints_.size()]);
      if (::connect(endpoint, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) fail("connect");
      ::fcntl(endpoint, F_SETFL, O_NONBLOCK);
      auto pair = std::make_unique<Pair>();
      watch(*pair, 0, client);
      watch(*pair, 1, endpoint);
      static_cast<void>(pair.release());  // lives until one of its sockets ends
    }
  }

  void watch(Pair& pair, std::size_t which, int fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    Side& side = pair.sides[which];
    side.fd = fd;
    side.pair = &pair;
    epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = &side}};
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
  }

  /// Sends what `from` left for `to`.
  void flush(Side& from, Side& to) {
    if (from.unsent.empty()) return;
    while (!from.unsent.empty()) {
      const ssize_t sent = ::send(to.fd, from.unsent.data(), from.unsent.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      from.unsent.erase(0, static_cast<std::size_t>(sent));
    }
    if (!from.pair->dead) pass_on(from);
  }

  void pass_on(Side& from) {
    Side& to = from.pair->other(from);
    while (from.unsent.empty()) {
      const ssize_t got = ::recv(from.fd, buffer_.data(), buffer_.size(), 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return end(*from.pair);
      const ssize_t sent = ::send(to.fd, buffer_.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return end(*from.pair);
      if (sent < got) from.unsent.assign(buffer_.data() + (sent < 0 ? 0 : sent), buffer_.data() + got);
      if (static_cast<std::size_t>(got) < buffer_.size()) return;  // a short read emptied it
    }
  }

  void end(Pair& pair) {
    if (pair.dead) return;
    pair.dead = true;
    for (const Side& side : pair.sides) ::close(side.fd);
    dead_.push_back(&pair);  // events of this round may still name it
  }

  std::vector<std::uint16_t> endpoints_;
  std::size_t turn_ = 0;
  int listener_ = -1, epoll_ = -1;
  std::vector<char> buffer_ = std::vector<char>(buffer_bytes);
  std::vector<Pair*> dead_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    CLI::App app{"Relays bytes between clients and endpoints without looking at them."};
    std::uint16_t port = 0;
    std::vector<std::uint16_t> endpoints;
    app.add_option("--port", port, "Loopback port to listen on")->required();
    app.add_option("--endpoint", endpoints, "Loopback port of an endpoint; may be repeated")->required();
    CLI11_PARSE(app, argc, argv);
    Relay(port, endpoints).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "floor: %s\n", error.what());
    return 1;
  }
}
