#include "limit/limiter.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace weir::limit {
namespace {

using Groups = std::array<BucketGroup*, demands_max>;

/// All groups, in one order for every thread.
class Locked {
 public:
  explicit Locked(std::span<BucketGroup* const> groups) : count_(groups.size()) {
    const auto end = std::copy(groups.begin(), groups.end(), groups_.begin());
    if (count_ > 1) std::sort(groups_.begin(), end, std::less<>());
    assert(std::adjacent_find(groups_.begin(), end) == end);
    for (std::size_t i = 0; i < count_; ++i) groups_[i]->lock.lock();
  }
  ~Locked() {
    for (std::size_t i = count_; i-- > 0;) groups_[i]->lock.unlock();
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  Groups groups_;
  const std::size_t count_;
};

/// Returns the slot of the demand's key, if it has one.
unsigned look(Demand& demand, BucketGroup& group, Nanoseconds now) {
  demand.bucket = demand.table->settle(group);
  const unsigned slot = group.find(demand.hash);
  demand.state = slot == BucketGroup::slots ? FullAt{} : group.state(slot);
  demand.has_token = demand.bucket.admits(demand.state, now);
  return slot;
}

void take(Demand& demand, BucketGroup& group, unsigned slot, Nanoseconds now) {
  demand.state = demand.bucket.take(demand.state, now);
  if (slot == BucketGroup::slots) {
    demand.table->insert(group, demand.hash, demand.state, now);
  } else {
    group.set_state(slot, demand.state);
  }
}

}  // namespace

bool take_all(std::span<Demand> demands, Nanoseconds now) {
  assert(demands.size() <= demands_max);
  Groups groups;
  std::array<unsigned, demands_max> slots;
  for (std::size_t i = 0; i < demands.size(); ++i) {
    groups[i] = &demands[i].table->group_of(demands[i].hash);
    __builtin_prefetch(groups[i], 1);
    __builtin_prefetch(groups[i]->blocks[0].full_at_part.data(), 1);  // the second cache line
  }
  bool admitted = true;
  {
    const Locked locked({groups.data(), demands.size()});
    for (std::size_t i = 0; i < demands.size(); ++i) {
      slots[i] = look(demands[i], *groups[i], now);
      admitted = admitted && (demands[i].has_token || demands[i].shadow);
    }
    for (std::size_t i = 0; admitted && i < demands.size(); ++i) {
      if (demands[i].has_token) take(demands[i], *groups[i], slots[i], now);
    }
  }
  if (admitted) {
    for (const Demand& demand : demands) demand.table->trim(now);
  }
  return admitted;
}

}  // namespace weir::limit
