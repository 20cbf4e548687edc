// Who is asked at all: backups, zones, endpoints that are full.
#include <gtest/gtest.h>

#include "balance/zones.hpp"
#include "core/rng.hpp"
#include "unit/balance/choosing.hpp"

namespace weir::balance {
namespace {

using std::chrono::seconds;

class Tiers : public testing::Test {
 protected:
  Pick pick(Endpoints& endpoints, std::uint64_t excluded = 0, TimePoint now = time_zero) {
    config::Upstream upstream;
    upstream.balance = policy;
    const Rules rules(upstream, endpoints.candidates());
    PickRequest request = asking(now, excluded);
    request.random = rng_();
    request.key = key != 0 ? key : rng_();
    return acquire(rules, shared_, endpoints.candidates(), request);
  }
  std::vector<int> served(Endpoints& endpoints, int picks = 3000) {
    std::vector<int> counts(endpoints.size());
    for (int i = 0; i < picks; ++i) {
      const Pick picked = pick(endpoints);
      ++counts[picked.index];
      release(endpoints[picked.index]);
    }
    return counts;
  }

  config::Balance policy = config::Balance::random_two;
  std::uint64_t key = 0;
  Shared shared_;
  Rng rng_{5};
};

TEST_F(Tiers, RulesSayWhatIsThere) {
  Endpoints endpoints({1, 1});
  const config::Upstream upstream;
  EXPECT_FALSE(Rules(upstream, endpoints.candidates()).backups);
  EXPECT_FALSE(Rules(upstream, endpoints.candidates()).zones);
  EXPECT_FALSE(Rules(upstream, endpoints.candidates()).limits);
  endpoints.candidate(0).local = endpoints.candidate(1).local = false;
  EXPECT_FALSE(Rules(upstream, endpoints.candidates()).zones) << "none is local";
  endpoints.candidate(0).local = true;
  endpoints.candidate(1).backup = true;
  endpoints.candidate(1).max_connections = 1;
  EXPECT_TRUE(Rules(upstream, endpoints.candidates()).backups);
  EXPECT_TRUE(Rules(upstream, endpoints.candidates()).zones);
  EXPECT_TRUE(Rules(upstream, endpoints.candidates()).limits);
}

TEST_F(Tiers, BackupsRestWhileAPrimaryIsUsable) {
  Endpoints endpoints({1, 1, 1});
  endpoints.candidate(2).backup = true;
  EXPECT_EQ(served(endpoints)[2], 0);
  endpoints.eject(0, time_zero);
  EXPECT_EQ(served(endpoints)[1], 3000);
  endpoints.put_out(1, upstream::out_drain);
  const Pick picked = pick(endpoints);
  EXPECT_EQ(picked.index, 2u);
  EXPECT_TRUE(picked.primaries_out);
  EXPECT_FALSE(picked.panic);
  endpoints.put_out(1, 0);
  const Pick back = pick(endpoints);
  EXPECT_EQ(back.index, 1u);
  EXPECT_FALSE(back.primaries_out);
}

TEST_F(Tiers, ARetryMayGoToABackup) {
  Endpoints endpoints({1, 1});
  endpoints.candidate(1).backup = true;
  const Pick picked = pick(endpoints, 0b01);
  EXPECT_EQ(picked.index, 1u);
  EXPECT_FALSE(picked.primaries_out) << "the primary is fine, as far as is known";
}

TEST_F(Tiers, ABackupIsProbedOnlyWhenNeeded) {
  Endpoints endpoints({1, 1});
  endpoints.candidate(1).backup = true;
  endpoints.eject(1, time_zero);
  const TimePoint due = time_zero + seconds(31);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(pick(endpoints, 0, due).index, 0u);
  endpoints.eject(0, due);
  const Pick probe = pick(endpoints, 0, due);
  EXPECT_EQ(probe.index, 1u);
  EXPECT_TRUE(probe.ticket.probe);
}

TEST_F(Tiers, InPanicBackupsShareToo) {
  Endpoints endpoints({1, 1});
  endpoints.candidate(1).backup = true;
  endpoints.eject(0, time_zero);
  endpoints.eject(1, time_zero);
  const auto counts = served(endpoints);
  EXPECT_GT(counts[0], 1000);
  EXPECT_GT(counts[1], 1000);
}

TEST_F(Tiers, AFullEndpointIsLeftAlone) {
  Endpoints endpoints({1, 1});
  for (const auto each :
       {config::Balance::least_connections, config::Balance::round_robin, config::Balance::random_two,
        config::Balance::least_latency, config::Balance::hash}) {
    policy = each;
    endpoints.candidate(0).max_connections = 2;
    endpoints.candidate(1).max_connections = 3;
    std::vector<std::size_t> held;
    held.reserve(5);
    for (int i = 0; i < 5; ++i) held.push_back(pick(endpoints).index);
    EXPECT_EQ(endpoints.loads(), (std::vector<std::uint32_t>{2, 3}));
    const Pick sixth = pick(endpoints);
    EXPECT_EQ(sixth.index, none);
    EXPECT_TRUE(sixth.full);
    release(endpoints[0]);
    EXPECT_EQ(pick(endpoints).index, 0u);
    for (const std::size_t index : held) release(endpoints[index]);
  }
}

TEST_F(Tiers, FullPrimariesAreWaitedFor) {
  Endpoints endpoints({1, 1});
  endpoints.candidate(0).max_connections = 1;
  endpoints.candidate(1).backup = true;
  pick(endpoints);
  const Pick second = pick(endpoints);
  EXPECT_EQ(second.index, none);
  EXPECT_TRUE(second.full);
}

TEST_F(Tiers, InPanicFirstTriesAreSpreadAndFurtherOnesGoWhereSomethingWorks) {
  Endpoints endpoints(std::vector<std::uint32_t>(10, 1));
  for (std::size_t i = 1; i < 10; ++i) endpoints.eject(i, time_zero);
  EXPECT_EQ(served(endpoints)[0], 3000) << "not noticed yet";
  shared_.panic.observe(true);
  const auto counts = served(endpoints);
  for (const int count : counts) EXPECT_GT(count, 150);
  const Pick first = pick(endpoints);
  EXPECT_TRUE(first.panic);
  const Pick retry = pick(endpoints, 1U << 5);
  EXPECT_EQ(retry.index, 0u);
  EXPECT_FALSE(retry.panic);
}

TEST_F(Tiers, PanicThatIsOverButNotNoticedIsNone) {
  Endpoints endpoints({1, 1, 1});
  endpoints.eject(1, time_zero);
  endpoints.put_out(2, upstream::out_drain);
  shared_.panic.observe(true);
  EXPECT_EQ(served(endpoints)[0], 3000);
  EXPECT_FALSE(pick(endpoints).panic);
}

TEST_F(Tiers, InPanicAnOperatorsWordHolds) {
  Endpoints endpoints(std::vector<std::uint32_t>(7, 1));
  for (std::size_t i = 1; i < 7; ++i) endpoints.eject(i, time_zero);
  endpoints.put_out(1, upstream::out_disabled);
  shared_.panic.observe(true);
  EXPECT_EQ(served(endpoints)[1], 0);
}

TEST_F(Tiers, PanicKeepsToTheLimits) {
  Endpoints endpoints({1});
  endpoints.candidate(0).max_connections = 1;
  endpoints.eject(0, time_zero);
  EXPECT_TRUE(pick(endpoints).panic);
  EXPECT_TRUE(pick(endpoints).full);
}

TEST_F(Tiers, AProbeWaitsForAPlace) {
  Endpoints endpoints({1, 1});
  endpoints.candidate(0).max_connections = 1;
  endpoints[0].in_flight = 1;
  endpoints.eject(0, time_zero);
  const TimePoint due = time_zero + seconds(31);
  EXPECT_EQ(pick(endpoints, 0, due).index, 1u);
  EXPECT_EQ(endpoints[0].health.state(), health::State::ejected);
  release(endpoints[0]);
  EXPECT_TRUE(pick(endpoints, 0, due).ticket.probe);
}

class Zones : public Tiers {
 protected:
  /// Ten local ones and five elsewhere.
  Zones() : endpoints(std::vector<std::uint32_t>(15, 2)) {
    for (std::size_t i = 10; i < 15; ++i) endpoints.candidate(i).local = false;
  }
  double local_share() {
    const auto counts = served(endpoints, 20'000);
    int local = 0;
    for (std::size_t i = 0; i < 10; ++i) local += counts[i];
    return local / 20'000.0;
  }
  void lose(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) endpoints.put_out(i, upstream::out_drain);
  }
  Endpoints endpoints;
};

TEST_F(Zones, TheLocalZoneServesAloneWithSeventyPercent) {
  EXPECT_EQ(local_share(), 1.0);
  lose(3);
  EXPECT_EQ(local_share(), 1.0);
}

TEST_F(Zones, BelowThatTheRestSpills) {
  lose(4);
  EXPECT_NEAR(local_share(), 6.0 / 7, 0.01);
  lose(8);
  EXPECT_NEAR(local_share(), 2.0 / 7, 0.01);
  lose(10);
  EXPECT_EQ(local_share(), 0.0);
}

TEST_F(Zones, WithNoneElsewhereTheyStay) {
  lose(8);
  for (std::size_t i = 10; i < 15; ++i) endpoints.put_out(i, upstream::out_check_failed);
  EXPECT_EQ(local_share(), 1.0);
}

TEST_F(Zones, FullOnesSpillOver) {
  for (std::size_t i = 0; i < 15; ++i) endpoints.candidate(i).max_connections = 1;
  for (int i = 0; i < 10; ++i) EXPECT_LT(pick(endpoints).index, 10u);
  for (int i = 0; i < 5; ++i) EXPECT_GE(pick(endpoints).index, 10u);
  EXPECT_TRUE(pick(endpoints).full);
}

TEST_F(Zones, AKeyThatSpillsAlwaysDoes) {
  policy = config::Balance::hash;
  lose(6);
  int local = 0;
  for (key = 1; key <= 2000; ++key) {
    const std::size_t first = pick(endpoints).index;
    release(endpoints[first]);
    const std::size_t second = pick(endpoints).index;
    release(endpoints[second]);
    ASSERT_EQ(first, second);
    local += first < 10 ? 1 : 0;
  }
  EXPECT_NEAR(local / 2000.0, 4.0 / 7, 0.04);
}

TEST_F(Zones, BackupsHaveZonesToo) {
  for (std::size_t i = 0; i < 15; ++i) endpoints.candidate(i).backup = true;
  EXPECT_EQ(local_share(), 1.0);
}

TEST(ZoneRule, IsContinuousAtTheThreshold) {
  Supply supply;
  supply.local_weight = 1000;
  supply.local_usable = 700;
  int stayed = 0;
  for (std::uint64_t draw = 0; draw < 70'000; draw += 7) stayed += stays_local(supply, draw) ? 1 : 0;
  EXPECT_EQ(stayed, 10'000);
  supply.local_usable = 693;
  stayed = 0;
  for (std::uint64_t draw = 0; draw < 70'000; draw += 7) stayed += stays_local(supply, draw) ? 1 : 0;
  EXPECT_EQ(stayed, 9900);
}

}  // namespace
}  // namespace weir::balance
