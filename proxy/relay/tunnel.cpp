#include "relay/tunnel.hpp"

#include <algorithm>

#include "io/spawn.hpp"
#include "relay/relay_body.hpp"

namespace weir::relay {
namespace {

/// What both directions share.
struct Tunnel {
  Tunnel(io::Reactor& loop, TunnelBounds set) : reactor(loop), bounds(set), last_activity(loop.now()) {}
  io::Reactor& reactor;
  const TunnelBounds bounds;
  TimePoint last_activity;
  bool too_old = false;  // noticed by a direction

  TimePoint silent_until() const {
    return std::min<TimePoint>(last_activity + bounds.idle_timeout, bounds.ends_at);
  }
  bool is_over() const { return reactor.now() >= bounds.ends_at; }
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
  const WriteBounds bounds{tunnel.bounds.idle_timeout, tunnel.bounds.ends_at};
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
  } while (direction.from.has_more() && !tunnel.is_over());
  co_return true;
}

Task<> run_direction(Tunnel& tunnel, Direction& direction) {
  for (unsigned rounds = 1;; ++rounds) {
    const bool goes_on = co_await pass_on(tunnel, direction);
    if (tunnel.is_over()) tunnel.too_old = true;
    if (!goes_on) co_return;
    if (tunnel.too_old) {
      direction.to.finish();
      co_return;
    }
    if (rounds % rounds_per_turn == 0) co_await io::Yield(tunnel.reactor);
    io::IoResult received;
    if (!direction.from.try_read(received)) {
      received = co_await direction.from.wait(tunnel.silent_until());
      const bool timed_out = received.status == io::IoStatus::timeout;
      if (timed_out && (tunnel.is_over() || tunnel.silent_until() > tunnel.reactor.now())) continue;
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

Task<TunnelEnd> run_tunnel(TunnelSide client, TunnelSide endpoint, TunnelBounds bounds) {
  Tunnel tunnel(client.to.reactor(), bounds);
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
  end.too_old = tunnel.too_old;
  co_return end;
}

}  // namespace weir::relay
