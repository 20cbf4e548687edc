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

split::State without(split::State state, std::string_view route) {
  std::erase_if(state, [route](const split::RuntimeWeights& entry) { return entry.route == route; });
  return state;
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

namespace {

/// Whether the configuration has that route, with the weights that it had when `entry` was made.
bool is_of(const config::Config& config, const split::RuntimeWeights& entry) {
  const auto route = std::ranges::find(config.routes, entry.route, &config::Route::name);
  return route != config.routes.end() && split_of(*route) != nullptr &&
         std::ranges::is_permutation(configured_weights(config, *route), entry.base);
}

}  // namespace

Result<void> SplitStore::open() {
  if (!persistent()) return {};
  if (auto made = make_folder(folder_); !made) return made;
  auto state = load(state_file());
  if (!state) return state.error();
  state_ = std::move(*state);
  auto before = load(before_file());
  if (!before) return before.error();
  before_ = std::move(*before);
  // What cannot be written now could not be written later either.
  return save(state_file(), state_);
}

/// What is not whole is set aside.
Result<split::State> SplitStore::load(const std::string& file) {
  auto text = read_file(file, split::state_bytes_max);
  if (!text) return text.error();
  if (!*text) return split::State();
  auto state = split::parse_state(**text);
  if (state) return state;
  std::error_code ignored;
  std::filesystem::rename(file, file + ".broken", ignored);
  const std::string name = std::filesystem::path(file).filename().string();
  problem_ +=
      (problem_.empty() ? "" : "; ") + file + ": " + state.error().detail + "; set aside as " + name +
      ".broken, " +
      (file == state_file() ? "the configuration's weights are in force" : "nothing can be rolled back");
  return split::State();
}

Result<void> SplitStore::save(const std::string& file, const split::State& state) const {
  if (!persistent()) return {};
  return replace_file(file, split::write_state(state));
}

/// A crash between the two files leaves weights that are not changed, and those before them are the same: nothing to
/// roll back.
Result<void> SplitStore::save_change(const split::State& next, const split::State& before) {
  if (auto saved = save(before_file(), before); !saved) return saved;
  auto saved = save(state_file(), next);
  if (!saved) (void)save(before_file(), before_);
  return saved;
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
  split::State next = without(state_, route.name);
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
  split::State next_before = before_;
  if (change.action == "split_rollback") {
    next_before = without(before_, route.name);
  } else if (change.weights != weights_before) {
    next_before = without(before_, route.name);
    split::RuntimeWeights entry;
    entry.route = route.name;
    entry.weights = weights_before;
    entry.base = base;
    entry.since_ms = unix_ms(now);
    if (before != nullptr) entry.expires_ms = before->expires_ms;
    entry.who = change.who;
    if (next_before.size() < split::state_routes_max) next_before.push_back(std::move(entry));
  }
  // First what is going to happen, then the change itself: no change goes unrecorded.
  auto recorded =
      audit_.record(now, change.who, change.action,
                    audit_facts(route.name, weights_before, change.weights, change.reason, change.ttl));
  if (!recorded) return recorded;
  auto saved = save_change(next, next_before);
  if (!saved) {
    (void)audit_.record(
        now, "weir", "split_set_failed",
        audit_facts(route.name, change.weights, weights_before, saved.error().detail, std::nullopt));
    return saved;
  }
  state_ = std::move(next);
  before_ = std::move(next_before);
  return {};
}

std::optional<WeightsBefore> SplitStore::before(const config::Config& config, const config::Route& route,
                                                SystemTime now) const {
  const auto found = std::ranges::find(before_, route.name, &split::RuntimeWeights::route);
  const split::NamedWeights base = configured_weights(config, route);
  if (found == before_.end() || !std::ranges::is_permutation(found->base, base)) return std::nullopt;
  WeightsBefore before{in_order_of(base, found->weights), std::nullopt};
  if (found->expires_ms != 0) {
    const Milliseconds left{found->expires_ms - unix_ms(now)};
    if (left.count() > 0) before.ttl = left;
    if (left.count() <= 0) before.weights = base;
  }
  const split::RuntimeWeights* const entry = find(route.name);
  if (before.weights == (entry != nullptr ? entry->weights : base)) return std::nullopt;
  return before;
}

/// What cannot be saved is dropped all the same: it would be dropped again after a restart.
std::vector<std::string> SplitStore::drop(const std::vector<Dropped>& dropped, SystemTime now) {
  std::vector<std::string> phrases;
  if (dropped.empty()) return phrases;
  for (const Dropped& each : dropped) {
    std::erase_if(state_,
                  [&](const split::RuntimeWeights& entry) { return entry.route == each.entry.route; });
    before_ = without(before_, each.entry.route);
    phrases.push_back(each.phrase);
    auto recorded =
        audit_.record(now, "weir", each.action,
                      audit_facts(each.entry.route, each.entry.weights, each.now, each.phrase, std::nullopt));
    if (!recorded) phrases.push_back(recorded.error().detail);
  }
  const auto saved = save_change(state_, before_);
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
  auto phrases = drop(dropped, now);
  if (std::erase_if(before_, [&](const split::RuntimeWeights& entry) { return !is_of(config, entry); }) == 0)
    return phrases;
  if (const auto saved = save(before_file(), before_); !saved) phrases.push_back(saved.error().detail);
  return phrases;
}

std::vector<std::string> SplitStore::put_back(const split::State& entries, const config::Config& config,
                                              const config::Config& other, SystemTime now) {
  std::vector<std::string> phrases;
  for (const split::RuntimeWeights& entry : entries) {
    const bool over = entry.expires_ms != 0 && entry.expires_ms <= unix_ms(now);
    if (over || !is_of(config, entry) || is_of(other, entry)) continue;
    state_ = without(std::move(state_), entry.route);
    state_.push_back(entry);
    phrases.push_back("split of route " + entry.route + ": " + split::to_string(entry.weights) + ", set by " +
                      entry.who + ", is in force again");
    auto recorded =
        audit_.record(now, "weir", "split_put_back",
                      audit_facts(entry.route, entry.base, entry.weights, phrases.back(), std::nullopt));
    if (!recorded) phrases.push_back(recorded.error().detail);
  }
  if (phrases.empty()) return phrases;
  if (const auto saved = save(state_file(), state_); !saved) phrases.push_back(saved.error().detail);
  return phrases;
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
