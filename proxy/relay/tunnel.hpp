// After an upgrade: bytes both ways, each direction ending on its own (half-close), until both ended, nothing moved for
// the idle timeout, or the tunnel is as old as it may get. Worker thread.
#pragma once

#include "core/task.hpp"
#include "relay/body.hpp"

namespace weir::relay {

struct TunnelEnd {
  std::uint64_t client_bytes = 0;    // from the client
  std::uint64_t endpoint_bytes = 0;  // from the endpoint
  io::IoStatus status =
      io::IoStatus::ok;  // timeout, reset, shutdown, exhausted (memory) ...; ok: both finished
  bool too_old = false;  // its time was over; the status is ok where both sides took what was on its way
};

/// One side of a tunnel, which carries bytes without any framing: a source that ends with its stream, and a sink.
struct TunnelSide {
  BodySource& from;
  BodySink& to;
};

struct TunnelBounds {
  Duration idle_timeout{};  // without a byte in either direction, and of a write without progress
  /// From then on nothing more is read of either side: both see an end, as if the other one had ended the tunnel.
  TimePoint ends_at = TimePoint::max();
};

/// What was read too early is in the sources and is passed on first.
Task<TunnelEnd> run_tunnel(TunnelSide client, TunnelSide endpoint, TunnelBounds bounds);

}  // namespace weir::relay
