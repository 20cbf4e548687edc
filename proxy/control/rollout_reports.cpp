#include "control/rollout_reports.hpp"

#include <algorithm>
#include <cmath>

namespace weir::control {
namespace {

using rollout::Phase;
using rollout::Side;

double percent_of_share(rollout::Share share) {
  return share / 100.0;
}

double in_seconds(std::int64_t ms) {
  return static_cast<double>(ms) / 1'000;
}

std::vector<std::string> held_by(const rollout::State& state) {
  std::vector<std::string> held;
  if (state.is_operator_hold) held.emplace_back("operator");
  if (!state.held) return held;
  switch (*state.held) {
    case rollout::Held::shared_cause:
      held.emplace_back("shared_cause");
      break;
    case rollout::Held::suspicious:
      held.emplace_back("suspicious");
      break;
    case rollout::Held::low_traffic:
      held.emplace_back("low_traffic");
      break;
  }
  return held;
}

std::string state_of(const RouteRollout& rollout) {
  if (rollout.record().end == rollout::End::aborted) return "aborted";
  const rollout::State& state = rollout.machine().state();
  if (state.phase == Phase::finished) return "finished";
  if (state.phase == Phase::rolled_back) return "rolled_back";
  return held_by(state).empty() ? "running" : "held";
}

RolloutReport::Side side_of(const rollout::State& state, Side side) {
  const rollout::Totals& totals = state.step_totals[rollout::index(side)];
  RolloutReport::Side shown{
      totals.requests, totals.failed, totals.client_errors, state.clients.seen(side), {}};
  if (const auto bucket = state.step_latency[rollout::index(side)].quantile(95))
    shown.p95_ms = static_cast<double>(rollout::bucket_bound(*bucket).count()) / 1'000;
  return shown;
}

/// Families that are watched, by name and place.
std::vector<std::pair<std::string_view, rollout::Family>> watched(const rollout::Settings& settings) {
  std::vector<std::pair<std::string_view, rollout::Family>> families{{"failures", rollout::Family::failures}};
  if (settings.latency) families.emplace_back("latency", rollout::Family::latency);
  if (settings.client_errors) families.emplace_back("client_errors", rollout::Family::client_errors);
  return families;
}

double evidence_of(const rollout::Rollout& machine, rollout::Family family) {
  constexpr double log_max = 690;  // of what a double holds
  return std::exp(std::min(machine.evidence().logs[static_cast<std::size_t>(family)], log_max));
}

void add_record(RolloutReport& report, const rollout::Record& record) {
  report.canary = record.names.canary;
  report.comparison = record.names.comparison;
  report.stable = record.stable;
  report.steps.clear();
  for (const rollout::Share step : record.settings.steps) report.steps.push_back(percent_of_share(step));
  report.id = record.id;
  report.who = record.who;
  report.reason = record.reason;
  report.started = RolloutReport::SystemTime(Milliseconds(record.id));
  report.keep = record.keep;
  report.by_client = record.settings.by_client;
  report.replicas = record.settings.replicas;
  report.restarts = record.restarts;
  report.min_requests = record.settings.min_requests;
  report.min_clients = record.settings.min_clients;
  for (const rollout::Done& done : record.done) {
    report.done.push_back({done.number, RolloutReport::SystemTime(Milliseconds(done.at_ms)), done.kind,
                           done.cause, percent_of_share(done.from), percent_of_share(done.to),
                           done.sentence});
  }
}

void add_progress(RolloutReport& report, const rollout::Rollout& machine) {
  const rollout::State& state = machine.state();
  const rollout::Settings& settings = machine.settings();
  report.held = held_by(state);
  report.weight_percent = percent_of_share(state.share);
  report.step = state.step + 1;
  report.seconds = in_seconds(state.clocks.rollout_ms);
  report.step_seconds = in_seconds(state.clocks.step_ms);
  report.hold_seconds = in_seconds(state.clocks.hold_ms);
  const std::int64_t hold = settings.hold.count();
  report.hold_of_seconds =
      in_seconds(hold + state.prolongations * hold / static_cast<std::int64_t>(rollout::quarters));
  report.warmup_seconds = in_seconds(state.clocks.warmup_left_ms);
  report.canary_side = side_of(state, Side::canary);
  report.comparison_side = side_of(state, Side::comparison);
  for (const auto& [name, family] : watched(settings))
    report.evidence.push_back({name, evidence_of(machine, family)});
  report.limit = rollout::evidence_limit(settings);
  report.suspicion = rollout::suspicion_limit(settings);
}

}  // namespace

RolloutReport rollout_report(const Rollouts& rollouts, const config::Config& config,
                             const config::Route& route, const std::string& tag) {
  const config::ProxyAction& action = *rollout_of(route);
  RolloutReport report;
  report.route = route.name;
  report.tag = tag;
  const RouteRollout* const found = rollouts.find(route.name);
  if (found == nullptr) {
    const rollout::Names names = rollout::names_of(config, route);
    report.canary = names.canary;
    report.comparison = names.comparison;
    report.stable = config.upstreams[action.split->targets[action.rollout->stable].upstream].name;
    for (const rollout::Share step : action.rollout->steps) report.steps.push_back(percent_of_share(step));
    return report;
  }
  report.state = state_of(*found);
  add_record(report, found->record());
  add_progress(report, found->machine());
  return report;
}

std::vector<RolloutReport> rollout_reports(const Rollouts& rollouts, const config::Config& config,
                                           const std::string& tag) {
  std::vector<RolloutReport> reports;
  for (const config::Route& route : config.routes) {
    if (rollout_of(route) != nullptr) reports.push_back(rollout_report(rollouts, config, route, tag));
  }
  return reports;
}

std::vector<observe::RolloutFacts> rollout_facts(const Rollouts& rollouts, const config::Config& config) {
  std::vector<observe::RolloutFacts> all;
  for (const config::Route& route : config.routes) {
    const RouteRollout* const found = rollouts.find(route.name);
    if (rollout_of(route) == nullptr || found == nullptr) continue;
    observe::RolloutFacts facts;
    facts.route = route.name;
    facts.state = state_of(*found);
    facts.weight_percent = found->is_running() ? percent_of_share(found->machine().state().share) : 0;
    facts.is_running = found->is_running();
    for (const auto& [name, family] : watched(found->machine().settings()))
      facts.evidence.emplace_back(name, evidence_of(found->machine(), family));
    const RolloutCounters& counters = found->counters();
    for (std::size_t i = 0; i < rollout::side_count; ++i) {
      const RolloutCounters::BySide& side = counters.sides[i];
      facts.sides[i] = {side.ok, side.failed, side.client_errors, side.slow};
    }
    for (const auto& [decision, count] : counters.decisions) facts.decisions.emplace_back(decision, count);
    facts.dropped = counters.dropped;
    all.push_back(std::move(facts));
  }
  return all;
}

}  // namespace weir::control
