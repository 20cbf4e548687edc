// Picks while endpoints come and go under them: what was seen a moment ago may hold no more when it is counted.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "core/rng.hpp"
#include "unit/balance/choosing.hpp"

namespace weir::balance {
namespace {

constexpr int picks = 300'000;

/// Picks from `endpoints` while another thread does `disturb` all the time.
template <class Disturb, class Judge>
void pick_while(Endpoints& endpoints, config::Balance policy, Disturb disturb, Judge judge) {
  config::Upstream upstream;
  upstream.balance = policy;
  const Rules rules(upstream, endpoints.candidates());
  Shared shared;
  std::atomic<bool> done{false};
  std::thread other([&] {
    while (!done) disturb(rules, shared);
  });
  Rng rng(7);
  for (int i = 0; i < picks; ++i) {
    PickRequest request = asking();
    request.random = rng();
    request.key = rng();
    const Pick pick = acquire(rules, shared, endpoints.candidates(), request);
    judge(pick);
    if (pick.index != none) release(endpoints[pick.index]);
  }
  done = true;
  other.join();
}

class LostRaces : public testing::TestWithParam<config::Balance> {};

INSTANTIATE_TEST_SUITE_P(Policies, LostRaces,
                         testing::Values(config::Balance::least_connections, config::Balance::round_robin,
                                         config::Balance::random_two, config::Balance::least_latency,
                                         config::Balance::hash));

TEST_P(LostRaces, NoneIsFullWithoutALimit) {
  Endpoints endpoints({1, 1});
  endpoints.candidate(1).backup = true;
  std::atomic<int> refused{0};
  pick_while(
      endpoints, GetParam(),
      [&](const Rules&, Shared&) {
        endpoints.put_out(0, upstream::out_check_failed);
        endpoints.put_out(0, 0);
      },
      [&](const Pick& pick) { refused += pick.index == none ? 1 : 0; });
  EXPECT_EQ(refused, 0);
}

/// One of another zone has room all the time, and the local one goes out and comes back.
TEST_P(LostRaces, OneWithRoomIsFoundWhenAFullOneGoesOut) {
  Endpoints endpoints({1, 1, 1});
  endpoints.candidate(0).local = false;
  endpoints.candidate(2).max_connections = 1;
  endpoints[2].in_flight = 1;
  std::atomic<int> refused{0};
  pick_while(
      endpoints, GetParam(),
      [&](const Rules&, Shared&) {
        endpoints.put_out(1, upstream::out_check_failed);
        endpoints.put_out(1, 0);
      },
      [&](const Pick& pick) { refused += pick.index == none ? 1 : 0; });
  EXPECT_EQ(refused, 0);
}

}  // namespace

/// Both threads look for the one due probe, whose endpoint has room for one. Who counted itself there and was too
/// late has kept others out for a moment: it says so, because one of them may wait.
TEST(LostRaces, AProbeThatAnotherOneWonIsReported) {
  Endpoints endpoints({1, 1});
  endpoints.candidate(0).max_connections = 2;
  endpoints.candidate(1).max_connections = 1;
  endpoints[1].in_flight = 1;
  config::Upstream upstream;
  const Rules rules(upstream, endpoints.candidates());
  Shared shared;
  std::atomic<int> reported{0};
  std::atomic<bool> wrong{false};
  const auto work = [&] {
    for (int i = 0; i < 5'000'000 && reported == 0; ++i) {
      const Pick pick =
          acquire(rules, shared, endpoints.candidates(), asking(time_zero + std::chrono::hours(1)));
      if (pick.gave_back) ++reported;
      if (pick.index != none) {
        endpoints[pick.index].health.abandon_probe(time_zero, pick.ticket);
        release(endpoints[pick.index]);
      }
      if (endpoints[0].in_flight > 2) wrong = true;
    }
  };
  endpoints.eject(0, time_zero);
  std::thread other(work);
  work();
  other.join();
  EXPECT_FALSE(wrong);
  EXPECT_GT(reported, 0);
  EXPECT_EQ(endpoints.loads(), (std::vector<std::uint32_t>{0, 1}));
}

}  // namespace weir::balance
