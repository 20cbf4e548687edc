// Listening sockets: one per worker and listener (SO_REUSEPORT), and the loop that accepts from it. When the
// process runs out of descriptors the loop waits a moment and goes on by itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/error.hpp"
#include "core/ip.hpp"
#include "core/task.hpp"
#include "io/channel.hpp"

namespace weir::listen {

inline constexpr int backlog = 4096;              // the kernel caps it at net.core.somaxconn
inline constexpr Milliseconds accept_pause{100};  // after the descriptors ran out

/// Connections that are accepted before those that are open get their turn. A TLS one begins with a handshake, next
/// to which the rest of its life is short: one at a time, so that a crowd of new ones does not hold up all others.
inline constexpr int accepts_per_turn = 64;
inline constexpr int tls_accepts_per_turn = 1;

/// A bound, listening, non-blocking socket with SO_REUSEPORT; `bound` receives the real address (port 0).
/// Errors: internal, with the address and what the kernel said. Any thread.
Result<io::FileDescriptor> open_listener(const SocketAddress& address, SocketAddress& bound);

/// Whether no process listens on `address` yet: with SO_REUSEPORT alone a second process would silently share it.
Result<void> check_free(const SocketAddress& address);

/// Accepts on one listening socket until it is stopped. Worker thread.
class Acceptor {
 public:
  /// Called for each accepted connection: non-blocking, TCP_NODELAY.
  using OnAccept = std::function<void(io::FileDescriptor, const SocketAddress& peer)>;
  /// Called each time that accepting fails for want of descriptors or memory; `first`: since it last worked.
  using OnBackoff = std::function<void(int error, bool first)>;

  /// `per_turn`: connections accepted in one turn of the loop.
  Acceptor(io::Reactor& reactor, io::FileDescriptor listening, OnAccept on_accept, int per_turn,
           OnBackoff on_backoff);
  /// Accepts what is still queued, then closes the socket.
  ~Acceptor();
  void set_on_accept(OnAccept on_accept, int per_turn);

 private:
  struct State;
  static Task<> run(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace weir::listen
