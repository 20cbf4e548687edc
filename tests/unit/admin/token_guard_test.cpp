// How many wrong tokens an address has in a second, and what a table full of addresses does.
#include "admin/token_guard.hpp"

#include <gtest/gtest.h>

namespace weir::control {
namespace {

constexpr TimePoint start{std::chrono::hours(1)};

IpAddress address(const std::string& text) {
  return IpAddress::parse(text).value();
}

IpAddress numbered(std::size_t i) {
  return address("10.1." + std::to_string(i / 256) + "." + std::to_string(i % 256));
}

TEST(TokenGuard, BlocksAfterFiveInASecondUntilItIsOver) {
  TokenGuard guard;
  const IpAddress guesser = address("192.0.2.1");
  for (unsigned i = 1; i <= TokenGuard::wrong_max; ++i) {
    EXPECT_FALSE(guard.is_blocked(guesser, start));
    EXPECT_EQ(guard.count_wrong(guesser, start), i == TokenGuard::wrong_max);
  }
  EXPECT_TRUE(guard.is_blocked(guesser, start + Milliseconds(999)));
  EXPECT_FALSE(guard.is_blocked(address("192.0.2.2"), start)) << "others are not";
  EXPECT_FALSE(guard.is_blocked(guesser, start + Milliseconds(1000)));
  EXPECT_FALSE(guard.count_wrong(guesser, start + Milliseconds(1000))) << "the first of another second";
}

TEST(TokenGuard, FewWrongOnesASecondNeverBlock) {
  TokenGuard guard;
  const IpAddress typist = address("192.0.2.1");
  for (int i = 0; i < 100; ++i) {
    guard.count_wrong(typist, start + i * Milliseconds(300));
    EXPECT_FALSE(guard.is_blocked(typist, start + i * Milliseconds(300))) << i;
  }
}

TEST(TokenGuard, ANetworkOfIpv6IsOneAddress) {
  TokenGuard guard;
  for (unsigned i = 0; i < TokenGuard::wrong_max; ++i)
    guard.count_wrong(address("2001:db8:0:1::" + std::to_string(i + 1)), start);
  EXPECT_TRUE(guard.is_blocked(address("2001:db8:0:1:ffff::9"), start));
  EXPECT_FALSE(guard.is_blocked(address("2001:db8:0:2::1"), start));
}

TEST(TokenGuard, AFullTableForgetsWhatIsOverAndSharesTheRest) {
  TokenGuard guard;
  for (std::size_t i = 0; i < TokenGuard::addresses_max; ++i) guard.count_wrong(numbered(i), start);
  EXPECT_EQ(guard.size(), TokenGuard::addresses_max);
  const IpAddress late = address("192.0.2.1"), later = address("192.0.2.2");
  for (unsigned i = 0; i < TokenGuard::wrong_max; ++i) guard.count_wrong(late, start);
  EXPECT_EQ(guard.size(), TokenGuard::addresses_max);
  EXPECT_TRUE(guard.is_blocked(late, start));
  EXPECT_TRUE(guard.is_blocked(later, start)) << "they share a place";
  EXPECT_FALSE(guard.is_blocked(numbered(0), start)) << "who is in the table does not";
  guard.count_wrong(late, start + Milliseconds(1000));
  EXPECT_EQ(guard.size(), 1u);
}

}  // namespace
}  // namespace weir::control
