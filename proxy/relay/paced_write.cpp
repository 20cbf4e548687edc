#include "relay/paced_write.hpp"

#include <algorithm>

namespace weir::relay {
namespace {

/// The kernel does not say when the other side takes something, so what it took is looked at this often. It is how much
/// later than its bound a side that takes nothing may be ended.
Duration look_interval(Duration timeout, const TakenPace& pace) {
  constexpr int looks_a_timeout = 8;
  return std::min(timeout / looks_a_timeout, pace.look_interval());
}

}  // namespace

Task<PacedWrite> write_waiting(io::Stream& target, std::span<iovec> parts, WriteBounds bounds) {
  const io::Reactor& reactor = target.reactor();
  TakenPace any(0, Duration{});
  TakenPace& pace = bounds.pace != nullptr ? *bounds.pace : any;
  PacedWrite end;
  std::uint64_t taken = target.taken_bytes();
  TimePoint took_last = reactor.now();
  for (;;) {
    const TimePoint before = reactor.now();
    pace.begin_wait(taken);
    const TimePoint until =
        std::min({bounds.deadline, took_last + bounds.timeout, before + look_interval(bounds.timeout, pace)});
    const io::IoResult written = co_await target.write_until(parts, until);
    end.bytes += written.bytes;
    end.status = written.status;
    const TimePoint now = reactor.now();
    const std::uint64_t taken_now = target.taken_bytes();
    if (taken_now > taken || written.bytes > 0) took_last = now;
    taken = taken_now;
    if (!pace.end_wait(taken, now - before)) {
      end.status = io::IoStatus::timeout;
      end.too_slow = true;
      co_return end;
    }
    if (written.status != io::IoStatus::timeout) co_return end;
    if (now >= bounds.deadline || now >= took_last + bounds.timeout) co_return end;
  }
}

}  // namespace weir::relay
