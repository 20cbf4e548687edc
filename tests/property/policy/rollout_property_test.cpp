// What has to hold of rollouts whatever happens: evidence has expectation 1 when the canary changes nothing, counting
// is the same in any portions, over workers and over restarts, and clients' places are where affinity puts them.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "core/stable_hash.hpp"
#include "rollout/likelihood.hpp"
#include "rollout/state_text.hpp"
#include "split/affinity.hpp"
#include "split/permuted_turn.hpp"
#include "unit/rollout/rig.hpp"

namespace weir::rollout {
namespace {

double uniform(Rng& rng) {
  return static_cast<double>(rng() >> 11) * 0x1p-53;
}

Evidence weigh(const Settings& settings, const std::vector<Period>& periods) {
  return EvidenceSum(settings, periods).with(settings, periods.back());
}

/// Over all 2^12 ways in which 12 failing clients can fall, over periods and steps, weighed by their chances: the mean
/// of each family's evidence is its share, exactly but for rounding.
TEST(RolloutProperty, TheMeanOfEvidenceIsItsShare) {
  Rng rng(41);
  for (int round = 0; round < 20; ++round) {
    Settings settings;
    settings.by_client = true;
    struct Event {
      Chance chance;
      Badness badness;
      std::size_t period;
    };
    std::vector<Event> events;
    for (int i = 0; i < 12; ++i) {
      const Share of = static_cast<Share>(2 + rng() % (whole - 1));
      events.push_back({{static_cast<Share>(1 + rng() % (of - 1)), of},
                        rng() % 2 == 0 ? Badness::half : Badness::full,
                        rng() % 4});
    }
    double mean[2] = {0, 0};
    for (std::uint32_t falls = 0; falls < 1u << events.size(); ++falls) {
      std::vector<Period> periods(4);
      double chance = 1;
      for (std::size_t i = 0; i < events.size(); ++i) {
        const Event& event = events[i];
        const bool there = (falls >> i & 1) != 0;
        const double w = static_cast<double>(event.chance.canary) / event.chance.of;
        chance *= there ? w : 1 - w;
        for (const Signal signal : {Signal::failures, Signal::slow95, Signal::slow50})
          add(periods[event.period].tallies[static_cast<std::size_t>(signal)], event.chance, event.badness, 1,
              there ? 1 : 0);
      }
      for (std::uint32_t i = 0; i < periods.size(); ++i) periods[i].place = i;
      const Evidence evidence = weigh(settings, periods);
      mean[0] += chance * std::exp(evidence.logs[0]);
      mean[1] += chance * std::exp(evidence.logs[1]);
    }
    EXPECT_NEAR(mean[0], family_share(settings, Family::failures), 1e-9);
    EXPECT_NEAR(mean[1], family_share(settings, Family::latency), 1e-9);
  }
}

/// Of permuted turns the mean at a turn that was chosen beforehand is at most that (Hoeffding), whichever turns fail.
TEST(RolloutProperty, PermutedTurnsDoNotRaiseTheMean) {
  Rng rng(42);
  for (const auto& [canary, stable] : {std::pair(1u, 19u), std::pair(1u, 3u), std::pair(1u, 1u)}) {
    const std::vector<std::uint32_t> weights{stable, canary};
    const Share share = whole * canary / (canary + stable);
    for (const double rate : {0.1, 0.5, 1.0}) {
      double mean = 0;
      constexpr int keys = 20'000;
      std::vector<bool> fails(30);
      for (auto&& fail : fails) fail = uniform(rng) < rate;
      for (int i = 0; i < keys; ++i) {
        const split::PermutedTurns turns({rng(), rng()}, weights);
        Tally tally{{share, whole}, Badness::full, 0, 0};
        for (std::uint64_t turn = 0; turn < fails.size(); ++turn) {
          if (!fails[turn]) continue;
          ++tally.events;
          if (turns.pick(turn) == 1) ++tally.on_canary;
        }
        mean += std::exp(log_factor(tally, 2)) / keys;
      }
      EXPECT_LT(mean, 1.03);
    }
  }
}

Counts random_counts(Rng& rng, std::uint32_t publication) {
  Counts counts;
  counts.publication = publication;
  for (std::size_t side = 0; side < side_count; ++side) {
    const std::uint64_t requests = rng() % (side == 0 ? 40 : 4);
    for (std::uint64_t i = 0; i < requests; ++i) {
      ++counts.sides[side].requests;
      if (rng() % 40 == 0) ++counts.sides[side].failed;
      counts.sides[side].latency.add(static_cast<Bucket>(40 + std::countr_zero(rng() | 1u << 20)));
      counts.clients.push_back({mix(rng() % 500 * 2 + side), static_cast<Side>(side), rng() % 40 == 0,
                                rng() % 30 == 0, true, static_cast<Bucket>(40 + rng() % 10)});
    }
  }
  return counts;
}

Settings quick(bool by_client) {
  Settings settings;
  settings.hold = Milliseconds{8'000};
  settings.warmup = Milliseconds{1'000};
  settings.min_requests = 20;
  settings.by_client = by_client;
  return settings;
}

/// Killed and restarted at any tick, a rollout remembers what it knew: all but the last minutes of the comparison side.
TEST(RolloutProperty, ARestartAtAnyTimeKeepsTheEvidence) {
  Rng rng(43);
  for (int round = 0; round < 20; ++round) {
    Rig rig(quick(round % 2 == 0));
    for (int i = 0; i < 120 && !rig.rollout.is_over(); ++i) {
      rig.tick(random_counts(rng, rig.rollout.publication()));
      const std::string text = write_state(rig.rollout.state());
      ASSERT_LE(text.size(), state_bytes_max);
      auto state = parse_state(text);
      ASSERT_TRUE(state) << state.error().detail;
      ASSERT_EQ(*state, rig.rollout.state());
      auto restored = Rollout::restore(rig.settings, rig.names, std::move(*state), rig.now);
      ASSERT_TRUE(restored);
      if (!rig.rollout.is_over()) {
        for (std::size_t family = 0; family < family_count; ++family)
          EXPECT_EQ(restored->evidence().logs[family], rig.rollout.evidence().logs[family]) << i;
      }
      if (rng() % 8 == 0) rig.rollout = std::move(*restored);
    }
  }
}

/// Counts of several workers, given one after another, are those of one worker that had all of the traffic.
TEST(RolloutProperty, CountsOfWorkersAddUp) {
  Rng rng(44);
  Rig one(quick(false)), many(quick(false));
  for (int i = 0; i < 200; ++i) {
    std::vector<Counts> parts(3);
    Counts sum;
    sum.publication = one.rollout.publication();
    for (Counts& part : parts) {
      part = random_counts(rng, sum.publication);
      for (std::size_t side = 0; side < side_count; ++side) {
        sum.sides[side].requests += part.sides[side].requests;
        sum.sides[side].failed += part.sides[side].failed;
        sum.sides[side].latency += part.sides[side].latency;
      }
    }
    one.tick(sum);
    many.now += many.interval;
    Tick tick;
    tick.now = many.now;
    tick.counts = parts;
    many.rollout.tick(tick);
    ASSERT_EQ(one.rollout.state().periods, many.rollout.state().periods);
    ASSERT_EQ(one.rollout.evidence().logs, many.rollout.evidence().logs);
  }
}

/// Where affinity puts clients, step by step up and down, is never against what their places say, and as often on the
/// canary as those say.
TEST(RolloutProperty, PlacesOfClientsAreThoseOfAffinity) {
  for (const bool baseline : {false, true}) {
    Settings settings;
    settings.has_baseline = baseline;
    const std::vector<std::string_view> targets{"blue", "green", "blue-too"};
    const split::Affinity affinity("api", targets);
    Clients clients;
    Rng rng(45);
    double expected = 0, found = 0, variance = 0;
    for (const Share step : {500u, 2'500u, 1'000u, 5'000u, 7'500u, 2'500u}) {
      const Weights weights = weights_for(settings, step);
      const std::vector<std::uint32_t> of{weights.stable, weights.canary, weights.baseline};
      std::array<Tallies, signal_count> tallies;
      for (std::uint64_t client = 0; client < 20'000; ++client) {
        const std::size_t target = affinity.pick(std::to_string(client), of);
        if (baseline && target == 0) continue;
        const Side side = target == 1 ? Side::canary : Side::comparison;
        const auto before = clients.all().find(mix(client));
        if (before != clients.all().end()) {
          const Place& place = before->second.places[0];
          const Share share = compared_share(settings, step);
          const bool is_closed = place.from == place.to;
          EXPECT_TRUE(is_closed || share < place.to || side == Side::canary);
          EXPECT_TRUE(is_closed || share > place.from || side == Side::comparison);
        }
        if (rng() % 3 == 0)
          clients.count({mix(client), side, true, false, false, 0}, compared_share(settings, step), true, {},
                        tallies);
      }
      for (const Tally& tally : tallies[0]) {
        const double w = static_cast<double>(tally.chance.canary) / tally.chance.of;
        const auto events = static_cast<double>(tally.events);
        expected += events * w;
        variance += events * w * (1 - w);
        found += static_cast<double>(tally.on_canary);
      }
      clients.begin_step();
    }
    EXPECT_NEAR(found, expected, 4 * std::sqrt(variance)) << baseline;
  }
}

/// Whatever comes in, in whatever order: no crash, weights always sum to the whole, and what is over stays over.
TEST(RolloutProperty, AnyTrafficAndAnyOperatorLeaveAWholeRoute) {
  Rng rng(46);
  for (int round = 0; round < 60; ++round) {
    Settings settings = quick(round % 2 == 0);
    settings.has_baseline = round % 3 == 0;
    settings.client_errors = round % 5 == 0;
    settings.on_shared_cause = round % 4 == 0 ? OnSharedCause::step_back : OnSharedCause::hold;
    Rig rig(settings);
    std::uint32_t publication = rig.rollout.publication();
    for (int i = 0; i < 400; ++i) {
      rig.interval = Milliseconds{rng() % 50 == 0 ? 30'000 : 250};
      rig.canary_usable = rng() % 9 != 0;
      const bool was_over = rig.rollout.is_over();
      const Share before = rig.rollout.state().share;
      auto decision = rig.tick(random_counts(rng, rig.rollout.publication()));
      Result<Decision> asked = self_error(ErrorKind::internal, "");
      if (rng() % 60 == 0) asked = rig.rollout.hold("");
      if (rng() % 60 == 0) asked = rig.rollout.resume("");
      if (rng() % 200 == 0) asked = rig.rollout.promote({}, "");
      const Weights weights = rig.rollout.weights();
      ASSERT_EQ(weights.canary + weights.baseline + weights.stable, whole);
      if (was_over) {
        ASSERT_FALSE(decision);
        ASSERT_FALSE(asked);
        break;
      }
      ASSERT_TRUE(rig.rollout.state().share == before || rig.rollout.publication() > publication);
      publication = rig.rollout.publication();
      ASSERT_LE(rig.rollout.state().periods.size(), periods_max);
    }
  }
}

}  // namespace
}  // namespace weir::rollout
