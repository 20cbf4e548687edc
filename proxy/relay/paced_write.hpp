// A write to a side that does not take everything at once: how long it may take nothing, and how slowly it may take.
// Worker thread.
#pragma once

#include <sys/uio.h>

#include <span>

#include "core/task.hpp"
#include "io/stream.hpp"
#include "relay/pace.hpp"

namespace weir::relay {

struct WriteBounds {
  Duration timeout{};                     // without any byte taken; up to an eighth more
  TimePoint deadline = TimePoint::max();  // for all of it
  TakenPace* pace = nullptr;              // any will do
};

struct PacedWrite {
  std::size_t bytes = 0;
  io::IoStatus status = io::IoStatus::ok;
  bool too_slow = false;  // it took some, but less than its pace; the status is timeout
  bool ok() const { return status == io::IoStatus::ok; }
};

/// Writes the rest of `parts` after Stream::try_write left some of it. A side that takes what our kernel holds makes
/// progress, also while there is no room for more.
Task<PacedWrite> write_waiting(io::Stream& target, std::span<iovec> parts, WriteBounds bounds);

}  // namespace weir::relay
