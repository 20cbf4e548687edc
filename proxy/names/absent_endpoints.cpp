#include "names/absent_endpoints.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "observe/log.hpp"

namespace weir::control {
namespace {

/// How long the states of an upstream's endpoints are kept, by its name: only names can lose an address for a while,
/// an address that leaves the configuration is not meant to come back.
std::map<std::string, Milliseconds> times_kept(const server::Snapshot& snapshot) {
  std::map<std::string, Milliseconds> times;
  for (const server::UpstreamRuntime& upstream : snapshot.upstreams) {
    const config::Upstream& config = *upstream.config;
    const bool has_names =
        std::ranges::any_of(config.endpoints, [](const config::Endpoint& each) { return !each.ip; });
    if (has_names)
      times[config.name] =
          std::max(config.passive_health.max_ejection_time, config.passive_health.ejection_time);
  }
  return times;
}

}  // namespace

void AbsentEndpoints::update(const server::Snapshot& snapshot,
                             const std::vector<std::shared_ptr<upstream::EndpointState>>& known,
                             TimePoint now) {
  std::set<const upstream::EndpointState*> present;
  for (const server::UpstreamRuntime& upstream : snapshot.upstreams) {
    for (const server::EndpointRuntime& endpoint : upstream.endpoints) present.insert(endpoint.state.get());
  }
  const auto times = times_kept(snapshot);
  std::set<const upstream::EndpointState*> over;  // `known` holds them, too
  for (const auto& [state, until] : until_) {
    if (until <= now) over.insert(state.get());
  }
  std::erase_if(until_, [&](const auto& entry) {
    const upstream::EndpointState* const state = entry.first.get();
    return present.contains(state) || over.contains(state) || !times.contains(state->upstream);
  });
  for (const auto& state : known) {
    const auto time = times.find(state->upstream);
    if (time == times.end() || present.contains(state.get()) || over.contains(state.get())) continue;
    until_.try_emplace(state, now + time->second);
  }
  std::size_t forgotten = 0;
  for (; until_.size() > kept_max; ++forgotten)
    until_.erase(std::ranges::min_element(until_, {}, [](const auto& entry) { return entry.second; }));
  if (forgotten != 0) {
    observe::log(
        config::LogLevel::warn,
        "more than {} addresses are missing from the answers of their names: the health of {} is forgotten",
        kept_max, forgotten);
  }
}

}  // namespace weir::control
