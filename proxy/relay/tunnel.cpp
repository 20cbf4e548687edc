#include "relay/tunnel.hpp"

#include "io/spawn.hpp"
#include "relay/relay_body.hpp"

namespace weir::relay {
namespace {

/// What both directions share.
struct Tunnel {
  Tunnel(io::Reactor& loop, Duration timeout)
      : reactor(loop), idle_timeout(timeout), last_activity(loop.now()) {}
  io::Reactor& reactor;
  Duration idle_timeout;
  TimePoint last_activity;
};

struct Direction {
  BodySource& from;
  BodySink& to;
  std::uint64_t bytes = 0;
  io::IoStatus status = io::IoStatus::ok;
};

/// Passes on what is here. In a frame of its own, which a silent tunnel does not hold. False: the direction is over.
Task<bool> pass_on(Tunnel& tunnel, Direction& direction) {
  BodyBatch batch;
  const WriteBounds bounds{tunnel.idle_timeout};
  do {
    batch.begin({});
    // Bytes without framing cannot be malformed, but the stream that they come on can (HTTP/2).
    if (!direction.from.take(batch)) {
      direction.status = io::IoStatus::reset;
      co_return false;
    }
    if (batch.data_bytes() > 0) {
      const PacedWrite written = co_await write_batch(direction.to, batch, bounds);
      if (!written.ok()) {
        direction.status = written.status;
        co_return false;
      }
      direction.bytes += batch.data_bytes();
      tunnel.last_activity = tunnel.reactor.now();
    }
    if (batch.ended()) {
      direction.to.finish();
      co_return false;
    }
  } while (direction.from.has_more());
  co_return true;
}

Task<> run_direction(Tunnel& tunnel, Direction& direction) {
  for (unsigned rounds = 1;; ++rounds) {
    const bool goes_on = co_await pass_on(tunnel, direction);
    if (!goes_on) co_return;
    if (rounds % rounds_per_turn == 0) co_await io::Yield(tunnel.reactor);
    io::IoResult received;
    if (!direction.from.try_read(received)) {
      const TimePoint idle_end = tunnel.last_activity + tunnel.idle_timeout;
      received = co_await direction.from.wait(idle_end);
      const bool other_side_was_active = received.status == io::IoStatus::timeout &&
                                         tunnel.last_activity + tunnel.idle_timeout > tunnel.reactor.now();
      if (other_side_was_active) continue;
    }
    if (received.ok()) continue;
    if (received.status != io::IoStatus::eof || !direction.from.end_of_stream()) {
      direction.status = received.status;
      co_return;
    }
  }
}

/// Both directions run beside the one that waits for them: neither's failure, want of memory included, may free what
/// the other still uses.
void start_direction(Tunnel& tunnel, Direction& direction, io::Signal& done) {
  io::spawn(
      "tunnel", [&tunnel, &direction] { return run_direction(tunnel, direction); },
      [&direction, &done](bool well) {
        if (!well) direction.status = io::IoStatus::exhausted;
        // A direction that failed takes the other one with it; one that finished lets it run.
        if (direction.status != io::IoStatus::ok) direction.to.abort(direction.status);
        done.set();
      });
}

}  // namespace

Task<TunnelEnd> run_tunnel(TunnelSide client, TunnelSide endpoint, Duration idle_timeout) {
  Tunnel tunnel(client.to.reactor(), idle_timeout);
  Direction up{client.from, endpoint.to};
  Direction down{endpoint.from, client.to};
  io::Signal up_done(tunnel.reactor), down_done(tunnel.reactor);
  start_direction(tunnel, up, up_done);
  start_direction(tunnel, down, down_done);
  co_await down_done;
  co_await up_done;
  TunnelEnd end;
  end.client_bytes = up.bytes;
  end.endpoint_bytes = down.bytes;
  end.status = down.status != io::IoStatus::ok ? down.status : up.status;
  co_return end;
}

}  // namespace weir::relay
