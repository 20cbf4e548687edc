// What a client still sends after its answer, read and dropped. A client that sends on while its connection closes gets
// a reset, which can destroy the answer before it is read; many clients read it only when all is sent. The bounds are
// limits.discard_bytes, discard_min_rate and discard_timeout of the listener, one time each for all of it. Worker
// thread.
#pragma once

#include <cstdint>

#include "config/model.hpp"
#include "core/buffer.hpp"
#include "core/task.hpp"
#include "http1/body.hpp"
#include "io/stream.hpp"
#include "observe/worker_metrics.hpp"
#include "relay/pace.hpp"

namespace weir::server {

class Discard {
 public:
  /// Of a body whose connection would be kept: for more, a new connection is cheaper.
  static constexpr std::uint64_t kept_bytes_max = 1024 * 1024;
  static constexpr std::chrono::seconds rate_window{5};
  static constexpr Milliseconds while_draining{2'000};  // since the later of the answer and the drain's begin
  static constexpr Milliseconds look_interval{1'000};   // at whether a drain has begun

  enum class End : std::uint8_t {
    through,     // the body is read
    unfinished,  // the connection cannot be kept for it; nothing else is wrong
    over,        // the client left, or a bound was reached; counted
  };

  /// `draining_since`: TimePoint::max() until a drain begins. All have to outlive it.
  Discard(io::Stream& stream, ReadBuffer& in, const config::ListenerLimits& limits,
          observe::ListenerCounters::Discards& counts, const TimePoint& draining_since);

  /// What `body` lacks; what is behind it stays in the buffer.
  Task<End> body(http1::BodyDecoder& body);
  /// Everything up to the client's end, of a connection that closes. The stream's own side is ended already.
  Task<> rest();

 private:
  TimePoint deadline() const;
  /// One read into the buffer, or a wait. False: it is over.
  Task<bool> read_more();

  io::Stream& stream_;
  ReadBuffer& in_;
  const config::ListenerLimits& limits_;
  observe::ListenerCounters::Discards& counts_;
  const TimePoint& draining_since_;
  const TimePoint since_;
  relay::Pace pace_;
  std::uint64_t bytes_ = 0;
  unsigned rounds_ = 0;
  bool at_end_ = false;  // the client ended its side
};

}  // namespace weir::server
