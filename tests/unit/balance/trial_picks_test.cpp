// What the next picks would be, said without picking.
#include "balance/trial_picks.hpp"

#include <gtest/gtest.h>

#include "unit/balance/choosing.hpp"

namespace weir::balance {
namespace {

struct Picked {
  explicit Picked(const std::vector<std::uint32_t>& weights) : endpoints(weights) {}

  Endpoints endpoints;
  Shared shared;
  Rules rules{config::Balance::round_robin};

  TrialPicks ask(std::uint32_t count = 100, std::size_t last = none, bool may_probe = true) {
    PickRequest request = asking();
    request.may_probe = may_probe;
    return try_picks(rules, shared, endpoints.candidates(), request, last, count, 7);
  }
};

TEST(TrialPicks, ArePicksAndChangeNothing) {
  Picked picked({3, 1});
  const TrialPicks said = picked.ask();
  EXPECT_EQ(said.picks, (std::vector<std::uint32_t>{75, 25}));
  EXPECT_EQ(picked.shared.turn, 0u);
  EXPECT_EQ(picked.endpoints.loads(), (std::vector<std::uint32_t>{0, 0}));
  EXPECT_EQ(acquire(picked.rules, picked.shared, picked.endpoints.candidates(), asking()).index,
            said.first.index);
}

TEST(TrialPicks, SeeLoadsLatencyAndWhoIsOut) {
  Picked picked({1, 1, 1});
  picked.rules.policy = config::Balance::least_connections;
  picked.endpoints[0].in_flight = 5;
  picked.endpoints.put_out(1, upstream::out_drain);
  EXPECT_EQ(picked.ask().picks, (std::vector<std::uint32_t>{0, 0, 100}));
  picked.rules.policy = config::Balance::least_latency;
  picked.endpoints[0].in_flight = 0;
  picked.endpoints[0].latency.observe(Milliseconds(1), false, time_zero);
  picked.endpoints[2].latency.observe(Milliseconds(100), false, time_zero);
  EXPECT_EQ(picked.ask().picks, (std::vector<std::uint32_t>{100, 0, 0}));
  picked.endpoints[0].latency.avoid_for(std::chrono::seconds(5), time_zero);
  EXPECT_EQ(picked.ask().picks, (std::vector<std::uint32_t>{0, 0, 100}));
}

TEST(TrialPicks, TheFirstIsTheProbeWhereOneIsDueAndItStaysDue) {
  Picked picked({1, 1});
  picked.endpoints.eject(1, time_zero - std::chrono::minutes(1));
  ASSERT_TRUE(picked.endpoints[1].health.probe_due(time_zero));
  const TrialPicks said = picked.ask();
  EXPECT_EQ(said.first.index, 1u);
  EXPECT_TRUE(said.first.ticket.probe);
  EXPECT_EQ(said.picks, (std::vector<std::uint32_t>{99, 1})) << "one request probes";
  EXPECT_TRUE(picked.endpoints[1].health.probe_due(time_zero));
  EXPECT_EQ(picked.ask(100, none, false).picks[0], 99u) << "it is overdue: any request may probe";
}

TEST(TrialPicks, TheLastChoiceComesAfterTheOthersThatAreUsable) {
  Picked picked({1, 1});
  EXPECT_EQ(picked.ask(100, 0).picks, (std::vector<std::uint32_t>{0, 100}));
  picked.endpoints.put_out(1, upstream::out_check_failed);
  EXPECT_EQ(picked.ask(100, 0).picks, (std::vector<std::uint32_t>{100, 0}));
}

TEST(TrialPicks, SayWhereAllAreFullOrNoneIsLeft) {
  Picked picked({1});
  picked.endpoints.candidate(0).max_connections = 2;
  picked.rules.limits = true;
  picked.endpoints[0].in_flight = 2;
  EXPECT_TRUE(picked.ask().first.full);
  EXPECT_EQ(picked.ask().made, 0u);
  picked.endpoints.put_out(0, upstream::out_disabled);
  const TrialPicks said = picked.ask();
  EXPECT_EQ(said.first.index, none);
  EXPECT_FALSE(said.first.full);
}

}  // namespace
}  // namespace weir::balance
