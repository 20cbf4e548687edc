// Series of what left the configuration go from /metrics, neither too early nor for ever.
#include "observe/series_life.hpp"

#include <gtest/gtest.h>

namespace weir::observe {
namespace {

constexpr NameId api = 1, old_route = 2, blue = 3, old_upstream = 4, web = 5, old_listener = 6, limit = 7,
                 place = 8, old_place = 9;
constexpr auto pair_key = WorkerMetrics::pair_key;

NamesInUse only_the_new() {
  NamesInUse in_use;
  in_use.routes = {api};
  in_use.upstreams = {blue};
  in_use.listeners = {web};
  in_use.endpoints = {pair_key(blue, place)};
  return in_use;
}

NamesInUse all() {
  NamesInUse in_use = only_the_new();
  in_use.routes.push_back(old_route);
  in_use.upstreams.push_back(old_upstream);
  in_use.listeners.push_back(old_listener);
  in_use.limits.push_back(limit);
  in_use.endpoints.push_back(pair_key(old_upstream, old_place));
  in_use.endpoints.push_back(pair_key(blue, old_place));
  return in_use;
}

void serve(WorkerMetrics& metrics, NameId route, NameId upstream) {
  metrics.request_started(route);
  metrics.request_finished(route, upstream, http::Method::get, 200, 0.001);
}

WorkerMetrics counted() {
  WorkerMetrics metrics;
  for (const NameId route : {api, old_route, no_name}) {
    for (const NameId upstream : {blue, old_upstream, no_name}) {
      serve(metrics, route, upstream);
      ++metrics.mirrored(route, upstream).by_outcome[0];
      metrics.split_chosen(route, upstream, 0);
    }
    ++metrics.refused(route).access_denied;
    ++metrics.limit(limit, route).refused;
  }
  for (const NameId upstream : {blue, old_upstream}) {
    ++metrics.upstream(upstream).to_backups;
    for (const NameId where : {place, old_place}) ++metrics.endpoint(upstream, where).responses[2];
  }
  ++metrics.listener(web).connections_total;
  ++metrics.listener(old_listener).connections_total;
  return metrics;
}

/// After so many scrapes, each of a fresh copy.
WorkerMetrics scraped(SeriesLife& life, const WorkerMetrics& metrics, const NamesInUse& in_use,
                      std::uint64_t scrapes = 1) {
  WorkerMetrics copy;
  for (std::uint64_t i = 0; i < scrapes; ++i) {
    copy = metrics;
    life.prune(copy, in_use);
  }
  return copy;
}

TEST(SeriesLife, WhatIsInUseStays) {
  SeriesLife life;
  const WorkerMetrics metrics = counted();
  const WorkerMetrics shown = scraped(life, metrics, all(), 50);
  EXPECT_EQ(shown.requests.size(), metrics.requests.size());
  EXPECT_EQ(shown.limits.size(), metrics.limits.size());
  EXPECT_EQ(shown.listeners.size(), 2u);
  EXPECT_EQ(shown.endpoints.size(), 3u) << "one of the four was never in use; it leaves";
}

TEST(SeriesLife, WhatLeftIsShownForSomeScrapesAndThenGone) {
  SeriesLife life;
  const WorkerMetrics metrics = counted();
  scraped(life, metrics, all());
  WorkerMetrics shown = scraped(life, metrics, only_the_new(), SeriesLife::scrapes_after);
  EXPECT_EQ(shown.requests.size(), metrics.requests.size());
  shown = scraped(life, metrics, only_the_new());
  EXPECT_EQ(shown.requests.size(), 4u) << "route api and none, by upstream blue and none";
  EXPECT_EQ(shown.request_duration.size(), 4u);
  EXPECT_EQ(shown.in_flight.size(), 2u);
  EXPECT_EQ(shown.mirrors.size(), 4u);
  EXPECT_EQ(shown.splits.size(), 4u);
  EXPECT_EQ(shown.refusals.size(), 2u);
  EXPECT_EQ(shown.limits.size(), 0u);
  EXPECT_EQ(shown.upstreams.size(), 1u);
  EXPECT_EQ(shown.endpoints.size(), 1u);
  EXPECT_EQ(shown.listeners.size(), 1u);
  ASSERT_NE(shown.request_duration.find(pair_key(api, blue)), nullptr);
  EXPECT_EQ(shown.request_duration.find(pair_key(old_route, blue)), nullptr);
}

TEST(SeriesLife, WhatComesBackGoesOnCounting) {
  SeriesLife life;
  WorkerMetrics metrics = counted();
  scraped(life, metrics, all());
  scraped(life, metrics, only_the_new(), 2 * SeriesLife::scrapes_after);
  serve(metrics, old_route, old_upstream);
  const WorkerMetrics shown = scraped(life, metrics, all());
  const WorkerMetrics::RequestKey key{old_route, old_upstream, http::Method::get, 200};
  ASSERT_NE(shown.requests.find(key.pack()), nullptr);
  EXPECT_EQ(*shown.requests.find(key.pack()), 2u);
}

TEST(SeriesLife, WhatIsUnderWayStaysUntilItEnds) {
  SeriesLife life;
  WorkerMetrics metrics = counted();
  scraped(life, metrics, all());
  metrics.request_started(old_route);
  ++metrics.endpoint(old_upstream, old_place).active;
  ++metrics.listener(old_listener).active;
  const WorkerMetrics busy = scraped(life, metrics, only_the_new(), 5 * SeriesLife::scrapes_after);
  ASSERT_NE(busy.in_flight.find(old_route), nullptr);
  EXPECT_EQ(*busy.in_flight.find(old_route), 1);
  EXPECT_NE(busy.request_duration.find(pair_key(old_route, old_upstream)), nullptr);
  EXPECT_EQ(busy.listeners.size(), 2u);
  metrics.request_finished(old_route, old_upstream, http::Method::get, 200, 0.001);
  --metrics.endpoint(old_upstream, old_place).active;
  --metrics.listener(old_listener).active;
  const WorkerMetrics ended = scraped(life, metrics, only_the_new());
  EXPECT_NE(ended.in_flight.find(old_route), nullptr) << "its last count must be seen";
  const WorkerMetrics gone = scraped(life, metrics, only_the_new(), SeriesLife::scrapes_after);
  EXPECT_EQ(gone.in_flight.find(old_route), nullptr);
  EXPECT_EQ(gone.listeners.size(), 1u);
}

TEST(SeriesLife, WhatCameAndWentBetweenTwoScrapesIsShownAsWell) {
  SeriesLife life;
  const WorkerMetrics metrics = counted();
  EXPECT_EQ(scraped(life, metrics, only_the_new()).requests.size(), metrics.requests.size());
}

}  // namespace
}  // namespace weir::observe
