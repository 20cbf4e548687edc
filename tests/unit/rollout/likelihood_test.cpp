// The test statistic: factors that are 1 in the mean exactly, and logarithms within their stated error.
#include "rollout/likelihood.hpp"

#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_bin_float.hpp>
#include <boost/multiprecision/cpp_int.hpp>
#include <vector>

#include "rollout/mixture.hpp"

namespace weir::rollout {
namespace {

using Rational = boost::multiprecision::cpp_rational;
using Float = boost::multiprecision::cpp_bin_float_100;

/// The definition, without rounding: the factor of one event on the canary, or elsewhere.
Rational factor(const Chance& chance, Badness badness, const Rational& ratio, bool on_canary) {
  const Rational w(chance.canary, chance.of);
  const Rational q = w * ratio / (w * ratio + 1 - w);
  const Rational full = on_canary ? Rational(q / w) : Rational((1 - q) / (1 - w));
  return badness == Badness::full ? full : Rational((1 + full) / 2);
}

/// Graded: 1 + L Y (A/w - 1), L = (q-w)/(1-w).
Rational graded(const Chance& chance, const Rational& badness, const Rational& ratio, bool on_canary) {
  const Rational w(chance.canary, chance.of);
  const Rational q = w * ratio / (w * ratio + 1 - w);
  const Rational slope = (q - w) / (1 - w);
  return 1 + slope * badness * (on_canary ? Rational(1 / w - 1) : Rational(-1));
}

const std::vector<Chance> chances{{1, 10'000},    {100, 10'000},   {500, 10'000},
                                  {2'000, 9'500}, {5'000, 10'000}, {9'999, 10'000}};
const std::vector<Rational> all_ratios{Rational(13, 10), 2, 4, 6, 10, 20, 100};

TEST(RolloutLikelihood, TheExpectedFactorIsOneExactly) {
  for (const Chance& chance : chances) {
    const Rational w(chance.canary, chance.of);
    for (const Rational& ratio : all_ratios) {
      for (const Badness badness : {Badness::half, Badness::full}) {
        EXPECT_EQ(w * factor(chance, badness, ratio, true) + (1 - w) * factor(chance, badness, ratio, false),
                  1);
      }
    }
  }
}

TEST(RolloutLikelihood, HalfBadnessIsTheGradedFormula) {
  for (const Chance& chance : chances) {
    for (const bool on_canary : {false, true}) {
      EXPECT_EQ(factor(chance, Badness::half, 4, on_canary), graded(chance, Rational(1, 2), 4, on_canary));
      EXPECT_EQ(factor(chance, Badness::full, 4, on_canary), graded(chance, 1, 4, on_canary));
    }
  }
}

TEST(RolloutLikelihood, CountersAreEventByEvent) {
  const Tally tally{{500, 10'000}, Badness::full, 12, 5};
  Rational product = 1;
  for (int i = 0; i < 12; ++i)
    product *= factor(tally.chance, tally.badness, 6, i % 5 == 0 || i == 1 || i == 2);
  EXPECT_NEAR(log_factor(tally, 6), static_cast<double>(log(Float(product))), 1e-13);
}

/// The error that likelihood.hpp states, against a hundred digits.
TEST(RolloutLikelihood, ErrorIsWithinItsBound) {
  for (const Chance& chance : chances) {
    for (const std::uint64_t events : {1ULL, 7ULL, 1'000ULL, 1'000'000ULL, 1'000'000'000ULL}) {
      for (const std::uint64_t on_canary : {std::uint64_t{0}, events / 20, events / 3, events}) {
        for (const double ratio : {1.3, 2.0, 4.0, 6.0, 10.0, 20.0, 100.0}) {
          for (const Badness badness : {Badness::half, Badness::full}) {
            const Float w = Float(chance.canary) / chance.of, r = ratio, d = 1 + w * (r - 1);
            const Float there = badness == Badness::full ? r / d : (1 + r / d) / 2;
            const Float elsewhere = badness == Badness::full ? 1 / d : (1 + 1 / d) / 2;
            const Float exact = on_canary * log(there) + (events - on_canary) * log(elsewhere);
            const Float bound = 6 * pow(Float(2), -53) * (events * log(d) + on_canary * log(r));
            const Float error = abs(Float(log_factor({chance, badness, events, on_canary}, ratio)) - exact);
            EXPECT_LE(error, bound) << events << ' ' << on_canary << ' ' << ratio << ' ' << chance.canary;
          }
        }
      }
    }
  }
}

TEST(RolloutLikelihood, NothingSaysNothing) {
  EXPECT_EQ(log_factor({{500, 10'000}, Badness::full, 0, 0}, 6), 0);
}

}  // namespace
}  // namespace weir::rollout
