#include "control/rollouts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "control/secret.hpp"
#include "core/stable_hash.hpp"
#include "observe/log.hpp"
#include "rollout/wording.hpp"

namespace weir::control {
namespace {

/// What decides which side a client is on, as a number: another one is another division of the clients.
std::uint64_t sides_mark(const config::ProxyAction& action, const SipKey& key) {
  const config::SplitAffinity& affinity = action.split->affinity;
  return stable_hash(
      key, fmt::format("{} {} {}", static_cast<int>(affinity.by), affinity.header, action.rollout->salt));
}

Error refused(std::string detail) {
  return self_error(ErrorKind::internal, std::move(detail));
}

/// The same settings but for what an operator chose at the start, and what is compared by itself.
bool are_equal(rollout::Settings one, const rollout::Settings& other) {
  one.steps = other.steps;
  one.by_client = other.by_client;
  return one == other;
}

}  // namespace

Result<std::vector<std::string>> Rollouts::open() {
  auto opened = desk_.store.open();
  if (!opened) return opened.error();
  std::vector<std::string> phrases = std::move(opened->problems);
  for (rollout::Saved& saved : opened->saved) {
    const std::string route = saved.record.names.route;
    auto restored = RouteRollout::restore(desk_, std::move(saved), ++last_count_id_);
    if (!restored) {
      phrases.push_back("rollout of route " + route + ": " + restored.error().detail + "; it is forgotten");
      desk_.store.remove(route);
      continue;
    }
    if ((*restored)->is_running()) {
      phrases.push_back(fmt::format("rollout of route {} goes on at {}, step {} of {}", route,
                                    rollout::percent((*restored)->machine().state().share),
                                    (*restored)->machine().state().step + 1,
                                    (*restored)->record().settings.steps.size()));
    }
    by_route_.emplace(route, std::move(*restored));
  }
  return phrases;
}

const config::Route* Rollouts::route_named(std::string_view name) const {
  const auto found = std::ranges::find(config_->routes, name, &config::Route::name);
  return found == config_->routes.end() ? nullptr : &*found;
}

const RouteRollout* Rollouts::find(std::string_view route) const {
  const auto found = by_route_.find(route);
  return found == by_route_.end() ? nullptr : found->second.get();
}

bool Rollouts::is_running(std::string_view route) const {
  const RouteRollout* const found = find(route);
  return found != nullptr && found->is_running();
}

bool Rollouts::is_active() const {
  return is_publish_due_ ||
         std::ranges::any_of(by_route_, [](const auto& each) { return each.second->needs_ticks(); });
}

server::RolloutInForce Rollouts::in_force(const config::Route& route) const {
  const RouteRollout* const found = find(route.name);
  return found == nullptr ? server::RolloutInForce{} : found->in_force(route);
}

void Rollouts::save_all() {
  for (const auto& [name, rollout] : by_route_) {
    if (rollout->needs_ticks()) rollout->save();
  }
}

/// Then what did not wait for the disk is written.
void Rollouts::publish() {
  publish_();
  is_publish_due_ = false;
  for (const auto& [name, rollout] : by_route_) rollout->write_down(*config_);
}

/// The one that is due for the longest time: a tick waits for one file at most.
void Rollouts::save_one() {
  RouteRollout* first = nullptr;
  for (const auto& [name, rollout] : by_route_) {
    if (rollout->needs_ticks() && (first == nullptr || rollout->save_due() < first->save_due()))
      first = rollout.get();
  }
  if (first != nullptr) first->save_when_due();
}

void Rollouts::adopt(std::shared_ptr<const config::Config> config) {
  config_ = std::move(config);
  for (auto it = by_route_.begin(); it != by_route_.end();) {
    RouteRollout& rollout = *it->second;
    const config::Route* const route = route_named(it->first);
    std::string sentence;
    const std::string cause = rollout.is_running() ? end_cause(rollout, route, sentence) : "";
    if (!cause.empty()) rollout.abort(cause, sentence, "weir");
    if (route == nullptr || rollout_of(*route) == nullptr) {
      desk_.store.remove(it->first);
      it = by_route_.erase(it);
      continue;
    }
    if (rollout.is_running()) {
      compare(rollout, *route);
    } else if (!std::ranges::is_permutation(configured_weights(*config_, *route), rollout.record().base)) {
      rollout.give_up_weights();
    }
    ++it;
  }
}

std::string Rollouts::end_cause(const RouteRollout& rollout, const config::Route* route,
                                std::string& sentence) const {
  const rollout::Record& record = rollout.record();
  const auto ends = [&](std::string_view why) {
    sentence = fmt::format("{}: the rollout of {} ends at {}: {}{}", record.names.route, record.names.canary,
                           rollout::percent(rollout.machine().state().share), why,
                           route == nullptr ? "." : ". The weights of the split are in force.");
    return std::string("configuration");
  };
  if (route == nullptr) return ends("the route is gone from the configuration");
  const config::ProxyAction* const action = rollout_of(*route);
  if (action == nullptr) return ends("the route has no `rollout` any more");
  const rollout::Names names = rollout::names_of(*config_, *route);
  const auto name_of = [&](std::size_t target) {
    return config_->upstreams[action->split->targets[target].upstream].name;
  };
  if (names.canary != record.names.canary || names.comparison != record.names.comparison ||
      name_of(action->rollout->stable) != record.stable)
    return ends("its targets are others in the configuration");
  if (!std::ranges::is_permutation(configured_weights(*config_, *route), record.base))
    return ends("the configuration's weights of its split changed");
  return {};
}

/// Of one that goes on.
void Rollouts::compare(RouteRollout& rollout, const config::Route& route) {
  const config::ProxyAction& action = *rollout_of(route);
  const rollout::Record& record = rollout.record();
  rollout.adopt(configured_weights(*config_, route));
  const rollout::Settings settings = rollout::settings_of(action);
  if (!are_equal(settings, record.settings)) {
    observe::log(
        config::LogLevel::warn,
        "rollout of route {}: goes on with the settings that it began with; the next one has those of the "
        "configuration now",
        route.name);
  }
  if (sides_mark(action, record.client_key) == record.sides_mark) return;
  rollout.divide_anew(settings, sides_mark(action, record.client_key));
  rollout.restart("sides",
                  fmt::format("{}: {} begins at its first step again: clients are divided otherwise.",
                              route.name, record.names.canary),
                  ++last_count_id_);
  rollout.write_down(*config_);
}

void Rollouts::tick(std::vector<server::RolloutCounts> counts) {
  if (is_publish_due_) publish();
  is_publish_due_ = true;
  bool is_changed = false;
  for (const auto& [name, rollout] : by_route_) {
    if (!rollout->needs_ticks()) continue;
    is_changed |= rollout->tick(*config_, counts);
    const auto address = rollout->take_new_address();
    if (!address || !rollout->is_running()) continue;
    is_changed |= rollout->restart("new_deployment",
                                   fmt::format("{}: {} begins at its first step again: {} is new there.",
                                               name, rollout->record().names.canary, *address),
                                   ++last_count_id_);
  }
  is_publish_due_ = is_changed;
  if (is_changed) publish();
  save_one();
}

/// Why none can begin now; empty: it can.
std::string Rollouts::refusal(const config::Route& route, const rollout::Settings& settings) const {
  const RouteRollout* const before = find(route.name);
  const rollout::Names names = rollout::names_of(*config_, route);
  if (before != nullptr && before->is_running()) {
    return fmt::format("a rollout runs: {} has {}", names.canary,
                       rollout::percent(before->machine().state().share));
  }
  const config::ProxyAction& action = *rollout_of(route);
  const auto weights = desk_.splits.weights_of(route);
  const auto in_force_now = in_force(route).weights;
  const auto& by_target = in_force_now.empty() ? weights : in_force_now;
  std::uint64_t total = 0;
  for (const std::uint32_t weight : by_target) total += weight;
  const std::uint64_t canary = by_target[action.rollout->canary];
  if (canary * rollout::whole > total * settings.steps.front()) {
    return fmt::format(
        "{} has {} of the traffic already, more than the first step of {}: give it less by `weir split set`, "
        "then start",
        names.canary, rollout::percent(static_cast<rollout::Share>(canary * rollout::whole / total)),
        rollout::percent(settings.steps.front()));
  }
  const auto has_usable = [&](std::string_view upstream) {
    return std::ranges::any_of(desk_.endpoints(upstream), &rollout::EndpointSight::is_usable);
  };
  if (!has_usable(names.canary)) return names.canary + " has no usable endpoint";
  return {};
}

Result<rollout::Record> Rollouts::new_record(const config::Route& route, const RolloutStart& start) const {
  const config::ProxyAction& action = *rollout_of(route);
  rollout::Record record;
  record.names = rollout::names_of(*config_, route);
  record.stable = config_->upstreams[action.split->targets[action.rollout->stable].upstream].name;
  record.base = configured_weights(*config_, route);
  record.settings = rollout::settings_of(action);
  if (!start.steps.empty()) record.settings.steps = start.steps;
  const auto faults = rollout::faults(record.settings);
  if (!faults.empty()) return refused(faults.front());
  if (const std::string why = refusal(route, record.settings); !why.empty()) return refused(why);
  record.id = static_cast<std::uint64_t>(std::max<std::int64_t>(unix_ms(desk_.wall()), 1));
  if (const RouteRollout* const before = find(route.name))
    record.id = std::max(record.id, before->record().id + 1);
  record.keep = start.keep;
  record.who = start.who;
  record.reason = start.reason;
  record.client_key = make_secret();
  record.sides_mark = sides_mark(action, record.client_key);
  return record;
}

Result<void> Rollouts::start(const RolloutStart& start) {
  const config::Route* const route = route_named(start.route);
  if (route == nullptr || rollout_of(*route) == nullptr) return refused("that route has no `rollout`");
  auto record = new_record(*route, start);
  if (!record) return record.error();
  rollout::Rollout machine(record->settings, record->names, desk_.now());
  auto fresh =
      std::make_unique<RouteRollout>(desk_, std::move(*record), std::move(machine), ++last_count_id_);
  if (const RouteRollout* const before = find(start.route)) fresh->go_on_counting(before->counters());
  if (auto begun = fresh->start(); !begun) return begun.error();
  auto& place = by_route_[start.route];
  is_publish_due_ = true;
  place = std::move(fresh);
  publish();
  return {};
}

Result<void> Rollouts::obey(const std::string& route, const RolloutWish& wish) {
  const auto found = by_route_.find(route);
  if (found == by_route_.end()) return refused("no rollout was started");
  const bool was_due = std::exchange(is_publish_due_, true);
  auto done = found->second->obey(*config_, wish);
  is_publish_due_ = was_due || (done && *done);
  if (!done) return done.error();
  if (*done) publish();
  return {};
}

void Rollouts::end_for_weights(const std::string& route, const std::string& who, const std::string& reason) {
  const auto found = by_route_.find(route);
  if (found == by_route_.end()) return;
  if (!found->second->is_running()) return found->second->give_up_weights();
  const rollout::Names& names = found->second->record().names;
  found->second->abort(
      "operator",
      fmt::format("{}: the rollout of {} ends at {}: an operator set the weights.", names.route, names.canary,
                  rollout::percent(found->second->machine().state().share)),
      who, reason);
}

}  // namespace weir::control
