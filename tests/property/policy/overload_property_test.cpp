// What holds for the overload machine whatever the load does.
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "limit/overload.hpp"

namespace weir::limit {
namespace {

constexpr int walks = 200;
constexpr int steps = 500;

/// Percent of `use`, rounded down.
std::uint64_t percent(const Use& use) {
  return use.used * 100 / use.max;
}

TEST(OverloadProperty, PressureFollowsTheLoadWithinItsThresholds) {
  for (std::uint64_t seed = 1; seed <= walks; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const unsigned start = 50 + static_cast<unsigned>(rng() % 46);
    Overload overload;
    overload.configure(start);
    Uses uses{};
    for (Use& use : uses) use.max = 1 + rng() % 100'000;
    for (int step = 0; step < steps; ++step) {
      std::array<Pressure, bound_count> before;
      for (std::size_t i = 0; i < bound_count; ++i) {
        before[i] = overload.of(static_cast<Bound>(i));
        uses[i].used = rng() % (uses[i].max * 5 / 4 + 1);
      }
      std::size_t changed = 0;
      const auto changes = overload.update(uses);
      for (std::size_t i = 0; i < bound_count; ++i) {
        const Thresholds at = thresholds(static_cast<Bound>(i), start);
        const Pressure now = overload.of(static_cast<Bound>(i));
        changed += now != before[i] ? 1 : 0;
        if (percent(uses[i]) >= at.shed_from) {
          ASSERT_EQ(now > before[i], before[i] != Pressure::shedding);
        }
        ASSERT_FALSE(before[i] == Pressure::normal && now == Pressure::shedding) << "a step was left out";
        if (percent(uses[i]) < at.shed_until) {
          ASSERT_NE(now, Pressure::shedding);
        }
        if (percent(uses[i]) >= at.tight_from) {
          ASSERT_NE(now, Pressure::normal);
        }
        if (percent(uses[i]) < at.tight_until) {
          ASSERT_EQ(now, Pressure::normal);
        }
        ASSERT_GE(overload.pressure(), now);
      }
      ASSERT_EQ(changes.size(), changed) << "each change is reported, and nothing else";
    }
  }
}

TEST(OverloadProperty, SmallWobblesChangeItOnce) {
  for (std::uint64_t seed = 1; seed <= walks; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    const unsigned start = 50 + static_cast<unsigned>(rng() % 46);
    const Bound bound = static_cast<Bound>(rng() % bound_count);
    const Thresholds at = thresholds(bound, start);
    // Wobbling around where it began to be tight, by less than the hysteresis.
    constexpr std::uint64_t max = 100'000;
    std::size_t changes = 0;
    Overload overload;
    overload.configure(start);
    for (int step = 0; step < steps; ++step) {
      const std::uint64_t low = std::uint64_t{at.tight_until} * max / 100;
      const std::uint64_t high = std::uint64_t{at.shed_from} * max / 100;
      Uses uses{};
      uses[static_cast<std::size_t>(bound)] = {low + rng() % (high - low), max};
      changes += overload.update(uses).size();
    }
    EXPECT_LE(changes, 1U);
  }
}

TEST(OverloadProperty, AdmissionIsNeverZeroAndNeverMoreThanTheCap) {
  Rng rng(7);
  for (int i = 0; i < 10'000; ++i) {
    Overload overload;
    Uses uses{};
    for (Use& use : uses) use = {rng() % 200, 100};
    overload.update(uses);
    const auto cap = static_cast<std::uint32_t>(1 + rng() % 10'000'000);
    const std::uint32_t admitted = admitted_connections(overload, cap);
    ASSERT_GE(admitted, 1U);
    ASSERT_LE(admitted, cap);
    ASSERT_GE(admitted, cap / floor_share);
  }
}

}  // namespace
}  // namespace weir::limit
