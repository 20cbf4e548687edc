// New connections that an overloaded process does not take: the cheapest answer there is, and a close that lets it
// arrive. A plain client gets a 503 that was written beforehand; under TLS an answer would need a handshake, so the
// connection is closed. Most have sent a small request and are closed a moment later; what one sends that is still
// sending then is read and dropped (discard.hpp). Worker thread.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/buffer.hpp"
#include "core/clock.hpp"
#include "core/task.hpp"
#include "io/file_descriptor.hpp"
#include "io/reactor.hpp"
#include "io/stream.hpp"
#include "limit/overload.hpp"
#include "observe/worker_metrics.hpp"
#include "server/snapshot.hpp"

namespace weir::server {

/// Whose bounds and counts a refused connection has.
struct Refused {
  std::shared_ptr<const ListenerRuntime> listener;
  observe::ListenerCounters::Discards* discards = nullptr;
};

class Refusals {
 public:
  /// How many answered connections wait for their close at most, and how long: closing before the client's request was
  /// read would reset the connection, which can overtake the answer.
  static constexpr std::size_t kept_max = 128;
  static constexpr Milliseconds kept_for{1000};

  /// `most`: answered connections that wait for their close or still send. `draining_since`: see
  /// Discard. All have to outlive this.
  Refusals(io::Reactor& reactor, BufferPool& buffers, const TimePoint& draining_since, std::size_t most)
      : reactor_(reactor), buffers_(buffers), draining_since_(draining_since), most_(most) {}

  /// Writes the answers.
  void set_retry_after(Milliseconds retry_after);
  /// Answers (where `answer`) and closes, now or a moment later; `keep`: a moment later may be.
  void refuse(io::FileDescriptor fd, Refused whose, limit::Bound why, bool answer, bool keep);
  /// The same for a client that has as many connections as it may have.
  void refuse_client(io::FileDescriptor fd, Refused whose);
  /// Closes those whose moment is over, but for those that still send.
  void expire(TimePoint now);
  /// Those that still send end with the next turns of the loop.
  void end();
  std::size_t kept() const { return kept_.size(); }
  std::size_t reading() const { return reading_.size(); }

 private:
  struct Kept {
    io::FileDescriptor fd;
    Refused whose;
    TimePoint until;
  };
  void keep(io::FileDescriptor fd, Refused whose);
  void close_oldest();
  Task<> read_on(io::FileDescriptor fd, Refused whose);

  io::Reactor& reactor_;
  BufferPool& buffers_;
  const TimePoint& draining_since_;
  const std::size_t most_;
  std::array<std::string, limit::bound_count> answers_;
  std::deque<Kept> kept_;             // oldest first
  std::vector<io::Stream*> reading_;  // at most half of most_
};

/// The whole answer. RFC 9209 for Proxy-Status.
std::string refusal_text(limit::Bound why, Milliseconds retry_after);
/// The whole answer to a client that has as many connections as limits.connections_per_client allows.
std::string_view client_refusal_text();
/// Sends an answer as far as the socket takes it at once, and no more after it.
void send_refusal(int fd, std::string_view text);

}  // namespace weir::server
