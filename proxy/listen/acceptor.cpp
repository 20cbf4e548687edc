#include "listen/acceptor.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

#include "core/task.hpp"
#include "io/spawn.hpp"

namespace weir::listen {
namespace {

Error listen_error(const SocketAddress& address, const char* step) {
  return self_error(ErrorKind::internal,
                    std::string(step) + " " + address.to_string() + ": " + std::strerror(errno));
}

/// Waits until connections may be waiting.
class Acceptable final : public io::Operation {
 public:
  explicit Acceptable(io::Channel& channel) : channel_(channel) {}
  bool await_ready() { return perform(); }
  void await_suspend(std::coroutine_handle<> waiting) {
    channel_.wait_read(*this, waiting, TimePoint::max());
  }
  void await_resume() const {}
  bool perform() override { return channel_.readable() || channel_.aborted() != io::IoStatus::ok; }
  void fail(io::IoStatus) override {}

 private:
  io::Channel& channel_;
};

}  // namespace

Result<void> check_free(const SocketAddress& address) {
  if (address.port == 0) return {};
  sockaddr_storage storage;
  const socklen_t length = address.to_sockaddr(storage);
  const io::FileDescriptor fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return listen_error(address, "socket for");
  const int on = 1;
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0)
    return listen_error(address, "bind");
  return {};
}

Result<io::FileDescriptor> open_listener(const SocketAddress& address, SocketAddress& bound) {
  sockaddr_storage storage;
  const socklen_t length = address.to_sockaddr(storage);
  io::FileDescriptor fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return listen_error(address, "socket for");
  const int on = 1;
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    return listen_error(address, "SO_REUSEPORT on");
  }
  // [::] listens on IPv6 and IPv4: one listener line serves both.
  const int off = 0;
  if (address.ip.v6) (void)::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0)
    return listen_error(address, "bind");
  if (::listen(fd.get(), backlog) != 0) return listen_error(address, "listen on");
  socklen_t bound_length = sizeof storage;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &bound_length) != 0) {
    return listen_error(address, "name of");
  }
  bound = SocketAddress::from_sockaddr(storage);
  return fd;
}

/// Lives until the loop has seen the stop.
struct Acceptor::State {
  State(io::Reactor& loop, io::FileDescriptor fd, OnAccept accept, int most_per_turn, OnBackoff backoff)
      : reactor(loop),
        channel(loop, std::move(fd)),
        on_accept(std::move(accept)),
        per_turn(most_per_turn),
        on_backoff(std::move(backoff)) {}

  /// Accepts until nothing waits or `most` were taken; false when the descriptors ran out.
  bool accept_some(int most) {
    for (int i = 0; i < most; ++i) {
      sockaddr_storage storage;
      socklen_t length = sizeof storage;
      io::FileDescriptor fd(::accept4(channel.fd(), reinterpret_cast<sockaddr*>(&storage), &length,
                                      SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (fd.valid()) {
        const int on = 1;
        (void)::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        backing_off = false;
        on_accept(std::move(fd), SocketAddress::from_sockaddr(storage));
        continue;
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        channel.drained();
        return true;
      }
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        const int error = errno;
        on_backoff(error, !std::exchange(backing_off, true));
        return false;
      }
      // ECONNABORTED and network errors belong to one connection that is gone already.
    }
    return true;
  }

  /// As accept_some; one connection for which there is no memory does not end the others.
  bool accept_safely() {
    try {
      return accept_some(per_turn);
    } catch (...) {
      io::log_failure("acceptor", std::current_exception());
      return false;
    }
  }

  io::Reactor& reactor;
  io::Channel channel;
  OnAccept on_accept;
  int per_turn;
  OnBackoff on_backoff;
  bool backing_off = false;
};

Task<> Acceptor::run(std::shared_ptr<State> state) {
  while (state->channel.aborted() == io::IoStatus::ok) {
    co_await Acceptable(state->channel);
    if (state->channel.aborted() != io::IoStatus::ok) break;
    const bool going_well = state->accept_safely();
    const TimePoint now = state->reactor.now();
    if (!going_well) {
      co_await io::Sleep(state->reactor, now + accept_pause);
    } else if (state->channel.readable()) {
      co_await io::Yield(state->reactor);
    }
  }
}

Acceptor::Acceptor(io::Reactor& reactor, io::FileDescriptor listening, OnAccept on_accept, int per_turn,
                   OnBackoff on_backoff)
    : state_(std::make_shared<State>(reactor, std::move(listening), std::move(on_accept), per_turn,
                                     std::move(on_backoff))) {
  io::spawn(
      "acceptor", [state = state_] { return run(state); }, [](bool) {});
}

void Acceptor::set_on_accept(OnAccept on_accept, int per_turn) {
  state_->on_accept = std::move(on_accept);
  state_->per_turn = per_turn;
}

Acceptor::~Acceptor() {
  state_->accept_some(backlog);
  state_->channel.abort(io::IoStatus::shutdown);
}

}  // namespace weir::listen
