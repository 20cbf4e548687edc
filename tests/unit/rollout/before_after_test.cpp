#include "rollout/before_after.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace weir::rollout {
namespace {

double evidence(RequestCount before, RequestCount after, double dispersion = 1) {
  return std::exp(log_evidence({before, after, dispersion}));
}

TEST(BeforeAfter, WithoutAPastOrAFailureNothingIsSaid) {
  EXPECT_EQ(log_evidence({{0, 0}, {100, 100}}), 0);
  EXPECT_EQ(log_evidence({{100, 3}, {0, 0}}), 0);
  EXPECT_EQ(log_evidence({{100, 0}, {100, 0}}), 0);
}

TEST(BeforeAfter, FailuresAfterSpeakForItAndFailuresBeforeAgainstIt) {
  EXPECT_GT(evidence({3'000, 0}, {10, 3}), 1'000);
  EXPECT_GT(evidence({3'000, 3}, {100, 14}), 1'000);
  EXPECT_LT(evidence({3'000, 30}, {100, 0}), 1);
  EXPECT_LT(evidence({3'000, 30}, {3'000, 30}), 1);
}

double binomial(std::uint64_t n, std::uint64_t k) {
  return std::lgamma(static_cast<double>(n + 1)) - std::lgamma(static_cast<double>(k + 1)) -
         std::lgamma(static_cast<double>(n - k + 1));
}

// Over all ways in which F failures can fall among the requests before and after: at most 1, whatever F is.
TEST(BeforeAfter, ItsExpectationIsAtMostOne) {
  for (const auto& [before, after] :
       {std::pair<std::uint64_t, std::uint64_t>{50, 10}, {10, 50}, {200, 3}, {7, 7}}) {
    for (std::uint64_t failures = 1; failures <= before + after; ++failures) {
      double expected = 0;
      for (std::uint64_t there = 0; there <= std::min(after, failures); ++there) {
        if (failures - there > before) continue;
        const double chance =
            binomial(after, there) + binomial(before, failures - there) - binomial(before + after, failures);
        expected += std::exp(chance) * evidence({before, failures - there}, {after, there});
      }
      EXPECT_LE(expected, 1 + 1e-9) << before << " " << after << " " << failures;
    }
  }
}

TEST(BeforeAfter, ADispersionTakesEvidenceDown) {
  const double plain = evidence({3'000, 30}, {100, 12}), bursty = evidence({3'000, 30}, {100, 12}, 8);
  EXPECT_GT(plain, 1'000);
  EXPECT_LT(bursty, 20);
}

TEST(Dispersion, OfFailuresThatComeEachByItselfIsOne) {
  EXPECT_EQ(dispersion({}), 1);
  EXPECT_EQ(dispersion(std::vector<RequestCount>(60, {100, 0})), 1);
  EXPECT_EQ(dispersion(std::vector<RequestCount>(60, {100, 1})), 1);
  std::vector<RequestCount> one(60, {100, 0});
  one[7].failed = 1;
  EXPECT_NEAR(dispersion(one), 1, 0.02);
}

TEST(Dispersion, OfABurstIsItsSize) {
  std::vector<RequestCount> burst(60, {100, 0});
  burst[7].failed = 30;
  EXPECT_NEAR(dispersion(burst), 30, 1);
}

TEST(Dispersion, StretchesWithoutRequestsCountAsNone) {
  std::vector<RequestCount> few(60);
  few[3] = {10, 1};
  few[9] = {10, 1};
  EXPECT_EQ(dispersion(few), 1);
}

}  // namespace
}  // namespace weir::rollout
