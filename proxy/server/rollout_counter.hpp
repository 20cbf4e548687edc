// How the requests of rollouts ended, as one worker counts them: by rollout, for its present publication, until the
// control thread takes them. Where the unit is the client, requests that say something of theirs are recorded
// (client_filter.hpp). Bounded: of one rollout `clients_max` records between two takes; those past it are left out and
// counted as dropped, as are units that there is no memory for. Worker thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "rollout/counts.hpp"
#include "server/client_filter.hpp"
#include "server/rollout_runtime.hpp"

namespace weir::server {

/// A request that ended. `client` of it counts where the rollout's unit is the client.
using RolloutUnit = rollout::ClientRequest;

struct RolloutCounts {
  std::uint64_t id = 0;  // RolloutRuntime::id
  rollout::Counts counts;
  std::uint64_t dropped = 0;  // records of clients that had no room, units without memory
};

class RolloutCounter {
 public:
  /// 1.5 MiB; taken every 250 ms, that is 262,144 a second.
  static constexpr std::size_t clients_max = 65'536;

  /// Counts a unit. One whose publication is older than what was counted of this rollout is left out; the first of a
  /// newer one replaces what the older has.
  void count(const RolloutRuntime& runtime, const RolloutUnit& unit) noexcept;
  /// What was counted since the last take, an entry for each rollout that had units.
  std::vector<RolloutCounts> take();

  /// None runs: what is left is of those that are over.
  void clear() {
    counts_ = {};
    without_memory_ = 0;
    filter_.reset();
  }

 private:
  /// Null: there is no memory for it.
  RolloutCounts* entry_of(const RolloutRuntime& runtime) noexcept;
  void record(RolloutCounts& entry, const RolloutUnit& unit) noexcept;

  std::vector<RolloutCounts> counts_;     // of those that run: few
  std::uint64_t without_memory_ = 0;      // units that there was no entry for
  std::unique_ptr<ClientFilter> filter_;  // of all of them; none until one counts clients
};

}  // namespace weir::server
