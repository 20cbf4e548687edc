#include "core/uuid.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace weir {
namespace {

bool is_lower_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string uuid(std::uint64_t unix_ms, Rng& rng) {
  std::string text(uuid_length + 1, '#');
  write_uuid_v7(unix_ms, rng, text.data());
  EXPECT_EQ(text.back(), '#') << "wrote past the end";
  text.pop_back();
  return text;
}

std::string traceparent(Rng& rng) {
  std::string text(traceparent_length + 1, '#');
  write_traceparent(rng, text.data());
  EXPECT_EQ(text.back(), '#') << "wrote past the end";
  text.pop_back();
  return text;
}

TEST(Uuid, HasTheFormOfVersion7) {
  Rng rng(1);
  for (int i = 0; i < 1'000; ++i) {
    const std::string text = uuid(0x0123456789abull, rng);
    ASSERT_EQ(text.size(), 36u);
    for (const std::size_t dash : {8u, 13u, 18u, 23u}) ASSERT_EQ(text[dash], '-');
    std::string digits = text;
    std::erase(digits, '-');
    ASSERT_EQ(digits.size(), 32u);
    ASSERT_TRUE(is_lower_hex(digits));
    ASSERT_EQ(text[14], '7');
    ASSERT_NE(std::string_view("89ab").find(text[19]), std::string_view::npos) << text;
  }
}

TEST(Uuid, CarriesTheMillisecondsBigEndian) {
  Rng rng(1);
  // RFC 9562 A.6: 2022-02-22T19:22:22Z.
  EXPECT_EQ(uuid(0x017F22E279B0ull, rng).substr(0, 13), "017f22e2-79b0");
  EXPECT_EQ(uuid(0, rng).substr(0, 13), "00000000-0000");
  EXPECT_EQ(uuid(0xffffffffffffull, rng).substr(0, 13), "ffffffff-ffff");
}

TEST(Uuid, SortsByTime) {
  Rng rng(7);
  std::string before;
  for (std::uint64_t ms = 1'700'000'000'000; ms < 1'700'000'001'000; ++ms) {
    std::string now = uuid(ms, rng);
    EXPECT_LT(before, now);
    before = std::move(now);
  }
}

TEST(Uuid, EveryRandomBitVaries) {
  Rng rng(3);
  std::string low(uuid_length, '\0');
  std::string high(uuid_length, '\0');
  for (auto& c : low) c = '~';
  for (int i = 0; i < 2'000; ++i) {
    const std::string text = uuid(0, rng);
    for (std::size_t at = 0; at < uuid_length; ++at) {
      low[at] = std::min(low[at], text[at]);
      high[at] = std::max(high[at], text[at]);
    }
  }
  for (std::size_t at = 15; at < uuid_length; ++at) {
    if (at == 18 || at == 23) continue;
    EXPECT_EQ(low[at], at == 19 ? '8' : '0') << at;
    EXPECT_EQ(high[at], at == 19 ? 'b' : 'f') << at;
  }
}

TEST(Uuid, SameSeedSameIdsOtherSeedOthers) {
  Rng one(42), same(42), other(43);
  const std::string first = uuid(5, one);
  EXPECT_EQ(first, uuid(5, same));
  EXPECT_NE(first, uuid(5, other));
}

TEST(Uuid, ManyInOneMillisecondAreDistinct) {
  Rng rng(9);
  std::set<std::string> seen;
  for (int i = 0; i < 20'000; ++i) EXPECT_TRUE(seen.insert(uuid(1, rng)).second);
}

TEST(Traceparent, HasTheFormOfVersion00) {
  Rng rng(11);
  std::set<std::string> seen;
  for (int i = 0; i < 2'000; ++i) {
    const std::string text = traceparent(rng);
    ASSERT_EQ(text.size(), 55u);
    EXPECT_EQ(text.substr(0, 3), "00-");
    EXPECT_EQ(text[35], '-');
    EXPECT_EQ(text.substr(52), "-01");
    EXPECT_TRUE(is_lower_hex(text.substr(3, 32)));
    EXPECT_TRUE(is_lower_hex(text.substr(36, 16)));
    EXPECT_NE(text.substr(3, 32), std::string(32, '0'));
    EXPECT_NE(text.substr(36, 16), std::string(16, '0'));
    EXPECT_TRUE(seen.insert(text).second);
  }
}

}  // namespace
}  // namespace weir
