#include "relay/tunnel.hpp"

#include <algorithm>

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
  io::Stream& from;
  ReadBuffer& in;
  io::Stream& to;
  std::uint64_t bytes = 0;
  io::IoStatus status = io::IoStatus::ok;
};

Task<> run_direction(Tunnel& tunnel, Direction& direction) {
  ReadBuffer& in = direction.in;
  for (unsigned rounds = 1;; ++rounds) {
    if (rounds % rounds_per_turn == 0) co_await io::Yield(tunnel.reactor);
    if (!in.empty()) {
      const std::string_view bytes = in.unread();
      iovec part{const_cast<char*>(bytes.data()), bytes.size()};
      const io::IoResult written = co_await direction.to.write_all({&part, 1}, tunnel.idle_timeout);
      if (!written.ok()) {
        direction.status = written.status;
        co_return;
      }
      direction.bytes += bytes.size();
      tunnel.last_activity = tunnel.reactor.now();
      in.consume(bytes.size());
    }
    in.drop();  // a silent tunnel holds no buffer
    for (;;) {
      in.reserve(BufferPool::small_bytes);
      io::IoResult received;
      if (direction.from.try_read(in.free_begin(), in.free_bytes(), received)) {
        if (received.status == io::IoStatus::eof) {
          direction.to.finish_writing();
          co_return;
        }
        if (!received.ok()) {
          direction.status = received.status;
          co_return;
        }
        in.produced(received.bytes);
        break;
      }
      in.drop();
      const io::IoResult waited =
          co_await direction.from.readable(tunnel.last_activity + tunnel.idle_timeout);
      const bool other_side_was_active = waited.status == io::IoStatus::timeout &&
                                         tunnel.last_activity + tunnel.idle_timeout > tunnel.reactor.now();
      if (!waited.ok() && !other_side_was_active) {
        direction.status = waited.status;
        co_return;
      }
    }
  }
}

/// Both directions run beside the one that waits for them: neither's failure, want of memory included, may free what
/// the other still uses.
void start_direction(Tunnel& tunnel, Direction& direction, io::Stream& other, io::Signal& done) {
  io::spawn(
      "tunnel", [&tunnel, &direction] { return run_direction(tunnel, direction); },
      [&direction, &other, &done](bool well) {
        if (!well) direction.status = io::IoStatus::exhausted;
        // A direction that failed takes the other one with it; one that finished lets it run.
        if (direction.status != io::IoStatus::ok) other.channel().abort(direction.status);
        done.set();
      });
}

}  // namespace

Task<TunnelEnd> run_tunnel(io::Stream& client, ReadBuffer& client_in, io::Stream& endpoint,
                           ReadBuffer& endpoint_in, Duration idle_timeout) {
  Tunnel tunnel(client.reactor(), idle_timeout);
  Direction up{client, client_in, endpoint};
  Direction down{endpoint, endpoint_in, client};
  io::Signal up_done(client.reactor()), down_done(client.reactor());
  start_direction(tunnel, up, endpoint, up_done);
  start_direction(tunnel, down, client, down_done);
  co_await down_done;
  co_await up_done;
  TunnelEnd end;
  end.client_bytes = up.bytes;
  end.endpoint_bytes = down.bytes;
  end.status = down.status != io::IoStatus::ok ? down.status : up.status;
  co_return end;
}

}  // namespace weir::relay
