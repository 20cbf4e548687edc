#include "upstream/panic.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "unit/balance/endpoints.hpp"
#include "upstream/ejection_text.hpp"

namespace weir::upstream {
namespace {

TEST(Panic, IsWhenNoneIsUsableThoughSomeMightBe) {
  Endpoints endpoints({1, 1, 1});
  EXPECT_FALSE(panicking(endpoints.candidates()));
  endpoints.eject(0, time_zero);
  endpoints[1].out = out_check_failed;
  EXPECT_FALSE(panicking(endpoints.candidates()));
  endpoints[2].out = out_drain;
  EXPECT_TRUE(panicking(endpoints.candidates()));
  endpoints[1].out = 0;
  EXPECT_FALSE(panicking(endpoints.candidates()));
}

TEST(Panic, IsNotWhenAnOperatorTookAllOut) {
  Endpoints endpoints({1, 1});
  endpoints[0].out = out_disabled;
  endpoints[1].out = out_drain | out_check_failed;
  EXPECT_FALSE(panicking(endpoints.candidates()));
  EXPECT_FALSE(panicking({})) << "no endpoint is known";
}

TEST(Panic, IsNotWhenNothingBadWasSeenYet) {
  Endpoints endpoints({1, 1});
  endpoints[0].out = out_check_pending;
  endpoints[1].out = out_check_pending;
  EXPECT_FALSE(panicking(endpoints.candidates())) << "as after a start";
  EXPECT_FALSE(standing_of(endpoints.candidates()).panic());
  endpoints[1].out = out_check_failed;
  EXPECT_TRUE(panicking(endpoints.candidates()));
  EXPECT_TRUE(standing_of(endpoints.candidates()).panic());
}

TEST(Panic, StandingAddsUp) {
  Endpoints endpoints({1, 1, 1, 1, 1, 1});
  endpoints.eject(0, time_zero);
  endpoints[1].out = out_check_failed;
  endpoints[2].out = out_check_pending;
  endpoints[3].out = out_drain;
  endpoints.eject(3, time_zero);
  endpoints.eject(4, time_zero);
  endpoints[4].out = out_check_failed;
  const Standing standing = standing_of(endpoints.candidates());
  EXPECT_EQ(standing.total, 6u);
  EXPECT_EQ(standing.usable, 1u);
  EXPECT_EQ(standing.by_operator, 1u);
  EXPECT_EQ(standing.ejected, 2u);
  EXPECT_EQ(standing.failed_checks, 2u);
  EXPECT_EQ(standing.unchecked, 1u);
  EXPECT_EQ(standing.panic(), panicking(endpoints.candidates()));
}

TEST(Panic, IsWhenTooFewAreLeftToo) {
  static_assert(panic_below_percent == 20);
  static_assert(!too_few(1, 4, false));
  static_assert(too_few(1, 5, false));
  static_assert(!too_few(2, 8, false));
  static_assert(too_few(0, 1, true));
  static_assert(!too_few(1, 5, true), "a backup was meant to serve alone");
  static_assert(!too_few(0, 0, false));
  static_assert(!too_few(3, 0, false));
  Endpoints endpoints(std::vector<std::uint32_t>(10, 1));
  for (std::size_t i = 0; i < 8; ++i) endpoints[i].out = out_check_failed;
  EXPECT_FALSE(panicking(endpoints.candidates()));
  endpoints.eject(8, time_zero);
  EXPECT_TRUE(panicking(endpoints.candidates()));
  for (std::size_t i = 0; i < 8; ++i) endpoints[i].out = out_drain;
  EXPECT_FALSE(panicking(endpoints.candidates())) << "an operator's word is no distrust";
  for (std::size_t i = 0; i < 8; ++i) endpoints[i].out = out_check_pending;
  EXPECT_FALSE(panicking(endpoints.candidates())) << "nothing is known of them yet";
}

TEST(Panic, ABackupThatStandsInIsNoPanic) {
  Endpoints endpoints(std::vector<std::uint32_t>(10, 1));
  for (std::size_t i = 0; i < 9; ++i) endpoints.eject(i, time_zero);
  EXPECT_TRUE(panicking(endpoints.candidates()));
  endpoints.candidate(9).backup = true;
  EXPECT_FALSE(panicking(endpoints.candidates()));
  endpoints.eject(9, time_zero);
  EXPECT_TRUE(panicking(endpoints.candidates()));
}

TEST(Panic, OneThatIsEjectedAndFailsItsChecksIsOne) {
  Endpoints endpoints(std::vector<std::uint32_t>(4, 1));
  for (std::size_t i = 0; i < 3; ++i) {
    endpoints.eject(i, time_zero);
    endpoints[i].out = out_check_failed;
  }
  EXPECT_EQ(standing_of(endpoints.candidates()).distrusted, 3u);
  EXPECT_FALSE(panicking(endpoints.candidates()));
}

TEST(Panic, Texts) {
  Standing standing;
  standing.total = 4;
  standing.ejected = 1;
  standing.failed_checks = 1;
  standing.unchecked = 1;
  standing.by_operator = 1;
  EXPECT_EQ(
      panic_text(standing, "blue"),
      "panic in blue: none of 4 endpoints can be trusted (1 ejected, 1 failed their checks, 1 not checked "
      "yet, 1 taken out by an operator), so 3 are in use again");
  standing.by_operator = 3;
  standing.failed_checks = standing.unchecked = 0;
  EXPECT_EQ(
      panic_text(standing, "blue"),
      "panic in blue: none of 4 endpoints can be trusted (1 ejected, 3 taken out by an operator), so the one "
      "that is left is in use again");
  standing.by_operator = 0;
  standing.ejected = 3;
  standing.usable = 1;
  EXPECT_EQ(panic_text(standing, "blue"),
            "panic in blue: only 1 of 4 endpoints can be trusted (3 ejected), so 4 are in use again");
  standing.usable = 2;
  EXPECT_EQ(calm_text(standing, "blue"), "no panic any more in blue: 2 of 4 endpoints are in use");
}

TEST(PanicWatch, ReportsEachChangeOnce) {
  PanicWatch watch;
  EXPECT_EQ(watch.observe(false), PanicChange::none);
  EXPECT_EQ(watch.observe(true), PanicChange::began);
  EXPECT_EQ(watch.observe(true), PanicChange::none);
  EXPECT_EQ(watch.observe(false), PanicChange::ended);
  EXPECT_EQ(watch.observe(false), PanicChange::none);
}

TEST(PanicWatch, OneOfManyThreadsReports) {
  for (int round = 0; round < 200; ++round) {
    PanicWatch watch;
    std::atomic<int> reports{0};
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] { reports += watch.observe(true) == PanicChange::began ? 1 : 0; });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(reports, 1);
  }
}

}  // namespace
}  // namespace weir::upstream
