// How an instance misbehaves from now on, whatever path is asked for, so that what stands in front of it can be watched
// while it fails and comes back. Set by `PUT /fault/...`; one word, so that all loops see it change at once. Any
// thread; depends on nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::origin {

enum class FaultMode : std::uint8_t {
  none,
  status,   // that status, at once
  reset,    // RST once the request was read
  half,     // a head and half of the body it announces, then an orderly close
  cut,      // the same, then RST
  garbage,  // not HTTP
  slow,     // the answer after so many milliseconds
  close,    // ends a kept connection exactly when it is used again
};

struct Fault {
  FaultMode mode = FaultMode::none;
  std::uint32_t value = 0;     // the status, or milliseconds
  std::uint8_t percent = 100;  // of the requests
  bool operator==(const Fault&) const = default;
};

/// What follows `/fault/` in the path (`none`, `status/500`, `slow/200`, `reset` ...) and the query (`percent=50`).
std::optional<Fault> parse_fault(std::string_view words, std::string_view query);

class FaultSwitch {
 public:
  void set(Fault fault) { word_.store(pack(fault), std::memory_order_relaxed); }
  Fault get() const { return unpack(word_.load(std::memory_order_relaxed)); }
  /// What the next request meets: the fault, or none when it is not among its percentage. Which are is scattered,
  /// but the same in each run.
  Fault next();

 private:
  static std::uint64_t pack(Fault fault) {
    return std::uint64_t{fault.value} << 16 | std::uint64_t{fault.percent} << 8 |
           static_cast<std::uint64_t>(fault.mode);
  }
  static Fault unpack(std::uint64_t word) {
    return {static_cast<FaultMode>(word & 0xff), static_cast<std::uint32_t>(word >> 16),
            static_cast<std::uint8_t>(word >> 8 & 0xff)};
  }

  std::atomic<std::uint64_t> word_{pack({})};
  std::atomic<std::uint64_t> asked_{0};
};

}  // namespace weir::origin
