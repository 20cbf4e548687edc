// Panic: no endpoint of an upstream is usable, but some are out for what was seen of them only, not by an operator.
// Then what was seen cannot be trusted, and all of those take requests again: refusing everything would be a
// certain outage. Endpoints that wait for their first check take requests then, too, but where nothing bad was seen
// of any, as after a start, that is no panic. Pure; any thread; no locks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "upstream/endpoint.hpp"

namespace weir::upstream {

struct Standing {
  std::size_t total = 0, usable = 0;
  std::size_t by_operator = 0;    // drained or disabled
  std::size_t ejected = 0;        // of the others: by passive health
  std::size_t failed_checks = 0;  // of the others: active checks failed
  std::size_t unchecked = 0;      // of the others: no active check has ended well yet

  bool panic() const { return usable == 0 && ejected + failed_checks != 0; }
};

Standing standing_of(std::span<const Candidate> candidates);

/// standing_of(candidates).panic(), stopping at the first usable endpoint.
bool panicking(std::span<const Candidate> candidates);

enum class PanicChange : std::uint8_t { none, began, ended };

/// What was last told about an upstream. One per upstream, shared by all workers and kept over reloads.
class PanicWatch {
 public:
  /// A change is reported to exactly one of the threads that see it.
  PanicChange observe(bool panic) {
    if (told_.load(std::memory_order_relaxed) == panic || told_.exchange(panic) == panic)
      return PanicChange::none;
    return panic ? PanicChange::began : PanicChange::ended;
  }

 private:
  std::atomic<bool> told_{false};
};

}  // namespace weir::upstream
