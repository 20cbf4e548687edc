#include <gtest/gtest.h>

#include <map>

#include "unit/balance/choosing.hpp"

namespace weir::balance {
namespace {

struct Case {
  std::vector<std::uint32_t> weights;
  std::vector<std::uint32_t> loads;
  std::uint64_t excluded;
  std::size_t picked;
};

class LeastConnections : public testing::TestWithParam<Case> {};

TEST_P(LeastConnections, PicksOnAnyTurn) {
  Endpoints endpoints(GetParam().weights);
  for (std::size_t i = 0; i < endpoints.size(); ++i) endpoints[i].in_flight = GetParam().loads[i];
  for (std::uint64_t turn = 0; turn < 10; ++turn) {
    EXPECT_EQ(chosen(least_connections, endpoints, turn_of(turn), tried_of(GetParam().excluded)),
              GetParam().picked)
        << turn;
  }
}

constexpr std::uint32_t most = 0xffff'fffe;

INSTANTIATE_TEST_SUITE_P(
    All, LeastConnections,
    testing::Values(Case{{}, {}, 0, none}, Case{{1}, {7}, 0, 0}, Case{{1}, {7}, 1, none},
                    Case{{1, 1, 1}, {3, 2, 4}, 0, 1}, Case{{1, 1, 1}, {3, 2, 4}, 0b010, 0},
                    Case{{1, 1, 1}, {3, 2, 4}, 0b011, 2}, Case{{1, 1, 1}, {3, 2, 4}, 0b111, none},
                    // in_flight / weight against (in_flight + 1) / weight: 3/3 is below 2/1 and 1/1 is not
                    // below 3/3; then 6/3 is not below 2/1
                    Case{{1, 3}, {1, 2}, 0, 1}, Case{{1, 3}, {1, 6}, 0, 0},
                    // no overflow
                    Case{{1000, 999}, {most, most}, 0, 0}, Case{{1, 1000}, {most, most}, 0, 1}));

TEST(LeastConnectionsTies, RotateEvenlyAmongTheTied) {
  Endpoints endpoints({1, 1, 1, 1});
  endpoints[1].in_flight = 1;
  std::map<std::size_t, int> picked;
  for (std::uint64_t turn = 0; turn < 300; ++turn) {
    ++picked[chosen(least_connections, endpoints, turn_of(turn))];
  }
  EXPECT_EQ(picked, (std::map<std::size_t, int>{{0, 100}, {2, 100}, {3, 100}}));
}

TEST(LeastConnectionsTies, AnEjectedNeighbourGivesNoDoubleShare) {
  Endpoints endpoints({1, 1, 1});
  endpoints.eject(0, time_zero);
  std::map<std::size_t, int> picked;
  for (std::uint64_t turn = 0; turn < 300; ++turn) {
    ++picked[chosen(least_connections, endpoints, turn_of(turn))];
  }
  EXPECT_EQ(picked, (std::map<std::size_t, int>{{1, 150}, {2, 150}}));
}

// One after the other, as at night: nothing is ever in flight when the next one comes.
TEST(LeastConnectionsAtRest, SharesFollowTheWeights) {
  for (const std::vector<std::uint32_t>& weights :
       {std::vector<std::uint32_t>{1, 2, 5}, {1, 1}, {1000, 1}, {100, 10, 100}}) {
    Endpoints endpoints(weights);
    std::uint32_t total = 0;
    for (const std::uint32_t weight : weights) total += weight;
    Shared shared;
    std::vector<std::uint32_t> picked(weights.size());
    for (std::uint32_t i = 0; i < 10 * total; ++i) {
      const Pick pick = acquire(config::Balance::least_connections, shared, endpoints.candidates(), asking());
      ++picked[pick.index];
      release(endpoints[pick.index]);
    }
    for (std::size_t i = 0; i < weights.size(); ++i) EXPECT_EQ(picked[i], 10 * weights[i]) << i;
  }
}

TEST(LeastConnectionsAtRest, AnEjectedNeighbourLeavesItsShareByWeight) {
  Endpoints endpoints({3, 9, 1});
  endpoints.eject(1, time_zero);
  std::map<std::size_t, int> picked;
  for (std::uint64_t turn = 0; turn < 400; ++turn) {
    ++picked[chosen(least_connections, endpoints, turn_of(turn))];
  }
  EXPECT_EQ(picked, (std::map<std::size_t, int>{{0, 300}, {2, 100}}));
}

// Two of the three are busy with one request each; the light one is idle and still gets no more than its weight.
TEST(LeastConnectionsAtRest, AnIdleLightOneIsNoMagnet) {
  Endpoints endpoints({100, 100, 1});
  endpoints[0].in_flight = 1;
  endpoints[1].in_flight = 1;
  std::map<std::size_t, int> picked;
  for (std::uint64_t turn = 0; turn < 2010; ++turn) {
    ++picked[chosen(least_connections, endpoints, turn_of(turn))];
  }
  EXPECT_EQ(picked, (std::map<std::size_t, int>{{0, 1000}, {1, 1000}, {2, 10}}));
}

TEST(LeastConnectionsAtRest, OneThatIsFullForItsWeightWaits) {
  Endpoints endpoints({1, 4});
  endpoints[0].in_flight = 1;  // 1/1: not below 1/4, 2/4, 3/4 nor 4/4
  for (std::uint32_t load = 0; load < 4; ++load) {
    endpoints[1].in_flight = load;
    for (std::uint64_t turn = 0; turn < 5; ++turn) {
      EXPECT_EQ(chosen(least_connections, endpoints, turn_of(turn)), 1u) << load;
    }
  }
  endpoints[1].in_flight = 4;  // 5/4 bounds: 1/1 and 4/4 are below it
  std::map<std::size_t, int> picked;
  for (std::uint64_t turn = 0; turn < 50; ++turn)
    ++picked[chosen(least_connections, endpoints, turn_of(turn))];
  EXPECT_EQ(picked, (std::map<std::size_t, int>{{0, 10}, {1, 40}}));
}

TEST(LeastConnectionsMany, TriedOnesAreLeftAloneHoweverManyThereAre) {
  Endpoints endpoints(std::vector<std::uint32_t>(300, 1));
  for (std::size_t i = 0; i < endpoints.size(); ++i) endpoints[i].in_flight = i < 297 ? 9 : 0;
  EXPECT_EQ(chosen(least_connections, endpoints, turn_of(0), {297, 299}), 298u);
  EXPECT_EQ(chosen(least_connections, endpoints, turn_of(0), {0, 297, 298, 299}), 1u);
}

TEST(LeastConnectionsMany, HeldRequestsFollowTheWeights) {
  Endpoints endpoints({1, 2, 5});
  Shared shared;
  for (int i = 0; i < 80; ++i) {
    acquire(config::Balance::least_connections, shared, endpoints.candidates(), asking());
  }
  EXPECT_EQ(endpoints.loads(), (std::vector<std::uint32_t>{10, 20, 50}));
}

}  // namespace
}  // namespace weir::balance
