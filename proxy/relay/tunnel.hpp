// After an upgrade: bytes both ways, each direction ending on its own (half-close), until both ended or
// nothing moved for the idle timeout. Worker thread.
#pragma once

#include "core/task.hpp"
#include "relay/body.hpp"

namespace weir::relay {

struct TunnelEnd {
  std::uint64_t client_bytes = 0;    // from the client
  std::uint64_t endpoint_bytes = 0;  // from the endpoint
  io::IoStatus status =
      io::IoStatus::ok;  // timeout, reset, shutdown, exhausted (memory) ...; ok: both finished
};

/// One side of a tunnel, which carries bytes without any framing: a source that ends with its stream, and a sink.
struct TunnelSide {
  BodySource& from;
  BodySink& to;
};

/// What was read too early is in the sources and is passed on first.
Task<TunnelEnd> run_tunnel(TunnelSide client, TunnelSide endpoint, Duration idle_timeout);

}  // namespace weir::relay
