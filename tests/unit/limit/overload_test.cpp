#include "limit/overload.hpp"

#include <gtest/gtest.h>

namespace weir::limit {
namespace {

constexpr Thresholds at_90{90, 80, 100, 95};

Uses with(Bound bound, std::uint64_t used, std::uint64_t max = 100) {
  Uses uses{};
  uses[static_cast<std::size_t>(bound)] = {used, max};
  return uses;
}

TEST(NextPressure, EveryStepUpAndDown) {
  struct Case {
    Pressure before;
    std::uint64_t used;
    Pressure after;
  };
  using enum Pressure;
  const Case cases[] = {
      {normal, 0, normal},      {normal, 89, normal},  {normal, 90, tight},    {normal, 99, tight},
      {normal, 100, tight},     {normal, 1000, tight}, {tight, 100, shedding}, {tight, 1000, shedding},
      {tight, 99, tight},       {tight, 80, tight},    {tight, 79, normal},    {shedding, 100, shedding},
      {shedding, 95, shedding}, {shedding, 94, tight}, {shedding, 80, tight},  {shedding, 79, normal},
      {shedding, 0, normal},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(next_pressure(each.before, {each.used, 100}, at_90), each.after)
        << to_string(each.before) << " at " << each.used;
  }
}

TEST(NextPressure, WithoutABoundThereIsNone) {
  for (const Pressure before : {Pressure::normal, Pressure::tight, Pressure::shedding}) {
    EXPECT_EQ(next_pressure(before, {1'000'000, 0}, at_90), Pressure::normal);
  }
}

TEST(NextPressure, CountsExactlyWhereABoundIsSmallOrHuge) {
  EXPECT_EQ(next_pressure(Pressure::normal, {4, 5}, at_90), Pressure::normal);
  EXPECT_EQ(next_pressure(Pressure::tight, {4, 5}, at_90), Pressure::tight);
  EXPECT_EQ(next_pressure(Pressure::tight, {5, 5}, at_90), Pressure::shedding);
  EXPECT_EQ(next_pressure(Pressure::tight, {1, 1}, at_90), Pressure::shedding);
  constexpr std::uint64_t huge = 1ULL << 53;
  EXPECT_EQ(next_pressure(Pressure::tight, {huge - 1, huge}, at_90), Pressure::tight);
  EXPECT_EQ(next_pressure(Pressure::tight, {huge, huge}, at_90), Pressure::shedding);
}

TEST(Thresholds, DescriptorsAreShedBeforeTheLastOneIsTaken) {
  for (unsigned start = 50; start <= 95; ++start) {
    const Thresholds connections = thresholds(Bound::connections, start);
    EXPECT_EQ(connections.shed_from, 100U);
    const Thresholds descriptors = thresholds(Bound::descriptors, start);
    EXPECT_LT(descriptors.shed_from, 100U);
    for (const Thresholds& each : {connections, descriptors, thresholds(Bound::memory, start)}) {
      EXPECT_EQ(each.tight_from, start);
      EXPECT_LT(each.tight_until, each.tight_from);
      EXPECT_LT(each.shed_until, each.shed_from);
      EXPECT_LE(each.tight_until, each.shed_until) << "what sheds no more is still tight";
      EXPECT_LE(each.tight_from, each.shed_from);
    }
  }
}

TEST(Overload, RisesStepByStepAndFallsAtOnce) {
  Overload overload;
  EXPECT_TRUE(overload.update(with(Bound::memory, 50)).empty());
  EXPECT_EQ(overload.pressure(), Pressure::normal);

  auto changes = overload.update(with(Bound::memory, 101));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].bound, Bound::memory);
  EXPECT_EQ(changes[0].from, Pressure::normal);
  EXPECT_EQ(changes[0].to, Pressure::tight);
  EXPECT_EQ(changes[0].use, (Use{101, 100}));
  changes = overload.update(with(Bound::memory, 102));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].to, Pressure::shedding);
  EXPECT_TRUE(overload.update(with(Bound::memory, 99)).empty()) << "not every wobble is news";

  changes = overload.update(with(Bound::memory, 10));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].from, Pressure::shedding);
  EXPECT_EQ(changes[0].to, Pressure::normal);
}

TEST(Overload, TheHighestPressureIsThatOfTheProcess) {
  Overload overload;
  Uses uses{};
  uses[0] = {92, 100};
  uses[2] = {100, 100};
  EXPECT_EQ(overload.update(uses).size(), 2U);
  EXPECT_EQ(overload.update(uses).size(), 1U);
  EXPECT_EQ(overload.tightest(), Bound::memory);
  EXPECT_EQ(overload.pressure(), Pressure::shedding);
  EXPECT_EQ(overload.of(Bound::connections), Pressure::tight);
  uses[2] = {94, 100};
  overload.update(uses);
  EXPECT_EQ(overload.tightest(), Bound::connections) << "the first of equals";
}

TEST(Overload, StartsAtTheConfiguredPercentage) {
  Overload overload;
  overload.configure(50);
  EXPECT_EQ(overload.update(with(Bound::connections, 50)).size(), 1U);
  overload.update(with(Bound::connections, 40));
  EXPECT_EQ(overload.pressure(), Pressure::tight);
  overload.configure(90);  // a reload
  overload.update(with(Bound::connections, 40));
  EXPECT_EQ(overload.pressure(), Pressure::normal);
}

TEST(Overload, ABoundThatGoesAwayTakesItsPressureAlong) {
  Overload overload;
  overload.update(with(Bound::memory, 200));
  const auto changes = overload.update(Uses{});
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].to, Pressure::normal);
}

TEST(AdmittedConnections, NeverNone) {
  const auto admitted = [](Bound bound, std::uint32_t cap) {
    Overload overload;
    EXPECT_EQ(admitted_connections(overload, cap), cap);
    overload.update(with(bound, 100));
    EXPECT_EQ(admitted_connections(overload, cap), cap) << "tight refuses no client";
    overload.update(with(bound, 100));
    return admitted_connections(overload, cap);
  };
  EXPECT_EQ(admitted(Bound::memory, 160), 10U);
  EXPECT_EQ(admitted(Bound::descriptors, 160), 10U);
  EXPECT_EQ(admitted(Bound::memory, 3), 1U);
  EXPECT_EQ(admitted(Bound::connections, 160), 160U) << "that bound is the number itself";
}

TEST(Overload, EverythingHasAName) {
  EXPECT_EQ(to_string(Bound::connections), "connections");
  EXPECT_EQ(to_string(Bound::descriptors), "descriptors");
  EXPECT_EQ(to_string(Bound::memory), "memory");
  EXPECT_EQ(to_string(Pressure::normal), "normal");
  EXPECT_EQ(to_string(Pressure::tight), "tight");
  EXPECT_EQ(to_string(Pressure::shedding), "shedding");
}

TEST(QueueForNew, LeavesTheLastPlacesToOthers) {
  EXPECT_EQ(queue_for_new(0, 90), 0u);
  EXPECT_EQ(queue_for_new(1, 50), 1u);
  EXPECT_EQ(queue_for_new(10, 90), 9u);
  EXPECT_EQ(queue_for_new(15, 90), 14u);
  EXPECT_EQ(queue_for_new(100, 50), 50u);
  EXPECT_EQ(queue_for_new(1'000'000, 95), 950'000u);
  for (std::uint32_t most = 1; most < 500; ++most) {
    EXPECT_GE(queue_for_new(most, 50), 1u);
    EXPECT_LE(queue_for_new(most, 95), most);
  }
}

}  // namespace
}  // namespace weir::limit
