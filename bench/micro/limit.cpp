// Rate limits: a check against a table that holds a million keys, on one thread and on two, and what the
// steps around it cost. What a table takes per key stands in the column `bytes_per_key`.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/rng.hpp"
#include "limit/key.hpp"
#include "limit/limiter.hpp"
#include "measure.hpp"

namespace weir::bench {
namespace {

constexpr std::size_t million = 1'000'000;
constexpr limit::Nanoseconds second = 1'000'000'000;
constexpr limit::Nanoseconds begin = 1'000 * second;

limit::TokenBucket tokens(std::uint64_t count, std::uint64_t burst) {
  return limit::TokenBucket::make(count, std::chrono::seconds(1), burst).value();
}

std::uint64_t hash_of(std::uint64_t number) {
  TableHash hash({1, 2});
  hash.add(number);
  return hash.finish();
}

bool check(limit::BucketTable& table, std::uint64_t hash, limit::Nanoseconds now) {
  limit::Demand demand(table, hash, false);
  return limit::take_all({&demand, 1}, now);
}

/// A table that holds a million keys, none of them full.
limit::BucketTable& million_keys() {
  static const std::shared_ptr<limit::BucketTable> table = [] {
    auto made = limit::BucketTable::make(million, {1, 2}, tokens(1, 1'000'000));
    for (std::uint64_t key = 0; key < million; ++key) check(*made, hash_of(key), begin);
    return made;
  }();
  return *table;
}

/// Random ones of a million known keys; every thread asks about its own.
void limit_check_of_a_million_keys(benchmark::State& state) {
  limit::BucketTable& table = million_keys();
  const auto threads = static_cast<std::uint64_t>(state.threads());
  const auto index = static_cast<std::uint64_t>(state.thread_index());
  Rng rng(index);
  std::vector<std::uint64_t> hashes(million / threads);
  for (std::size_t i = 0; i < hashes.size(); ++i) hashes[i] = hash_of(i * threads + index);
  std::shuffle(hashes.begin(), hashes.end(), rng);
  std::size_t at = 0;
  measure(state, [&] { benchmark::DoNotOptimize(check(table, hashes[at++ % hashes.size()], begin)); });
  state.counters["bytes_per_key"] = benchmark::Counter(
      static_cast<double>(table.bytes()) / static_cast<double>(million), benchmark::Counter::kAvgThreads);
}
BENCHMARK(limit_check_of_a_million_keys)->Threads(1)->Threads(2)->UseRealTime();

/// The abusive client: always the same key, refused.
void limit_refusal(benchmark::State& state) {
  const auto table = limit::BucketTable::make(million, {1, 2}, tokens(1, 1));
  measure(state, [&] { benchmark::DoNotOptimize(check(*table, hash_of(1), begin)); });
}
BENCHMARK(limit_refusal);

/// A flood of keys that were never seen, into a table that is full of others.
void limit_flood_of_new_keys(benchmark::State& state) {
  const auto table = limit::BucketTable::make(million / 10, {1, 2}, tokens(1, 10));
  std::uint64_t key = 0;
  for (; key < million / 5; ++key) check(*table, hash_of(key), begin);
  measure(state, [&] { benchmark::DoNotOptimize(check(*table, hash_of(++key), begin)); });
}
BENCHMARK(limit_flood_of_new_keys);

/// Three limits that must all admit.
void limit_three_at_once(benchmark::State& state) {
  std::vector<std::shared_ptr<limit::BucketTable>> tables;
  tables.reserve(3);
  for (int i = 0; i < 3; ++i)
    tables.push_back(limit::BucketTable::make(million, {1, 2}, tokens(1, 1'000'000'000 / 4)));
  std::uint64_t key = 0;
  measure(state, [&] {
    const std::uint64_t hash = hash_of(++key % 1'000);
    limit::Demand demands[] = {
        {*tables[0], hash, false}, {*tables[1], hash, false}, {*tables[2], hash, false}};
    benchmark::DoNotOptimize(limit::take_all(demands, begin));
  });
}
BENCHMARK(limit_three_at_once);

void limit_key_of_an_address(benchmark::State& state) {
  const limit::KeyRule rule{config::RateLimit()};
  const IpAddress ip = *IpAddress::parse("2001:db8::1");
  const std::vector<http::Field> fields;
  measure(state, [&] {
    benchmark::DoNotOptimize(rule.key_of({ip, "api.example.com", "/v1/items", "api", fields}, {1, 2}).hash);
  });
}
BENCHMARK(limit_key_of_an_address);

/// What the RateLimit field needs.
void limit_tokens_and_wait(benchmark::State& state) {
  const limit::TokenBucket bucket = tokens(7, 20);
  limit::FullAt full = bucket.take({}, begin);
  measure(state, [&] {
    benchmark::DoNotOptimize(full);
    benchmark::DoNotOptimize(bucket.tokens(full, begin) + bucket.until_next(full, begin));
  });
}
BENCHMARK(limit_tokens_and_wait);

}  // namespace
}  // namespace weir::bench
