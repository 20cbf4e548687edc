// Several limits on one request: all must admit it, and a refusal by one takes no token from the others. The
// groups that hold the keys are locked together, in the order of their addresses, looked at, and only then
// written. Any thread; time is passed in; no allocation.
#pragma once

#include <cstdint>
#include <span>

#include "limit/bucket_table.hpp"

namespace weir::limit {

inline constexpr std::size_t demands_max = 8;  // limits on one route

/// One limit that a request meets, and what came of it.
struct Demand {
  Demand(BucketTable& buckets, std::uint64_t key_hash, bool has_no_say)
      : table(&buckets), hash(key_hash), shadow(has_no_say) {}

  BucketTable* table;  // each table once
  std::uint64_t hash;  // of the key (key.hpp)
  bool shadow;         // takes a token where there is one and the request is admitted, and never refuses

  // Filled in by take_all.
  bool has_token = false;  // on arrival
  TokenBucket bucket;
  FullAt state;  // afterwards

  std::uint64_t tokens(Nanoseconds now) const { return bucket.tokens(state, now); }
  Nanoseconds until_next(Nanoseconds now) const { return bucket.until_next(state, now); }
};

/// Takes a token for each demand, or none at all. True when every demand without `shadow` had one. At most
/// demands_max.
bool take_all(std::span<Demand> demands, Nanoseconds now);

}  // namespace weir::limit
