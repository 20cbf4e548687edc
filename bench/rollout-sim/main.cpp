// bench/rollout-sim: what the policy of rollouts does with traffic whose truth is known, beside two rules that are in
// use. Fails where a bound is missed.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

#include "report.hpp"
#include "simulate/bounds.hpp"

namespace {

using namespace weir;
using namespace weir::sim;

struct Options {
  double scale = 1;  // of the numbers of rollouts
  double step_requests = 5'000;
  std::uint64_t seed = 1;
};

bool rolled_back(const Compared& trial) {
  return trial.rolled_back;
}
bool within_200(const Compared& trial) {
  return trial.rolled_back && trial.canary_requests <= 200;
}
bool flagger_ever(const Compared& trial) {
  return trial.flagger_after.has_value();
}
bool flagger_within_200(const Compared& trial) {
  return trial.flagger_after && *trial.flagger_after <= 200;
}
bool z_ever(const Compared& trial) {
  return trial.z_after.has_value();
}
bool z_within_200(const Compared& trial) {
  return trial.z_after && *trial.z_after <= 200;
}

std::string share(std::size_t part, std::size_t all) {
  return fmt::format("{:.1f} %", 100 * static_cast<double>(part) / static_cast<double>(all));
}

class Simulation {
 public:
  explicit Simulation(const Options& options) : options_(options) {}

  bool run() {
    equal_versions();
    jumps();
    slower();
    sticky_clients();
    shared_outage();
    small_weights();
    few_clients();
    drift();
    return report_.all_hold();
  }

 private:
  /// Steps of 5, 25 and 50 %.
  Scenario usual() const {
    Scenario scenario;
    scenario.requests_per_second = 40;
    scenario.settings.hold = Milliseconds(static_cast<Milliseconds::rep>(1'000 * hold_seconds()));
    return scenario;
  }
  double hold_seconds() const { return options_.step_requests / 40; }

  std::vector<Compared> trials(const Scenario& scenario, std::size_t count) {
    const auto scaled = static_cast<std::size_t>(static_cast<double>(count) * options_.scale);
    return run_compared(scenario, std::max<std::size_t>(scaled, 1), options_.seed * 1000 + ++number_);
  }

  void check_false(const std::vector<Compared>& trials, const std::string& what, double at_most) {
    report_.check(
        {what + ": false rollbacks", count_if(trials, rolled_back), trials.size(), at_most, {}, {}});
    report_.line(fmt::format("         the same of others: Flagger-like {}, z-test {}",
                             share(count_if(trials, flagger_ever), trials.size()),
                             share(count_if(trials, z_ever), trials.size())));
  }

  void equal_versions() {
    report_.heading(fmt::format("Equal versions, steps of {:.0f} requests", options_.step_requests));
    for (const double base : {0.001, 0.01, 0.05, 0.20}) {
      Scenario scenario = usual();
      scenario.world.base = base;
      check_false(trials(scenario, 3'000), fmt::format("{:.1f} % fail", 100 * base), 0.01);
    }
  }

  void jumps() {
    report_.heading("Failures of the canary 5 points more from the start, at 5 %");
    for (const double base : {0.0005, 0.005, 0.01, 0.02}) {
      Scenario scenario = usual();
      scenario.world.base = base;
      scenario.world.jump = 0.05;
      scenario.canary_requests_max = 400;
      const auto found = trials(scenario, base <= 0.005 ? 2'000 : 500);
      const auto late = delays(found);
      Bound bound{fmt::format("{:.2f} % fail: back within 200 canary requests", 100 * base),
                  count_if(found, within_200),
                  found.size(),
                  {},
                  {},
                  {}};
      if (base <= 0.005) bound.lower_at_least = 0.90;
      report_.check(bound);
      report_.line(fmt::format(
          "         canary requests until then: median {:.0f}, p90 {:.0f}; within 200 of others: "
          "Flagger-like {}, z-test {}",
          quantile(late, .5), quantile(late, .9), share(count_if(found, flagger_within_200), found.size()),
          share(count_if(found, z_within_200), found.size())));
    }
  }

  void slower() {
    report_.heading("Times to first byte of the canary 1.5 times as long, at 5 %");
    for (const double sigma : {0.3, 0.5, 0.7, 1.0}) {
      Scenario scenario = usual();
      scenario.world.sigma = sigma;
      scenario.world.canary_slower = 1.5;
      const auto found = trials(scenario, 200);
      const auto late = delays(found);
      Bound bound{
          fmt::format("sigma {}: taken back", sigma), count_if(found, rolled_back), found.size(), {}, {}, {}};
      bound.lower_at_least = 0.95;
      report_.check(bound);
      report_.line(
          fmt::format("         canary requests until then, warm-up included: median {:.0f}, p95 {:.0f}",
                      quantile(late, .5), quantile(late, .95)));
      if (sigma == 0.5 && !found.empty()) report_.line("         " + found.front().sentence);
    }
  }

  void sticky_clients() {
    report_.heading(
        "Clients that stay on their side, heavy-tailed use; 0.3 % of them always fail and are slow");
    Scenario scenario = usual();
    scenario.clients = 4'000;
    scenario.world.base = 0.0005;
    scenario.world.sick_clients = 0.003;
    scenario.settings.by_client = true;
    check_false(trials(scenario, 600), "clients counted", 0.02);
    scenario.settings.by_client = false;
    const auto wrong = trials(scenario, 150);
    report_.line(fmt::format("         if requests were counted: {}",
                             share(count_if(wrong, rolled_back), wrong.size())));
    scenario.settings.by_client = true;
    scenario.world.sick_by_canary = 0.05;
    const auto found = trials(scenario, 400);
    Bound bound{"5 % of clients fail on the canary: taken back",
                count_if(found, rolled_back),
                found.size(),
                {},
                {},
                {}};
    bound.lower_at_least = 0.90;
    report_.check(bound);
    report_.line(fmt::format("         canary requests until then: median {:.0f}, p90 {:.0f}",
                             quantile(delays(found), .5), quantile(delays(found), .9)));
  }

  void shared_outage() {
    report_.heading("An outage of 100 s in which both sides fail 30 %");
    Scenario scenario = usual();
    scenario.world.outage_from = 1.3 * hold_seconds();
    scenario.world.outage_to = scenario.world.outage_from + 100;
    scenario.world.outage_rate = 0.30;
    const auto found = trials(scenario, 600);
    check_false(found, "equal versions", 0.02);
    Bound held{"held for a shared cause, resumed, finished", 0, found.size(), {}, {}, {}};
    held.hits = count_if(found, [](const Compared& trial) {
      return trial.rolled_back || (trial.held_shared_cause && trial.resumed && trial.finished);
    });
    held.lower_at_least = 0.98;
    report_.check(held);
    scenario.world.outage_on_canary = 1.3;
    const auto harder = trials(scenario, 200);
    report_.line(fmt::format("         the canary hit 1.3 times as hard: taken back {}",
                             share(count_if(harder, rolled_back), harder.size())));
  }

  void small_weights() {
    report_.heading("Steps of 1, 10 and 50 %");
    Scenario scenario = usual();
    scenario.settings.steps = {100, 1'000, 5'000, rollout::whole};
    scenario.settings.min_requests = 100;
    check_false(trials(scenario, 600), "0.5 % fail", 0.02);
    scenario.world.jump = 0.05;
    scenario.canary_requests_max = 250;
    const auto found = trials(scenario, 800);
    Bound bound{"5 points more: back within 200 canary requests",
                count_if(found, within_200),
                found.size(),
                {},
                {},
                {}};
    bound.lower_at_least = 0.90;
    report_.check(bound);
  }

  void few_clients() {
    report_.heading("20 clients");
    Scenario scenario = usual();
    scenario.clients = 20;
    scenario.settings.by_client = true;
    const auto found = trials(scenario, 100);
    Bound bound{"held for low traffic, nothing promoted", 0, found.size(), {}, {}, {}};
    bound.hits = count_if(found, [](const Compared& trial) {
      return trial.held_low_traffic && !trial.finished && !trial.rolled_back;
    });
    bound.share_at_least = 0.99;
    report_.check(bound);
    if (!found.empty()) report_.line("         " + found.front().sentence);
  }

  void drift() {
    report_.heading("Failures of both sides that go from 0.5 % to 5 % and back, and times that double");
    Scenario scenario = usual();
    scenario.world.drift_to = 0.05;
    scenario.world.drift_over = 3 * hold_seconds();
    scenario.world.drift_slower = 2;
    check_false(trials(scenario, 600), "equal versions", 0.02);
  }

  Options options_;
  Report report_;
  std::uint64_t number_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("What the policy of rollouts does with simulated traffic; fails where a bound is missed.");
  app.add_option("--scale", options.scale, "Of the numbers of rollouts")->check(CLI::Range(0.001, 1000.0));
  app.add_option("--step-requests", options.step_requests, "Of a step's hold")
      ->check(CLI::Range(5'000.0, 1e6));
  app.add_option("--seed", options.seed);
  CLI11_PARSE(app, argc, argv);
  return Simulation(options).run() ? 0 : 1;
}
