#include "control/operator_words.hpp"

#include <algorithm>
#include <cassert>

namespace weir::control {
namespace {

/// Any address may be behind a name: of those the port decides.
bool may_have(const config::Upstream& upstream, const SocketAddress& address) {
  return std::ranges::any_of(upstream.endpoints, [&address](const config::Endpoint& endpoint) {
    return endpoint.port == address.port && (!endpoint.ip || *endpoint.ip == address.ip);
  });
}

}  // namespace

const OperatorWord* OperatorWords::find(const Place& place) const {
  const auto found = words_.find(place);
  return found == words_.end() ? nullptr : &found->second;
}

upstream::OperatorState OperatorWords::state_of(const Place& place) const {
  const OperatorWord* const word = words_.empty() ? nullptr : find(place);
  return word != nullptr ? word->state : upstream::OperatorState::active;
}

bool OperatorWords::has_room_for(const Place& place) const {
  return words_.size() < words_max || words_.contains(place);
}

void OperatorWords::set(const Place& place, OperatorWord word) {
  assert(has_room_for(place));
  if (word.state == upstream::OperatorState::active) {
    words_.erase(place);
  } else {
    words_.insert_or_assign(place, std::move(word));
  }
}

std::vector<std::pair<OperatorWords::Place, OperatorWord>> OperatorWords::forget_gone(
    const config::Config& config) {
  std::vector<std::pair<Place, OperatorWord>> gone;
  for (auto entry = words_.begin(); entry != words_.end();) {
    const Place& place = entry->first;
    const auto upstream = std::ranges::find(config.upstreams, place.upstream, &config::Upstream::name);
    if (upstream != config.upstreams.end() && may_have(*upstream, place.address)) {
      ++entry;
      continue;
    }
    gone.emplace_back(place, std::move(entry->second));
    entry = words_.erase(entry);
  }
  return gone;
}

}  // namespace weir::control
