// Buckets that grow by a tenth, and their quantiles.
#include "rollout/histogram.hpp"

#include <gtest/gtest.h>

namespace weir::rollout {
namespace {

TEST(RolloutHistogram, ATimeIsInTheFirstBucketWhoseBoundIsNotBelow) {
  for (Bucket bucket = 0; bucket < bucket_count - 1; ++bucket) {
    EXPECT_EQ(bucket_of(bucket_bound(bucket)), bucket);
    EXPECT_EQ(bucket_of(bucket_bound(bucket) + Microseconds{1}), bucket + 1);
    if (bucket == 0) continue;
    const double growth = static_cast<double>(bucket_bound(bucket).count()) /
                          static_cast<double>(bucket_bound(static_cast<Bucket>(bucket - 1)).count());
    EXPECT_NEAR(growth, 1.1, 0.01);
  }
  EXPECT_EQ(bucket_of(Microseconds{0}), 0);
  EXPECT_EQ(bucket_of(Microseconds{-5}), 0);
  EXPECT_EQ(std::size_t{bucket_of(std::chrono::hours{1})}, bucket_count - 1);
  EXPECT_GT(bucket_bound(bucket_count - 2), std::chrono::seconds{90});
}

TEST(RolloutHistogram, EveryTimeIsAboveTheBoundBeforeItsBucket) {
  std::int64_t last = 0;
  for (std::int64_t us = 1; us < 200'000'000; us += 1 + us / 97) {
    const Bucket bucket = bucket_of(Microseconds{us});
    EXPECT_GE(bucket, last);
    if (std::size_t{bucket} < bucket_count - 1) {
      EXPECT_LE(us, bucket_bound(bucket).count());
    }
    if (bucket > 0) {
      EXPECT_GT(us, bucket_bound(static_cast<Bucket>(bucket - 1)).count());
    }
    last = bucket;
  }
  EXPECT_EQ(std::size_t{bucket_of(Microseconds::max())}, bucket_count - 1);
}

TEST(RolloutHistogram, QuantilesAreOfWhatIsThere) {
  Histogram histogram;
  EXPECT_FALSE(histogram.quantile(95));
  histogram.add(10, 95);
  histogram.add(20, 4);
  histogram.add(30);
  EXPECT_EQ(histogram.quantile(50), 10);
  EXPECT_EQ(histogram.quantile(95), 10);
  EXPECT_EQ(histogram.quantile(96), 20);
  EXPECT_EQ(histogram.quantile(99), 20);
  EXPECT_EQ(histogram.above(10), 5u);
  EXPECT_EQ(histogram.above(20), 1u);
  EXPECT_EQ(histogram.above(bucket_count - 1), 0u);
}

TEST(RolloutHistogram, Adds) {
  Histogram one, other;
  one.add(3);
  other.add(3, 2);
  other.add(4);
  one += other;
  EXPECT_EQ(one.counts[3], 3u);
  EXPECT_EQ(one.total(), 4u);
}

}  // namespace
}  // namespace weir::rollout
