#include "control/operator_overrides.hpp"

#include <algorithm>
#include <cassert>

namespace weir::control {
namespace {

/// Any address may be behind a name: of those the port decides.
bool may_have(const config::Config& config, const OperatorOverrides::Place& place) {
  const auto upstream = std::ranges::find(config.upstreams, place.upstream, &config::Upstream::name);
  if (upstream == config.upstreams.end()) return false;
  return std::ranges::any_of(
      upstream->endpoints, [&address = place.address](const config::Endpoint& endpoint) {
        return endpoint.port == address.port && (!endpoint.ip || *endpoint.ip == address.ip);
      });
}

}  // namespace

const OperatorOverride* OperatorOverrides::find(const Place& place) const {
  const auto found = overrides_.find(place);
  return found == overrides_.end() ? nullptr : &found->second;
}

upstream::OperatorState OperatorOverrides::state_of(const Place& place) const {
  const OperatorOverride* const entry = overrides_.empty() ? nullptr : find(place);
  return entry != nullptr ? entry->state : upstream::OperatorState::active;
}

bool OperatorOverrides::has_room_for(const Place& place) const {
  return overrides_.size() < overrides_max || overrides_.contains(place);
}

void OperatorOverrides::set(const Place& place, OperatorOverride entry) {
  assert(has_room_for(place));
  if (entry.state == upstream::OperatorState::active) {
    overrides_.erase(place);
  } else {
    overrides_.insert_or_assign(place, std::move(entry));
  }
}

void OperatorOverrides::put_back(const OperatorOverrides& earlier, const config::Config& config) {
  for (const auto& [place, entry] : earlier.overrides_) {
    if (!may_have(config, place) && has_room_for(place)) overrides_.emplace(place, entry);
  }
}

std::vector<std::pair<OperatorOverrides::Place, OperatorOverride>> OperatorOverrides::forget_gone(
    const config::Config& config) {
  std::vector<std::pair<Place, OperatorOverride>> gone;
  for (auto entry = overrides_.begin(); entry != overrides_.end();) {
    const Place& place = entry->first;
    if (may_have(config, place)) {
      ++entry;
      continue;
    }
    gone.emplace_back(place, std::move(entry->second));
    entry = overrides_.erase(entry);
  }
  return gone;
}

}  // namespace weir::control
