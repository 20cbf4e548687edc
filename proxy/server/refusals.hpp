// New connections that an overloaded process does not take: the cheapest answer there is, and a close that lets it
// arrive. A plain client gets a 503 that was written beforehand; under TLS an answer would need a handshake, so the
// connection is closed. Worker thread.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "io/file_descriptor.hpp"
#include "limit/overload.hpp"

namespace weir::server {

class Refusals {
 public:
  /// How many answered connections wait for their close at most, and how long: closing before the client's request was
  /// read would reset the connection, which can overtake the answer.
  static constexpr std::size_t kept_max = 128;
  static constexpr Milliseconds kept_for{1000};
  static constexpr std::size_t discarded_bytes_max = 64 * 1024;  // of what the client sent

  explicit Refusals(std::size_t most) : most_(most) {}

  /// Writes the answers.
  void set_retry_after(Milliseconds retry_after);
  /// Answers (where `answer`) and closes, now or a moment later; `keep`: a moment later may be.
  void refuse(io::FileDescriptor fd, limit::Bound why, bool answer, bool keep, TimePoint now);
  /// The same for a client that has as many connections as it may have.
  void refuse_client(io::FileDescriptor fd, TimePoint now);
  /// Closes those whose moment is over.
  void expire(TimePoint now);
  std::size_t kept() const { return kept_.size(); }

 private:
  struct Kept {
    io::FileDescriptor fd;
    TimePoint until;
  };
  void keep(io::FileDescriptor fd, TimePoint now);
  void close_oldest();

  const std::size_t most_;
  std::array<std::string, limit::bound_count> answers_;
  std::deque<Kept> kept_;  // oldest first
};

/// The whole answer. RFC 9209 for Proxy-Status.
std::string refusal_text(limit::Bound why, Milliseconds retry_after);
/// The whole answer to a client that has as many connections as limits.connections_per_client allows.
std::string_view client_refusal_text();
/// Sends an answer as far as the socket takes it at once, and no more after it.
void send_refusal(int fd, std::string_view text);

}  // namespace weir::server
