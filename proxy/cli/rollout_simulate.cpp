#include "cli/rollout_simulate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <utility>
#include <vector>

#include "core/units.hpp"
#include "rollout/wording.hpp"
#include "simulate/bounds.hpp"
#include "simulate/trial.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;
using sim::Trial;

constexpr std::uint64_t few_requests = 200;
constexpr double sigma = 0.5;  // of the lognormal times

struct Found {
  std::size_t rolled_back = 0, finished = 0, held = 0, within_few = 0;
  std::vector<double> requests, back_seconds, end_seconds;  // of those that were taken back; that finished
};

Found sum_up(const std::vector<Trial>& trials) {
  Found found;
  for (const Trial& trial : trials) {
    if (trial.rolled_back) {
      ++found.rolled_back;
      if (trial.canary_requests <= few_requests) ++found.within_few;
      found.requests.push_back(static_cast<double>(trial.canary_requests));
      found.back_seconds.push_back(trial.seconds);
    } else if (trial.finished) {
      ++found.finished;
      found.end_seconds.push_back(trial.seconds);
    } else {
      ++found.held;
    }
  }
  return found;
}

sim::Scenario scenario_of(const rollout::Settings& settings, const SimulateOptions& options) {
  constexpr double prolonged = 3;  // times the holds: with what suspicion adds, and shared causes
  sim::Scenario scenario;
  scenario.settings = settings;
  scenario.requests_per_second = options.requests_per_second;
  scenario.world.base = options.base;
  scenario.world.sigma = sigma;
  if (settings.by_client) scenario.clients = options.clients;
  const auto seconds = [](Milliseconds time) { return static_cast<double>(time.count()) / 1'000; };
  const auto steps = static_cast<double>(rollout::compared_steps(settings));
  scenario.seconds_max = steps * seconds(settings.hold) * prolonged + 60;
  if (settings.on_low_traffic != rollout::OnLowTraffic::hold)
    scenario.seconds_max = std::max(scenario.seconds_max, steps * seconds(settings.max_hold) + 60);
  return scenario;
}

std::size_t affordable(const rollout::Settings& settings, const SimulateOptions& options) {
  const double holds = static_cast<double>(rollout::compared_steps(settings)) *
                       static_cast<double>(settings.hold.count()) / 1'000;
  const double each =
      2 * holds * std::max(options.requests_per_second, 4.0);  // equal, worse; a look costs, too
  const auto most = static_cast<std::size_t>(simulated_requests_max / std::max(each, 1.0));
  return std::clamp<std::size_t>(most, 1, options.rollouts);
}

std::string share(std::size_t part, std::size_t all) {
  return rollout::percent_of(part, all);
}

std::string time_text(double seconds) {
  return rollout::how_long(Milliseconds(std::llround(seconds * 1'000)));
}

class Simulation {
 public:
  Simulation(const rollout::Settings& settings, rollout::Names names, const SimulateOptions& options)
      : settings_(settings),
        names_(std::move(names)),
        options_(options),
        count_(affordable(settings, options)) {
    sim::Scenario scenario = scenario_of(settings, options);
    equal_ = sum_up(sim::run_trials(scenario, count_, options.seed));
    // Where clients are the unit, they are what a jump breaks.
    (settings.by_client ? scenario.world.sick_by_canary : scenario.world.jump) = options.jump;
    scenario.world.canary_slower = options.slower;
    worse_ = sum_up(sim::run_trials(scenario, count_, options.seed + 1));
  }

  std::string text() const { return setting() + "\n" + equal() + "\n" + worse(); }

  std::string as_json() const {
    const json::object equal{{"rolled_back", equal_.rolled_back},
                             {"upper_99", sim::upper_99(equal_.rolled_back, count_)},
                             {"limit", settings_.false_rollback / 10'000.0 / settings_.replicas},
                             {"finished", equal_.finished},
                             {"held", equal_.held},
                             {"seconds", quantiles(equal_.end_seconds)}};
    const json::object worse{{"rolled_back", worse_.rolled_back},
                             {"finished", worse_.finished},
                             {"held", worse_.held},
                             {"within_200", worse_.within_few},
                             {"canary_requests", quantiles(worse_.requests)},
                             {"seconds", quantiles(worse_.back_seconds)}};
    return json::serialize(json::object{
               {"route", names_.route}, {"rollouts", count_}, {"equal", equal}, {"worse", worse}}) +
           "\n";
  }

 private:
  static json::object quantiles(const std::vector<double>& values) {
    return {{"p50", sim::quantile(values, .5)},
            {"p90", sim::quantile(values, .9)},
            {"p95", sim::quantile(values, .95)}};
  }

  std::string setting() const {
    std::string steps;
    for (const rollout::Share step : settings_.steps)
      steps += (steps.empty() ? "" : ", ") + rollout::percent(step);
    std::string out = fmt::format("{}: {} compared with {}, steps {}, each held for {}\n", names_.route,
                                  names_.canary, names_.comparison, steps, format_duration(settings_.hold));
    out += fmt::format("{} rollouts each, {:g} requests a second, {:g} % of them fail, seed {}\n", count_,
                       options_.requests_per_second, 100 * options_.base, options_.seed);
    if (settings_.by_client)
      out += fmt::format("a unit is a client; {} of them, with heavy-tailed use\n",
                         rollout::grouped(options_.clients));
    if (count_ < options_.rollouts)
      out +=
          fmt::format("fewer rollouts than {}: so much traffic takes long to simulate\n", options_.rollouts);
    return out;
  }

  std::string equal() const {
    std::string out = "Equal versions\n";
    out +=
        fmt::format("  taken back  {} of {} ({}); of all rollouts fewer than {:.1f} %, with 99 % certainty\n",
                    equal_.rolled_back, count_, share(equal_.rolled_back, count_),
                    100 * sim::upper_99(equal_.rolled_back, count_));
    out +=
        fmt::format("  promised    at most {} of all rollouts\n", rollout::percent(settings_.false_rollback));
    return out + ends(equal_);
  }

  std::string worse() const {
    std::string out = fmt::format("{}: {:g} points more of its {} fail", names_.canary, 100 * options_.jump,
                                  settings_.by_client ? "clients" : "requests");
    if (options_.slower != 1) out += fmt::format(", and it takes {:g} times as long", options_.slower);
    out +=
        fmt::format("\n  taken back  {} of {} ({}), {} of {} within {} canary requests\n", worse_.rolled_back,
                    count_, share(worse_.rolled_back, count_), worse_.within_few, count_, few_requests);
    if (worse_.rolled_back != 0) {
      const auto at = [](const std::vector<double>& values, double part) {
        return sim::quantile(values, part);
      };
      out += fmt::format("  requests    median {:.0f}, p90 {:.0f}, p95 {:.0f} on {} until then\n",
                         at(worse_.requests, .5), at(worse_.requests, .9), at(worse_.requests, .95),
                         names_.canary);
      out += fmt::format("  time        median {}, p90 {}, p95 {}\n", time_text(at(worse_.back_seconds, .5)),
                         time_text(at(worse_.back_seconds, .9)), time_text(at(worse_.back_seconds, .95)));
    }
    return out + ends(worse_);
  }

  std::string ends(const Found& found) const {
    std::string out = fmt::format("  finished    {} of {}", found.finished, count_);
    if (found.finished != 0)
      out += fmt::format(", after {} (median)", time_text(sim::quantile(found.end_seconds, .5)));
    out += "\n";
    if (found.held != 0)
      out += fmt::format("  held        {} of {}: too little traffic, or suspicious\n", found.held, count_);
    return out;
  }

  const rollout::Settings& settings_;
  const rollout::Names names_;
  const SimulateOptions& options_;
  const std::size_t count_;
  Found equal_, worse_;
};

}  // namespace

std::string simulate_rollouts(const rollout::Settings& settings, const rollout::Names& names,
                              const SimulateOptions& options, bool as_json) {
  const Simulation simulation(settings, names, options);
  return as_json ? simulation.as_json() : simulation.text();
}

}  // namespace weir::control
