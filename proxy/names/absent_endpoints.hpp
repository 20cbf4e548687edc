// Endpoints whose address is missing from the answer of its name: a resolver that hands out a part of the addresses in
// turn, or one bad answer, must not make Weir forget that an address is ejected. Their state is held on to for a while,
// so that one that comes back is as it was. Control thread.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include "core/clock.hpp"
#include "server/snapshot.hpp"

namespace weir::control {

class AbsentEndpoints {
 public:
  static constexpr std::size_t kept_max = 4096;  // past it those are forgotten whose time would end first

  /// `known`: states of endpoints that may still be in use. Those that `snapshot` lacks, and whose upstream still has
  /// names, are kept for its max_ejection_time from the first such call on; those that it has are present again.
  void update(const server::Snapshot& snapshot,
              const std::vector<std::shared_ptr<upstream::EndpointState>>& known, TimePoint now);
  std::size_t size() const { return until_.size(); }
  /// It was missing at the latest update.
  bool contains(const std::shared_ptr<upstream::EndpointState>& state) const {
    return until_.contains(state);
  }

 private:
  std::map<std::shared_ptr<upstream::EndpointState>, TimePoint> until_;
};

}  // namespace weir::control
