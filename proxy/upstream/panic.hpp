// Panic: too few endpoints of an upstream are usable while the others are out for what was seen of them only, not by an
// operator. Then what was seen cannot be trusted, and all of those take requests again: refusing everything, or sending
// everything to the few, would be a certain outage. Endpoints that wait for their first check take requests then, too,
// but where nothing bad was seen of any, as after a start, that is no panic. Pure; any thread; no locks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "upstream/endpoint.hpp"

namespace weir::upstream {

/// Too few: none, or less than this share of those that could be judged. A smaller share would have to carry more than
/// five times its usual load. In upstreams of up to five endpoints one that is left is enough.
inline constexpr std::size_t panic_below_percent = 20;

/// `usable` of so many, the others of which are out for what was seen of them. While a usable backup stands in, the
/// few are those that the operator chose for that.
constexpr bool too_few(std::size_t usable, std::size_t distrusted, bool backup_usable) {
  if (distrusted == 0) return false;
  return usable == 0 || (!backup_usable && usable * 100 < (usable + distrusted) * panic_below_percent);
}

struct Standing {
  std::size_t total = 0, usable = 0;
  std::size_t by_operator = 0;    // drained or disabled
  std::size_t ejected = 0;        // of the others: by passive health
  std::size_t failed_checks = 0;  // of the others: active checks failed
  std::size_t unchecked = 0;      // of the others: no active check has ended well yet

  std::size_t distrusted = 0;  // ejected, failed_checks or both
  bool backup_usable = false;

  bool panic() const { return too_few(usable, distrusted, backup_usable); }
};

Standing standing_of(std::span<const Candidate> candidates);

/// standing_of(candidates).panic().
bool panicking(std::span<const Candidate> candidates);

enum class PanicChange : std::uint8_t { none, began, ended };

/// What was last reported about an upstream. One per upstream, shared by all workers and kept over reloads.
class PanicWatch {
 public:
  /// A change is reported to exactly one of the threads that see it.
  PanicChange observe(bool panic) {
    if (reported_.load(std::memory_order_relaxed) == panic || reported_.exchange(panic) == panic)
      return PanicChange::none;
    return panic ? PanicChange::began : PanicChange::ended;
  }
  /// As last observed: requests go by this, so that a pick need not count.
  bool in_force() const { return reported_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> reported_{false};
};

}  // namespace weir::upstream
