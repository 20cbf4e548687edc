#include "rollout/reload_verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::rollout {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::uint32_t looks = 30;

JudgedRoutes api(RequestCount before, RequestCount after, double dispersion = 1) {
  return {"route api", {before, after, dispersion}};
}

TEST(ReloadVerdict, ABrokenRouteIsTakenBackAfterThreeRequests) {
  EXPECT_FALSE(judge_reload({api({300, 0}, {2, 2})}, {}, looks).take_back);
  EXPECT_TRUE(judge_reload({api({300, 0}, {3, 3})}, {}, looks).take_back);
  EXPECT_TRUE(judge_reload({api({30'000, 30}, {100, 100})}, {}, looks).take_back);
}

TEST(ReloadVerdict, TheSameRateIsKept) {
  EXPECT_FALSE(judge_reload({api({30'000, 300}, {3'000, 31})}, {}, looks).take_back);
  EXPECT_FALSE(judge_reload({api({30'000, 300}, {3'000, 0})}, {}, looks).take_back);
}

TEST(ReloadVerdict, WhatIsSureButSmallIsKept) {
  EXPECT_FALSE(judge_reload({api({1'000'000, 1'000}, {1'000'000, 5'000})}, {}, looks).take_back);
  EXPECT_TRUE(judge_reload({api({1'000'000, 1'000}, {1'000'000, 15'000})}, {}, looks).take_back);
}

TEST(ReloadVerdict, OneBrokenRouteAmongManyIsFound) {
  std::vector<JudgedRoutes> routes(50, {"route fine", {{3'000, 3}, {300, 1}}});
  routes[17] = api({300, 0}, {20, 20});
  const ReloadVerdict verdict = judge_reload(routes, {}, looks);
  EXPECT_TRUE(verdict.take_back);
  EXPECT_EQ(verdict.worst, 17u);
}

TEST(ReloadVerdict, BurstsOfBeforeMakeItCareful) {
  EXPECT_TRUE(judge_reload({api({3'000, 30}, {300, 30})}, {}, looks).take_back);
  EXPECT_FALSE(judge_reload({api({3'000, 30}, {300, 30}, 15)}, {}, looks).take_back);
}

TEST(ReloadVerdict, WhereUntouchedRoutesFailMoreTooItIsNotTheReload) {
  const BeforeAfter control{{30'000, 30}, {1'000, 400}};
  const ReloadVerdict verdict = judge_reload({api({3'000, 3}, {300, 120})}, control, looks);
  EXPECT_FALSE(verdict.take_back);
  EXPECT_TRUE(verdict.shared);
  EXPECT_TRUE(judge_reload({api({3'000, 3}, {300, 120})}, {{30'000, 30}, {1'000, 2}}, looks).take_back);
}

TEST(ReloadVerdict, ItSaysItInNumbers) {
  const JudgedRoutes worst = api({3'121, 3}, {14, 14});
  const std::string said = evidence_sentence(worst, judge_reload({worst}, {}, looks));
  EXPECT_THAT(
      said,
      StartsWith("14 of 14 requests of route api failed (100.0 %), before it 3 of 3,121 (0.10 %). If the "
                 "reload had changed nothing, at most 1 of "));
  EXPECT_THAT(said, HasSubstr("; the limit is 1 of 100."));
  EXPECT_EQ(kept_sentence({api({3'121, 3}, {100, 1})}, Milliseconds(30'000)),
            "in 30 s 1 of 100 requests of route api failed (1.0 %), before it 3 of 3,121 (0.10 %)");
  EXPECT_EQ(kept_sentence({api({3'121, 3}, {0, 0})}, Milliseconds(30'000)),
            "in 30 s no request ended that it could have changed");
}

}  // namespace
}  // namespace weir::rollout
