#include "rollout/canary_watch.hpp"

#include <algorithm>

#include "rollout/record.hpp"

namespace weir::rollout {

CanaryWatch::Seen CanaryWatch::look(std::span<const EndpointSight> endpoints) {
  Seen seen;
  const bool is_first = usable_.empty();
  const bool is_begun = !known_.empty();
  std::map<std::string, bool> usable;
  for (const EndpointSight& endpoint : endpoints) {
    seen.is_usable |= endpoint.is_usable;
    const auto before = usable_.find(endpoint.address);
    const bool was_usable = before != usable_.end() && before->second;
    seen.has_restarted |= endpoint.is_usable && !was_usable && !is_first;
    usable[endpoint.address] |= endpoint.is_usable;
    if (before != usable_.end() || std::ranges::find(known_, endpoint.address) != known_.end()) continue;
    if (known_.size() == known_endpoints_max || endpoint.address.size() > address_bytes_max) continue;
    known_.push_back(endpoint.address);
    seen.is_new_deployment |= is_begun;
  }
  // An upstream whose names have no address at the moment has not lost what it was.
  if (!usable.empty()) usable_ = std::move(usable);
  return seen;
}

}  // namespace weir::rollout
