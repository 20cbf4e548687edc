// Short ways to make tables and to ask them.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "limit/limiter.hpp"

namespace weir::limit {

inline constexpr Nanoseconds second = 1'000'000'000;
inline constexpr Nanoseconds start = 5'000 * second;

inline TokenBucket per_second(std::uint64_t count, std::uint64_t burst) {
  return TokenBucket::make(count, std::chrono::seconds(1), burst).value();
}

inline std::shared_ptr<BucketTable> table_of(std::size_t keys, const TokenBucket& bucket) {
  auto table = BucketTable::make(keys, {1, 2}, bucket);
  EXPECT_TRUE(table);
  return table;
}

/// Keys as KeyRule makes them: spread over all 64 bits.
inline std::uint64_t hash_of(std::uint64_t number) {
  TableHash hash({3, 4});
  hash.add(number);
  return hash.finish();
}

inline Demand ask(BucketTable& table, std::uint64_t key, Nanoseconds now) {
  Demand demand(table, hash_of(key), false);
  take_all({&demand, 1}, now);
  return demand;
}

}  // namespace weir::limit
