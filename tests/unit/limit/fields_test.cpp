#include "limit/fields.hpp"

#include <gtest/gtest.h>

namespace weir::limit {
namespace {

using namespace std::chrono_literals;

TEST(LimitFields, ThePolicyIsTheBurstAndTheTimeThatItTakesToFill) {
  EXPECT_EQ(policy_member("api", TokenBucket::make(10, 1s, 20).value()), "\"api\";q=20;w=2");
  EXPECT_EQ(policy_member("fast", TokenBucket::make(1'000, 1s, 20).value()), "\"fast\";q=20;w=1");  // never 0
  EXPECT_EQ(policy_member("slow", TokenBucket::make(7, 1min, 1).value()), "\"slow\";q=1;w=9");
}

TEST(LimitFields, TheLimitIsWhatIsLeftAndTheSecondsUntilThereIsMore) {
  std::string out = "x";
  append_limit_member(out, "api", 19, 1);
  append_limit_member(out, "b", 0, 2'000'000'000);
  append_limit_member(out, "c", 5, 0);
  EXPECT_EQ(out, "x\"api\";r=19;t=1\"b\";r=0;t=2\"c\";r=5;t=0");
}

TEST(LimitFields, SecondsAreRoundedUp) {
  EXPECT_EQ(seconds_of(0), 0u);
  EXPECT_EQ(seconds_of(1), 1u);
  EXPECT_EQ(seconds_of(1'000'000'000), 1u);
  EXPECT_EQ(seconds_of(1'000'000'001), 2u);
}

}  // namespace
}  // namespace weir::limit
