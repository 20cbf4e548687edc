#include "rollout/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "core/units.hpp"
#include "rollout/wording.hpp"

namespace weir::rollout {
namespace {

class Faults {
 public:
  template <class Number>
  void range(std::string_view key, Number value, Number min, Number max, std::string (*word)(Number)) {
    if (value >= min && value <= max) return;
    found.push_back(fmt::format("{}: {} is not from {} to {}", key, word(value), word(min), word(max)));
  }
  std::vector<std::string> found;
};

std::string number(std::uint32_t value) {
  return std::to_string(value);
}

void check_steps(const std::vector<Share>& steps, std::vector<std::string>& found) {
  if (steps.empty() || steps.size() > steps_max) {
    found.push_back(fmt::format("steps: {} of them; 1 to {} are possible", steps.size(), steps_max));
    return;
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i] == 0 || steps[i] > whole)
      found.push_back(fmt::format("steps: {} is not above 0 and up to 100 %", percent(steps[i])));
    if (i > 0 && steps[i] <= steps[i - 1])
      found.push_back(fmt::format("steps: {} comes after {}", percent(steps[i]), percent(steps[i - 1])));
  }
  if (steps.front() >= whole)
    found.emplace_back("steps: the first is 100 %, which leaves nothing to compare with");
}

}  // namespace

Settings settings_of(const config::ProxyAction& action) {
  const config::Rollout& rollout = *action.rollout;
  Settings settings;
  settings.steps = rollout.steps;
  settings.hold = rollout.hold;
  settings.max_hold = rollout.max_hold;
  settings.min_requests = rollout.min_requests;
  settings.min_clients = rollout.min_clients;
  settings.warmup = rollout.warmup;
  settings.false_rollback = rollout.false_rollback;
  settings.client_errors = rollout.client_errors;
  settings.latency = rollout.latency;
  settings.tolerate_failures = rollout.tolerate_failures;
  settings.tolerate_latency = rollout.tolerate_latency;
  settings.on_low_traffic = rollout.on_low_traffic;
  settings.on_shared_cause = rollout.on_shared_cause;
  settings.replicas = rollout.replicas;
  settings.by_client = action.split->affinity.by != config::AffinityBy::none;
  settings.has_baseline = rollout.baseline.has_value();
  return settings;
}

Names names_of(const config::Config& config, const config::Route& route) {
  const auto& action = std::get<config::ProxyAction>(route.action);
  const auto name = [&](std::size_t target) {
    return config.upstreams[action.split->targets[target].upstream].name;
  };
  const config::Rollout& rollout = *action.rollout;
  return {route.name, name(rollout.canary), name(rollout.baseline.value_or(rollout.stable))};
}

std::vector<std::string> faults(const Settings& settings) {
  Faults faults;
  check_steps(settings.steps, faults.found);
  faults.range("hold", settings.hold, hold_min, hold_max, format_duration);
  faults.range("max_hold", settings.max_hold, settings.hold, max_hold_max, format_duration);
  faults.range("min_requests", settings.min_requests, 1U, min_units_max, number);
  faults.range("min_clients", settings.min_clients, 1U, min_units_max, number);
  faults.range("warmup", settings.warmup, Milliseconds{0}, warmup_max, format_duration);
  faults.range("false_rollback", settings.false_rollback, false_rollback_min, false_rollback_max, percent);
  faults.range("tolerate.failures", settings.tolerate_failures, 0U, tolerate_failures_max, percent);
  faults.range("tolerate.latency", settings.tolerate_latency, 0U, tolerate_latency_max, number);
  faults.range("replicas", settings.replicas, 1U, replicas_max, number);
  return std::move(faults.found);
}

Weights weights_for(const Settings& settings, Share canary) {
  const Share baseline = settings.has_baseline ? std::min(canary, whole - canary) : 0;
  return {canary, baseline, whole - canary - baseline};
}

Share compared_share(const Settings& settings, Share canary) {
  return settings.has_baseline && canary > 0 && canary <= whole / 2 ? whole / 2 : canary;
}

std::size_t compared_steps(const Settings& settings) {
  return static_cast<std::size_t>(
      std::ranges::count_if(settings.steps, [](Share share) { return share < whole; }));
}

}  // namespace weir::rollout
