// Names that are gone leave workers and table, ids are used again, and a series never loses its name.
#include "observe/name_life.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>

namespace weir::observe {
namespace {

using namespace std::chrono_literals;

/// As the supervisor does it, with one worker.
struct Process {
  NameTable names;
  NameLife life;
  SeriesLife series;
  WorkerMetrics worker;
  std::vector<NameId> kept;
  std::size_t turns = 0;

  void forget(const std::vector<NameId>& used, TimePoint now) {
    std::vector<bool> in_use(names.ids_end());
    for (const NameId id : used) in_use[id] = true;
    std::vector<NameId> left = life.due(names, in_use, now);
    for (const NameId id : left) names.retire(id);
    series.hide(left);
    left.insert(left.end(), kept.begin(), kept.end());
    kept.clear();
    std::vector<bool> gone(names.ids_end());
    for (const NameId id : left) gone[id] = true;
    std::vector<NameId> busy, free;
    WorkerMetrics::Walk walk;
    do {
      ++turns;
    } while (!worker.forget_some(gone, busy, walk, 64));
    for (const NameId id : left) {
      (std::find(busy.begin(), busy.end(), id) != busy.end() ? kept : free).push_back(id);
    }
    series.forget(free);
    for (const NameId id : free) names.release(id);
  }
};

std::string address(int number) {
  return "10." + std::to_string(number >> 16 & 255) + '.' + std::to_string(number >> 8 & 255) + '.' +
         std::to_string(number & 255) + ":80";
}

TEST(NameLife, TwoHundredThousandEndpointsStayBounded) {
  constexpr int endpoints = 200'000, at_once = 100, between_scrapes = 100;
  Process process;
  const NameId app = process.names.intern("app");
  std::deque<NameId> serving;
  std::size_t names_most = 0, places_most = 0;
  for (int i = 0; i < endpoints; ++i) {
    const NameId label = process.names.intern(address(i));
    ASSERT_NE(label, no_name);
    ASSERT_EQ(process.names.name(label), address(i));
    serving.push_back(label);
    if (serving.size() > at_once) serving.pop_front();
    EndpointCounters& counters = process.worker.endpoint(app, label);
    ASSERT_EQ(counters.requests_total(), 0U) << "counts of another one";
    ++counters.responses[2];
    if (i % between_scrapes != 0) continue;
    std::vector<NameId> used(serving.begin(), serving.end());
    used.push_back(app);
    NamesInUse in_use;
    in_use.upstreams = {app};
    for (const NameId id : serving) in_use.endpoints.push_back(WorkerMetrics::pair_key(app, id));
    WorkerMetrics merged = process.worker;
    process.series.prune(merged, in_use);
    for (const auto& [key, shown] : merged.endpoints) {
      ASSERT_NE(process.names.name(WorkerMetrics::second_of(key)), "");
      ASSERT_EQ(shown.requests_total(), 1U);
    }
    process.life.scraped();
    process.forget(used, TimePoint{});
    names_most = std::max(names_most, process.names.size());
    places_most = std::max(places_most, process.worker.endpoints.places());
  }
  EXPECT_LT(names_most, 2'000U);
  EXPECT_LT(places_most, 2'000U);
  EXPECT_LT(process.names.ids_end(), 2'000U);
}

TEST(NameLife, WithoutScrapesAnHourIsEnough) {
  Process process;
  const NameId app = process.names.intern("app"), gone = process.names.intern("gone");
  process.worker.upstream(gone).retries_succeeded = 7;
  process.forget({app}, TimePoint{});
  process.forget({app}, TimePoint{} + 59min);
  EXPECT_EQ(process.names.find("gone"), gone);
  process.forget({app}, TimePoint{} + 60min);
  EXPECT_EQ(process.names.find("gone"), no_name);
  EXPECT_EQ(process.worker.upstreams.size(), 0U);
  EXPECT_EQ(process.names.size(), 1U);
}

TEST(NameLife, WhatIsUsedAgainInTimeGoesOn) {
  Process process;
  const NameId name = process.names.intern("back");
  process.forget({}, TimePoint{});
  process.forget({name}, TimePoint{} + 59min);
  process.forget({}, TimePoint{} + 61min);
  process.forget({}, TimePoint{} + 120min);
  EXPECT_EQ(process.names.find("back"), name);
  process.forget({}, TimePoint{} + 121min);
  EXPECT_EQ(process.names.find("back"), no_name);
}

TEST(NameLife, WhatAWorkerStillCountsInKeepsItsIdUntilItEnds) {
  Process process;
  const NameId old = process.names.intern("http");
  ++process.worker.listener(old).idle;
  process.forget({}, TimePoint{});
  process.forget({}, TimePoint{} + 60min);
  const NameId again = process.names.intern("http");
  EXPECT_NE(again, old) << "the id of a retired name is not in use";
  EXPECT_EQ(process.names.name(old), "http");
  --process.worker.listener(old).idle;
  process.forget({again}, TimePoint{} + 61min);
  EXPECT_EQ(process.worker.listeners.size(), 0U);
  EXPECT_EQ(process.names.size(), 1U);
  EXPECT_EQ(process.names.find("http"), again);
}

TEST(NameLife, WhatIsBeingForgottenIsNotShown) {
  SeriesLife series;
  WorkerMetrics metrics;
  metrics.upstream(1).retries_failed = 1;
  metrics.endpoint(1, 2).responses[2] = 1;
  NamesInUse in_use;
  in_use.upstreams = {1};
  in_use.endpoints = {WorkerMetrics::pair_key(1, 2)};
  series.hide({2});
  WorkerMetrics shown = metrics;
  series.prune(shown, in_use);
  EXPECT_EQ(shown.upstreams.size(), 1U);
  EXPECT_EQ(shown.endpoints.size(), 0U);
  series.forget({2});
  shown = metrics;
  series.prune(shown, in_use);
  EXPECT_EQ(shown.endpoints.size(), 1U);
}

TEST(WorkerMetricsWalk, CopiesEverythingInBoundedSteps) {
  WorkerMetrics metrics;
  for (NameId id = 0; id < 1000; ++id) {
    metrics.request_started(id);
    metrics.request_finished(id, id + 1, http::Method::get, 200, 0.001);
    ++metrics.endpoint(id, id + 1).responses[2];
  }
  WorkerMetrics whole;
  WorkerMetrics::Walk walk;
  std::size_t steps = 0;
  for (bool done = false; !done; ++steps) {
    WorkerMetrics piece;
    done = metrics.copy_some(piece, walk, 100);
    ASSERT_LE(piece.requests.size() + piece.request_duration.size() + piece.in_flight.size() +
                  piece.endpoints.size(),
              100U);
    whole.merge(piece);
  }
  EXPECT_GE(steps, 40U);
  EXPECT_EQ(whole.requests.size(), 1000U);
  EXPECT_EQ(whole.request_duration.size(), 1000U);
  EXPECT_EQ(whole.in_flight.size(), 1000U);
  EXPECT_EQ(whole.endpoints.size(), 1000U);
}

TEST(StableTable, WhatIsErasedLeavesAPlaceAndTheOthersAreFound) {
  StableTable<std::uint64_t> table;
  std::uint64_t* const kept = &table[5];
  for (std::uint64_t round = 0; round < 50; ++round) {
    for (std::uint64_t key = 1000; key < 1200; ++key) table[key * 64 + round] = key;
    table.keep_if([](std::uint64_t key) { return key == 5 || key % 3 == 0; });
    for (std::uint64_t key = 1000; key < 1200; ++key) {
      const std::uint64_t* const found = table.find(key * 64 + round);
      ASSERT_EQ(found != nullptr, (key * 64 + round) % 3 == 0);
      if (found != nullptr) {
        ASSERT_EQ(*found, key);
      }
    }
    table.keep_if([](std::uint64_t key) { return key == 5; });
    ASSERT_EQ(table.size(), 1U);
  }
  EXPECT_EQ(table.find(5), kept);
  EXPECT_LE(table.places(), 201U);
}

}  // namespace
}  // namespace weir::observe
