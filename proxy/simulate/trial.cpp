#include "simulate/trial.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>

#include "core/stable_hash.hpp"
#include "split/affinity.hpp"
#include "split/permuted_turn.hpp"

namespace weir::sim {
namespace {

using rollout::Counts;
using rollout::Decision;
using rollout::index;
using rollout::Kind;

class Runner {
 public:
  Runner(const Scenario& scenario, std::uint64_t seed, const std::function<void(const Look&)>& watcher)
      : scenario_(scenario),
        watcher_(watcher),
        traffic_(scenario.world, mix(seed)),
        population_(scenario.clients, scenario.world, traffic_.rng()),
        affinity_(std::to_string(seed), std::vector<std::string_view>{"blue", "green"}),
        turn_key_{traffic_.rng()(), traffic_.rng()()},
        rollout_(scenario.settings, {"api", "green", "blue"}, TimePoint{}) {
    publish();
  }

  Trial run() {
    while (seconds_ < scenario_.seconds_max && !is_done()) tick();
    if (!trial_.rolled_back) trial_.seconds = seconds_;
    trial_.canary_requests = trial_.rolled_back ? trial_.canary_requests : all_.canary;
    return std::move(trial_);
  }

 private:
  bool is_done() const {
    if (scenario_.canary_requests_max != 0) return all_.canary >= scenario_.canary_requests_max;
    return rollout_.is_over();
  }

  /// What a publication of weights does to the split.
  void publish() {
    if (trial_.rolled_back) return;  // a watcher goes on with the canary as it was
    const rollout::Weights weights = rollout_.weights();
    weights_ = {weights.stable, weights.canary};
    split::reduce(weights_);
    turns_ = split::PermutedTurns(turn_key_, weights_);
    for (Population::Member& member : population_.members()) {
      const std::string_view key(reinterpret_cast<const char*>(&member.key), sizeof member.key);
      member.side = affinity_.pick(key, weights_) == 1 ? Side::canary : Side::comparison;
    }
    counts_.publication = rollout_.publication();
    step_ = {};
    is_new_step_ = true;
    step_began_ = seconds_;
  }

  void tick() {
    constexpr double interval = 0.25;
    seconds_ += interval;
    counts_.sides = {};
    counts_.clients.clear();
    due_ += interval * scenario_.requests_per_second;
    for (; due_ >= 1; due_ -= 1) request();
    rollout::Tick tick;
    tick.now = TimePoint{} + std::chrono::milliseconds(static_cast<std::int64_t>(seconds_ * 1000));
    tick.counts = {&counts_, 1};
    if (const auto decision = rollout_.tick(tick)) decided(*decision);
    if (watcher_) watcher_({seconds_, seconds_ - step_began_, all_, step_, is_new_step_});
    is_new_step_ = false;
  }

  void request() {
    Side side = Side::comparison;
    Outcome outcome;
    if (scenario_.clients > 0) {
      const Population::Member& member = population_.draw(traffic_.rng());
      side = member.side;
      outcome = traffic_.next(side, seconds_, member.is_sick, member.is_broken);
      if (scenario_.settings.by_client)
        counts_.clients.push_back({mix(member.key), side, outcome.failed, false, true, outcome.latency});
    } else {
      const std::size_t target = turns_.pick(turn_++);
      side = target == 1 ? Side::canary : Side::comparison;
      outcome = traffic_.next(side, seconds_);
    }
    rollout::SideCounts& counts = counts_.sides[index(side)];
    ++counts.requests;
    if (outcome.failed) ++counts.failed;
    counts.latency.add(outcome.latency);
    for (Seen* const seen : {&all_, &step_}) {
      ++(side == Side::canary ? seen->canary : seen->other);
      if (outcome.failed) ++(side == Side::canary ? seen->canary_failed : seen->other_failed);
    }
  }

  void decided(const Decision& decision) {
    trial_.sentence = decision.sentence;
    if (decision.kind == Kind::rolled_back) {
      trial_.rolled_back = true;
      trial_.canary_requests = all_.canary;
      trial_.canary_clients = decision.canary_clients;
      trial_.seconds = seconds_;
    }
    trial_.finished |= decision.kind == Kind::finished;
    trial_.held_low_traffic |= decision.kind == Kind::held && decision.cause == rollout::Cause::low_traffic;
    trial_.held_shared_cause |= decision.kind == Kind::held && decision.cause == rollout::Cause::shared_cause;
    trial_.resumed |= decision.kind == Kind::resumed;
    if (decision.from != decision.to) publish();
  }

  const Scenario& scenario_;
  const std::function<void(const Look&)>& watcher_;
  Traffic traffic_;
  Population population_;
  split::Affinity affinity_;
  SipKey turn_key_;
  rollout::Rollout rollout_;
  std::array<std::uint32_t, 2> weights_{};
  split::PermutedTurns turns_{turn_key_, weights_};
  std::uint64_t turn_ = 0;
  double seconds_ = 0, step_began_ = 0, due_ = 0;
  Counts counts_;
  Seen all_, step_;
  bool is_new_step_ = true;
  Trial trial_;
};

}  // namespace

Trial run_trial(const Scenario& scenario, std::uint64_t seed,
                const std::function<void(const Look&)>& watcher) {
  return Runner(scenario, seed, watcher).run();
}

std::uint64_t seed_of(std::uint64_t seed, std::size_t i) {
  return mix(seed) + i;
}

void for_each_trial(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 1; i < std::max(std::thread::hardware_concurrency(), 1U); ++i) threads.emplace_back(run);
  run();
}

std::vector<Trial> run_trials(const Scenario& scenario, std::size_t count, std::uint64_t seed) {
  std::vector<Trial> trials(count);
  for_each_trial(count, [&](std::size_t i) { trials[i] = run_trial(scenario, seed_of(seed, i)); });
  return trials;
}

}  // namespace weir::sim
