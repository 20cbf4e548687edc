// After an upgrade: bytes both ways, each direction ending on its own (half-close), until both ended or
// nothing moved for the idle timeout. Worker thread.
#pragma once

#include "core/buffer.hpp"
#include "core/task.hpp"
#include "io/stream.hpp"

namespace weir::relay {

struct TunnelEnd {
  std::uint64_t client_bytes = 0;    // from the client
  std::uint64_t endpoint_bytes = 0;  // from the endpoint
  io::IoStatus status =
      io::IoStatus::ok;  // timeout, reset, shutdown, exhausted (memory) ...; ok: both finished
};

/// What was read too early is in the two buffers and is passed on first.
Task<TunnelEnd> run_tunnel(io::Stream& client, ReadBuffer& client_in, io::Stream& endpoint,
                           ReadBuffer& endpoint_in, Duration idle_timeout);

}  // namespace weir::relay
