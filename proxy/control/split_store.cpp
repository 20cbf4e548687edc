#include "control/split_store.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <system_error>

#include "control/durable_file.hpp"
#include "core/units.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;
using SystemTime = SplitStore::SystemTime;

json::object to_object(const split::NamedWeights& weights) {
  json::object object;
  for (const auto& [name, weight] : weights) object[name] = weight;
  return object;
}

/// What changed, and why.
json::object audit_facts(std::string_view route, const split::NamedWeights& before,
                         const split::NamedWeights& after, std::string_view reason,
                         std::optional<Milliseconds> ttl) {
  json::object facts{{"route", route}, {"before", to_object(before)}, {"after", to_object(after)}};
  if (!reason.empty()) facts["reason"] = reason;
  if (ttl) facts["ttl"] = format_duration(*ttl);
  return facts;
}

/// `weights`, which are of the same targets, in the order of `model`.
split::NamedWeights in_order_of(const split::NamedWeights& model, const split::NamedWeights& weights) {
  split::NamedWeights ordered;
  for (const auto& [name, ignored] : model) {
    const auto found = std::ranges::find(weights, name, &split::NamedWeights::value_type::first);
    if (found != weights.end()) ordered.push_back(*found);
  }
  return ordered;
}

}  // namespace

const config::Split* split_of(const config::Route& route) {
  const auto* const proxy = std::get_if<config::ProxyAction>(&route.action);
  return proxy != nullptr && proxy->split ? &*proxy->split : nullptr;
}

std::int64_t unix_ms(SystemTime time) {
  return std::chrono::duration_cast<Milliseconds>(time.time_since_epoch()).count();
}

split::NamedWeights configured_weights(const config::Config& config, const config::Route& route) {
  split::NamedWeights weights;
  for (const config::SplitTarget& target : split_of(route)->targets) {
    weights.emplace_back(config.upstreams[target.upstream].name, target.weight);
  }
  return weights;
}

Result<void> SplitStore::open() {
  if (!persistent()) return {};
  if (auto made = make_folder(folder_); !made) return made;
  auto text = read_file(state_file(), split::state_bytes_max);
  if (!text) return text.error();
  if (*text) {
    auto state = split::parse_state(**text);
    if (state) {
      state_ = std::move(*state);
    } else {
      std::error_code ignored;
      std::filesystem::rename(state_file(), state_file() + ".broken", ignored);
      problem_ = state_file() + ": " + state.error().detail + "; set aside as split-state.broken, the " +
                 "configuration's weights are in force";
    }
  }
  // What cannot be written now could not be written later either.
  return save(state_);
}

Result<void> SplitStore::save(const split::State& state) const {
  if (!persistent()) return {};
  return replace_file(state_file(), split::write_state(state));
}

const split::RuntimeWeights* SplitStore::find(std::string_view route) const {
  const auto found = std::ranges::find(state_, route, &split::RuntimeWeights::route);
  return found == state_.end() ? nullptr : &*found;
}

std::vector<std::uint32_t> SplitStore::weights_of(const config::Route& route) const {
  std::vector<std::uint32_t> weights;
  if (const split::RuntimeWeights* entry = find(route.name)) {
    for (const auto& [name, weight] : entry->weights) weights.push_back(weight);
  } else {
    for (const config::SplitTarget& target : split_of(route)->targets) weights.push_back(target.weight);
  }
  return weights;
}

Result<void> SplitStore::set(const config::Config& config, const config::Route& route,
                             const WeightChange& change, SystemTime now) {
  const split::NamedWeights base = configured_weights(config, route);
  const split::RuntimeWeights* const before = find(route.name);
  const split::NamedWeights weights_before = before != nullptr ? before->weights : base;
  split::State next = state_;
  std::erase_if(next, [&](const split::RuntimeWeights& entry) { return entry.route == route.name; });
  if (change.weights != base) {
    if (next.size() == split::state_routes_max)
      return self_error(ErrorKind::internal, "too many routes have weights of their own");
    split::RuntimeWeights entry;
    entry.route = route.name;
    entry.weights = change.weights;
    entry.base = base;
    entry.since_ms = unix_ms(now);
    if (change.ttl) entry.expires_ms = entry.since_ms + change.ttl->count();
    entry.who = change.who;
    entry.reason = change.reason;
    next.push_back(std::move(entry));
  }
  // First what is going to happen, then the change itself: no change goes unrecorded.
  auto recorded =
      audit_.record(now, change.who, "split_set",
                    audit_facts(route.name, weights_before, change.weights, change.reason, change.ttl));
  if (!recorded) return recorded;
  auto saved = save(next);
  if (!saved) {
    (void)audit_.record(
        now, "weir", "split_set_failed",
        audit_facts(route.name, change.weights, weights_before, saved.error().detail, std::nullopt));
    return saved;
  }
  state_ = std::move(next);
  return {};
}

/// What cannot be saved is dropped all the same: it would be dropped again after a restart.
std::vector<std::string> SplitStore::drop(const std::vector<Dropped>& dropped, SystemTime now) {
  std::vector<std::string> phrases;
  if (dropped.empty()) return phrases;
  for (const Dropped& each : dropped) {
    std::erase_if(state_,
                  [&](const split::RuntimeWeights& entry) { return entry.route == each.entry.route; });
    phrases.push_back(each.phrase);
    auto recorded =
        audit_.record(now, "weir", each.action,
                      audit_facts(each.entry.route, each.entry.weights, each.now, each.phrase, std::nullopt));
    if (!recorded) phrases.push_back(recorded.error().detail);
  }
  const auto saved = save(state_);
  if (!saved) phrases.push_back(saved.error().detail);
  return phrases;
}

std::vector<std::string> SplitStore::reconcile(const config::Config& config, SystemTime now) {
  std::vector<Dropped> dropped;
  for (split::RuntimeWeights& entry : state_) {
    const auto route = std::ranges::find(config.routes, entry.route, &config::Route::name);
    if (route == config.routes.end() || split_of(*route) == nullptr) {
      dropped.push_back(
          {entry,
           {},
           "split_route_gone",
           "route " + entry.route + " has no split any more: its weights set at run time are gone"});
      continue;
    }
    const split::NamedWeights configured = configured_weights(config, *route);
    if (std::ranges::is_permutation(configured, entry.base)) {  // the order of the targets changes nothing
      entry.base = configured;
      entry.weights = in_order_of(configured, entry.weights);
      continue;
    }
    dropped.push_back({entry, configured, "split_file_wins",
                       "split of route " + entry.route + ": the configuration's weights changed to " +
                           split::to_string(configured) + " and replace " + split::to_string(entry.weights) +
                           ", set by " + entry.who});
  }
  return drop(dropped, now);
}

std::vector<std::string> SplitStore::expire(SystemTime now) {
  std::vector<Dropped> dropped;
  for (const split::RuntimeWeights& entry : state_) {
    if (entry.expires_ms == 0 || entry.expires_ms > unix_ms(now)) continue;
    dropped.push_back({entry, entry.base, "split_expired",
                       "split of route " + entry.route + ": the time of " + split::to_string(entry.weights) +
                           " is over, back to " + split::to_string(entry.base)});
  }
  return drop(dropped, now);
}

std::optional<SystemTime> SplitStore::next_expiry() const {
  std::optional<SystemTime> next;
  for (const split::RuntimeWeights& entry : state_) {
    const SystemTime end{Milliseconds(entry.expires_ms)};
    if (entry.expires_ms != 0 && (!next || end < *next)) next = end;
  }
  return next;
}

}  // namespace weir::control
