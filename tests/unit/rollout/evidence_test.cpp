// Evidence: its definition, how few failing units suffice, and since when.
#include "rollout/evidence.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/rng.hpp"
#include "rollout/likelihood.hpp"

namespace weir::rollout {
namespace {

std::size_t at(Signal signal) {
  return static_cast<std::size_t>(signal);
}

Evidence weigh(const Settings& settings, const std::vector<Period>& periods) {
  return EvidenceSum(settings, periods).with(settings, periods.back());
}

/// By the letter, in long double and without logarithms of sums.
long double by_definition(const Settings& settings, const std::vector<Period>& periods, Signal signal) {
  long double begun = 0, sum = 0;
  for (std::size_t i = 0; i < periods.size(); ++i) {
    const double prior = period_prior(compared_steps(settings), periods[i].place);
    begun += prior;
    for (const Ratio& ratio : ratios(signal)) {
      long double factor = 1;
      for (std::size_t e = i; e < periods.size(); ++e) {
        for (const Tally& tally : periods[e].tallies[at(signal)]) {
          const long double w = static_cast<long double>(tally.chance.canary) / tally.chance.of;
          const long double d = 1 + w * (static_cast<long double>(ratio.ratio) - 1);
          const bool full = tally.badness == Badness::full;
          factor *= std::pow(full ? ratio.ratio / d : (1 + ratio.ratio / d) / 2,
                             static_cast<long double>(tally.on_canary));
          factor *= std::pow(full ? 1 / d : (1 + 1 / d) / 2,
                             static_cast<long double>(tally.events - tally.on_canary));
        }
      }
      sum += prior * ratio.prior * factor;
    }
  }
  return 1 - begun + sum;
}

Period random_period(Rng& rng, std::uint32_t place) {
  Period period;
  period.place = place;
  for (Tallies& tallies : period.tallies) {
    for (int i = 0; i < 2; ++i) {
      const std::uint64_t events = rng() % 200;
      const Chance chance{static_cast<Share>(100 + rng() % 5'000), whole};
      add(tallies, chance, rng() % 2 == 0 ? Badness::half : Badness::full, events,
          events == 0 ? 0 : rng() % (events / 4 + 1));
    }
  }
  return period;
}

TEST(RolloutEvidence, IsItsDefinition) {
  Rng rng(31);
  for (int round = 0; round < 300; ++round) {
    Settings settings;
    settings.client_errors = round % 2 == 0;
    settings.by_client = round % 3 == 0;
    std::vector<Period> periods;
    const std::size_t count = 1 + rng() % 14;
    for (std::size_t i = 0; i < count; ++i)
      periods.push_back(random_period(rng, static_cast<std::uint32_t>(i)));
    const Evidence evidence = weigh(settings, periods);
    const long double shares[family_count] = {
        by_definition(settings, periods, Signal::failures),
        slow95_share * by_definition(settings, periods, Signal::slow95) +
            slow50_share * by_definition(settings, periods, Signal::slow50),
        by_definition(settings, periods, Signal::client_errors)};
    for (std::size_t i = 0; i < family_count; ++i) {
      const double share = family_share(settings, static_cast<Family>(i)) / allowance(settings);
      if (share == 0) continue;
      EXPECT_NEAR(evidence.logs[i], static_cast<double>(std::log(share * shares[i])), 1e-10) << round;
    }
  }
}

TEST(RolloutEvidence, NothingSeenIsItsShareOfOne) {
  Settings settings;
  settings.by_client = true;
  const Evidence evidence = weigh(settings, {Period{}});
  EXPECT_NEAR(evidence.value(), family_share(settings, Family::failures), 1e-12);
}

TEST(RolloutEvidence, OneThatIsNotWatchedNeverCounts) {
  Settings settings;
  settings.latency = false;
  std::vector<Period> periods{Period{}};
  add(periods[0].tallies[at(Signal::slow95)], {500, whole}, Badness::full, 100, 100);
  EXPECT_LT(weigh(settings, periods).value(), 1);
}

/// So many failing units of the canary suffice while none fails elsewhere.
std::uint64_t suffice(Share share, std::uint32_t place, bool by_client) {
  Settings settings;
  settings.by_client = by_client;
  for (std::uint64_t failing = 1;; ++failing) {
    std::vector<Period> periods{Period{}};
    if (place != 0) periods.emplace_back().place = place;
    add(periods.back().tallies[at(Signal::failures)], {share, whole}, Badness::full, failing, failing);
    if (weigh(settings, periods).value() >= evidence_limit(settings)) return failing;
  }
}

TEST(RolloutEvidence, AFewFailingUnitsSuffice) {
  EXPECT_EQ(suffice(100, 0, true), 2u);
  EXPECT_EQ(suffice(500, 0, true), 3u);
  EXPECT_EQ(suffice(1'000, 0, true), 4u);
  EXPECT_EQ(suffice(2'500, 0, true), 6u);
  EXPECT_EQ(suffice(5'000, 0, true), 10u);
  for (const Share share : {100u, 500u, 1'000u, 2'500u, 5'000u}) {
    EXPECT_LE(suffice(share, 0, false), suffice(share, 0, true) + 1);
    EXPECT_LE(suffice(share, 7, true), suffice(share, 0, true) + 3);
  }
}

TEST(RolloutEvidence, EachOfSeveralReplicasHasItsShareOfTheRate) {
  Settings settings;
  EXPECT_DOUBLE_EQ(evidence_limit(settings), 100);
  EXPECT_DOUBLE_EQ(suspicion_limit(settings), 10);
  settings.replicas = 3;
  EXPECT_DOUBLE_EQ(evidence_limit(settings), 300);
  settings.replicas = 1;
  settings.false_rollback = 500;
  EXPECT_DOUBLE_EQ(evidence_limit(settings), 20);
}

TEST(RolloutEvidence, KnowsSinceWhen) {
  std::vector<Period> periods;
  for (std::uint32_t i = 0; i < 6; ++i) {
    periods.emplace_back().place = i;
    // As often as on the other side, then ten times as often.
    add(periods.back().tallies[at(Signal::failures)], {500, whole}, Badness::full, 200, i < 4 ? 10 : 60);
  }
  EXPECT_EQ(leading_period(periods, Family::failures), 4u);
}

TEST(RolloutEvidence, AGoodPastDrownsNothing) {
  const Settings settings;
  std::vector<Period> periods{Period{}};
  add(periods[0].tallies[at(Signal::failures)], {500, whole}, Badness::full, 2'000,
      40);  // better than the other side
  periods.emplace_back().place = 1;
  add(periods[1].tallies[at(Signal::failures)], {500, whole}, Badness::full, 8, 6);
  EXPECT_GE(weigh(settings, periods).value(), evidence_limit(settings));
}

TEST(RolloutEvidence, HugeCountsStayFinite) {
  const Settings settings;
  std::vector<Period> periods{Period{}};
  add(periods[0].tallies[at(Signal::failures)], {100, whole}, Badness::full, 1'000'000'000, 1'000'000'000);
  add(periods[0].tallies[at(Signal::slow95)], {100, whole}, Badness::full, 1'000'000'000, 0);
  const Evidence evidence = weigh(settings, periods);
  EXPECT_TRUE(std::isfinite(evidence.value()));
  EXPECT_EQ(evidence.strongest, Family::failures);
}

}  // namespace
}  // namespace weir::rollout
