// Counters of a worker, their merge, and the table under them.
#include "observe/worker_metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <vector>

#include "core/rng.hpp"
#include "observe/name_table.hpp"

namespace weir::observe {
namespace {

std::uint64_t request_count(const WorkerMetrics& metrics, WorkerMetrics::RequestKey key) {
  const std::uint64_t* found = metrics.requests.find(key.pack());
  return found == nullptr ? 0 : *found;
}

TEST(StableTable, AgreesWithAMapAndKeepsAddresses) {
  Rng rng(7);
  StableTable<std::uint64_t> table;
  std::map<std::uint64_t, std::uint64_t> model;
  std::map<std::uint64_t, std::uint64_t*> addresses;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t key = rng() % 5000 << (rng() % 2 == 0 ? 0 : 48);
    std::uint64_t& value = table[key];
    addresses.try_emplace(key, &value);
    ASSERT_EQ(addresses[key], &value);
    ASSERT_EQ(++value, ++model[key]);
  }
  EXPECT_EQ(table.size(), model.size());
  for (const auto& [key, value] : table) EXPECT_EQ(model.at(key), value);
  EXPECT_EQ(table.find(1u << 20), nullptr);
}

TEST(StableTable, CopiesAreIndependentAndMovesKeepAddresses) {
  StableTable<int> table;
  for (std::uint64_t key = 0; key < 100; ++key) table[key] = static_cast<int>(key);
  StableTable<int> copy = table;
  copy[5] = -1;
  copy[1000] = 1;
  EXPECT_EQ(table[5], 5);
  EXPECT_EQ(table.find(1000), nullptr);
  EXPECT_EQ(*copy.find(99), 99);

  int* const address = table.find(42);
  StableTable<int> moved = std::move(table);
  EXPECT_EQ(moved.find(42), address);
  table = copy;
  EXPECT_EQ(*table.find(5), -1);
  copy = std::move(moved);
  EXPECT_EQ(copy.find(42), address);
  EXPECT_EQ(copy.size(), 100u);
}

TEST(StableTable, AMovedFromTableIsEmptyAndUsable) {
  StableTable<int> table;
  table[1] = 1;
  const StableTable<int> taken = std::move(table);
  EXPECT_EQ(taken.size(), 1u);
  table = {};
  EXPECT_EQ(table.find(1), nullptr);
  table[1] = 2;
  EXPECT_EQ(*table.find(1), 2);
}

TEST(Histogram, BoundsAreInclusiveAndOddValuesCountAsZero) {
  Histogram histogram;
  for (const double bound : duration_bounds) histogram.observe(bound);
  for (std::size_t i = 0; i < duration_bounds.size(); ++i) EXPECT_EQ(histogram.buckets[i], 1u) << i;
  histogram.observe(10.001);
  EXPECT_EQ(histogram.buckets.back(), 1u);
  const double sum = histogram.sum_seconds;
  histogram.observe(-1);
  histogram.observe(std::nan(""));
  EXPECT_EQ(histogram.buckets.front(), 3u);
  EXPECT_EQ(histogram.sum_seconds, sum);
}

TEST(LabelCounters, CountsByValueWithABound) {
  LabelCounters counters;
  ++counters["ok|TLSv1.3"];
  counters["ok|TLSv1.3"] += 2;
  for (int i = 0; i < 1000; ++i) ++counters["value" + std::to_string(i)];
  std::map<std::string, std::uint64_t> seen(counters.begin(), counters.end());
  EXPECT_EQ(seen.size(), LabelCounters::values_max);
  EXPECT_EQ(seen["ok|TLSv1.3"], 3u);
  EXPECT_EQ(counters.total(), 1003u);
  EXPECT_EQ(seen["other"], 1003 - 3 - (LabelCounters::values_max - 2));
}

TEST(WorkerMetrics, RequestKeyPacksEveryField) {
  for (const auto key : {WorkerMetrics::RequestKey{0, 0, http::Method::get, 0},
                         WorkerMetrics::RequestKey{no_name, no_name, http::Method::other, 599},
                         WorkerMetrics::RequestKey{1, 2, http::Method::delete_, 204}}) {
    EXPECT_EQ(WorkerMetrics::RequestKey::unpack(key.pack()), key);
  }
}

TEST(WorkerMetrics, ARequestIsCountedOnce) {
  WorkerMetrics metrics;
  metrics.request_started(3);
  metrics.request_started(3);
  EXPECT_EQ(*metrics.in_flight.find(3), 2);
  metrics.request_finished(3, 4, http::Method::get, 200, 0.002);
  EXPECT_EQ(*metrics.in_flight.find(3), 1);
  EXPECT_EQ(request_count(metrics, {3, 4, http::Method::get, 200}), 1u);
  EXPECT_EQ(request_count(metrics, {4, 3, http::Method::get, 200}), 0u);
  EXPECT_EQ(metrics.request_duration.find(WorkerMetrics::pair_key(3, 4))->buckets[2], 1u);
}

TEST(WorkerMetrics, OddStatusesShareOneSeries) {
  WorkerMetrics metrics;
  for (const int status : {0, -1, 99, 600, 999, 65'736}) {
    metrics.request_finished(1, no_name, http::Method::get, status, 0);
  }
  EXPECT_EQ(request_count(metrics, {1, no_name, http::Method::get, 0}), 6u);
  EXPECT_EQ(metrics.requests.size(), 1u);
}

TEST(WorkerMetrics, SeriesAreBounded) {
  WorkerMetrics metrics;
  for (unsigned route = 0; route < 200; ++route) {
    for (int status = 100; status < 600; ++status) {
      metrics.request_finished(static_cast<NameId>(route), 0, http::Method::get, status, 0);
    }
  }
  std::uint64_t total = 0;
  for (const auto& [key, count] : metrics.requests) total += count;
  EXPECT_EQ(total, 100'000u);
  EXPECT_LE(metrics.requests.size(), WorkerMetrics::request_series_max + 200);
  EXPECT_GT(request_count(metrics, {199, 0, http::Method::other, 0}), 0u);
}

TEST(WorkerMetrics, ReferencesStayValidWhileTablesGrow) {
  WorkerMetrics metrics;
  EndpointCounters& endpoint = metrics.endpoint(1, 2);
  ListenerCounters& listener = metrics.listener(1);
  UpstreamCounters& upstream = metrics.upstream(1);
  for (NameId id = 0; id < 10'000; ++id) {
    metrics.endpoint(id, 0);
    metrics.listener(id);
    metrics.upstream(id);
  }
  EXPECT_EQ(&endpoint, &metrics.endpoint(1, 2));
  EXPECT_EQ(&listener, &metrics.listener(1));
  EXPECT_EQ(&upstream, &metrics.upstream(1));
}

WorkerMetrics sample(int scale) {
  WorkerMetrics metrics;
  for (int i = 0; i < scale; ++i) {
    metrics.request_started(1);
    metrics.request_started(1);
    metrics.request_finished(1, 2, http::Method::post, 502, 0.3);
  }
  auto& endpoint = metrics.endpoint(2, 3);
  endpoint.responses[5] += static_cast<std::uint64_t>(scale);
  endpoint.active += scale;
  endpoint.idle += 2 * scale;
  endpoint.duration.observe(scale);
  endpoint.failures["connect_refused"] += static_cast<std::uint64_t>(scale);
  endpoint.ejections["consecutive_failures"] += 1;
  auto& listener = metrics.listener(4);
  listener.connections_total += static_cast<std::uint64_t>(scale);
  listener.active -= scale;
  listener.refused_total += 1;
  listener.refused_clients += 3;
  listener.old_connections += 4;
  listener.old_tunnels += 5;
  ++listener.handshakes["ok|TLSv1.3"];
  listener.http2.connections_total += 1;
  ++listener.http2.closed["client_reset"];
  listener.http2.refused_streams += 2;
  listener.http2.malformed_streams += 3;
  listener.http2.late_streams += 4;
  metrics.upstream(2).retries_succeeded += 1;
  metrics.upstream(2).retries_failed += 2;
  metrics.upstream(2).stale_retries += 3;
  metrics.upstream(2).unprocessed_retries += 7;
  metrics.upstream(2).retries_over_budget += 4;
  metrics.upstream(2).retries_without_endpoint += 5;
  metrics.upstream(2).retries_without_room += 6;
  metrics.upstream(2).queue = {4, 5, 6, 7, 8, 9};
  metrics.upstream(2).refused_max_requests = 8;
  metrics.upstream(2).refused_endpoint_busy = 9;
  metrics.upstream(2).to_backups = 10;
  metrics.upstream(2).to_other_zones = 11;
  metrics.refused(1).access_denied += 4;
  metrics.refused(1).max_in_flight += 5;
  metrics.access_log_dropped_lines = 5;
  metrics.accept_backoffs = 6;
  for (std::size_t i = 0; i < shed_count; ++i) {
    metrics.shed(static_cast<Shed>(i), static_cast<limit::Bound>(i)) = 7 + i;
  }
  metrics.log_lines_withheld = 8;
  return metrics;
}

TEST(WorkerMetrics, MergeAddsEverything) {
  WorkerMetrics merged;
  merged.merge(sample(1));
  merged.merge(sample(10));
  EXPECT_EQ(request_count(merged, {1, 2, http::Method::post, 502}), 11u);
  EXPECT_EQ(merged.in_flight[1], 11);
  EXPECT_EQ(merged.request_duration[WorkerMetrics::pair_key(1, 2)].buckets[9], 11u);
  EXPECT_NEAR(merged.request_duration[WorkerMetrics::pair_key(1, 2)].sum_seconds, 3.3, 1e-9);
  const EndpointCounters& endpoint = merged.endpoint(2, 3);
  EXPECT_EQ(endpoint.responses[5], 11u);
  EXPECT_EQ(endpoint.requests_total(), 11u);
  EXPECT_EQ(endpoint.active, 11);
  EXPECT_EQ(endpoint.idle, 22);
  EXPECT_EQ(endpoint.failures.total(), 11u);
  EXPECT_EQ(endpoint.ejections.total(), 2u);
  EXPECT_EQ(endpoint.duration.sum_seconds, 11);
  const UpstreamCounters& upstream = merged.upstream(2);
  EXPECT_EQ(upstream.queue.served, 8u);
  EXPECT_EQ(upstream.queue.timeout, 10u);
  EXPECT_EQ(upstream.queue.full, 12u);
  EXPECT_EQ(upstream.queue.shed, 14u);
  EXPECT_EQ(upstream.queue.left, 16u);
  EXPECT_EQ(upstream.queue.no_endpoint, 18u);
  EXPECT_EQ(upstream.refused_max_requests, 16u);
  EXPECT_EQ(upstream.refused_endpoint_busy, 18u);
  EXPECT_EQ(upstream.to_backups, 20u);
  EXPECT_EQ(upstream.to_other_zones, 22u);
  EXPECT_EQ(merged.refused(1).access_denied, 8u);
  EXPECT_EQ(merged.refused(1).max_in_flight, 10u);
  const ListenerCounters& listener = merged.listener(4);
  EXPECT_EQ(listener.connections_total, 11u);
  EXPECT_EQ(listener.active, -11);
  EXPECT_EQ(listener.refused_total, 2u);
  EXPECT_EQ(listener.refused_clients, 6u);
  EXPECT_EQ(listener.old_connections, 8u);
  EXPECT_EQ(listener.old_tunnels, 10u);
  EXPECT_EQ(listener.handshakes.total(), 2u);
  EXPECT_EQ(listener.http2.connections_total, 2u);
  EXPECT_EQ(listener.http2.closed.total(), 2u);
  EXPECT_EQ(listener.http2.refused_streams, 4u);
  EXPECT_EQ(listener.http2.malformed_streams, 6u);
  EXPECT_EQ(listener.http2.late_streams, 8u);
  EXPECT_EQ(merged.upstream(2).retries_succeeded, 2u);
  EXPECT_EQ(merged.upstream(2).retries_failed, 4u);
  EXPECT_EQ(merged.upstream(2).stale_retries, 6u);
  EXPECT_EQ(merged.upstream(2).unprocessed_retries, 14u);
  EXPECT_EQ(merged.upstream(2).retries_over_budget, 8u);
  EXPECT_EQ(merged.upstream(2).retries_without_endpoint, 10u);
  EXPECT_EQ(merged.upstream(2).retries_without_room, 12u);
  EXPECT_EQ(merged.access_log_dropped_lines, 10u);
  EXPECT_EQ(merged.accept_backoffs, 12u);
  EXPECT_EQ(merged.shed(Shed::keep_alive, limit::Bound::connections), 14u);
  EXPECT_EQ(merged.shed(Shed::idle_connection, limit::Bound::descriptors), 16u);
  EXPECT_EQ(merged.shed(Shed::new_connection, limit::Bound::memory), 18u);
  EXPECT_EQ(merged.shed(Shed::new_connection, limit::Bound::connections), 0u);
  EXPECT_EQ(merged.log_lines_withheld, 16u);
}

TEST(WorkerMetrics, MergeOfACopyLeavesTheOriginalAlone) {
  const WorkerMetrics original = sample(3);
  WorkerMetrics copy = original;
  copy.merge(original);
  EXPECT_EQ(request_count(original, {1, 2, http::Method::post, 502}), 3u);
  EXPECT_EQ(request_count(copy, {1, 2, http::Method::post, 502}), 6u);
}

TEST(NameTable, StableIdsAndAsManyAsThereAreNames) {
  NameTable table;
  const NameId api = table.intern("api");
  EXPECT_EQ(table.intern("api"), api);
  EXPECT_NE(table.intern("blue"), api);
  EXPECT_EQ(table.intern(""), no_name);
  EXPECT_EQ(table.find("api"), api);
  EXPECT_EQ(table.find("never seen"), no_name);
  EXPECT_EQ(table.name(api), "api");
  EXPECT_EQ(table.name(no_name), "");
  EXPECT_EQ(table.name(777), "");
  for (int i = 0; i < 70'000; ++i) table.intern("name" + std::to_string(i));
  const NameId more = table.intern("one more");
  EXPECT_EQ(table.name(more), "one more");
  EXPECT_EQ(table.name(no_name), "");
  EXPECT_EQ(table.intern("api"), api);
}

TEST(NameTable, WhatIsReleasedIsGivenOutAgain) {
  NameTable table;
  const NameId old = table.intern("old");
  table.retire(old);
  const NameId other = table.intern("other");
  EXPECT_NE(other, old) << "some worker may still count under it";
  EXPECT_EQ(table.find("old"), no_name);
  EXPECT_EQ(table.name(old), "old");
  table.release(old);
  table.release(other);  // was not retired
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(table.intern("new"), old);
  EXPECT_EQ(table.name(other), "other");
}

}  // namespace
}  // namespace weir::observe
