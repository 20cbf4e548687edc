#include "config/shares.hpp"

#include <gtest/gtest.h>

namespace weir::config {
namespace {

TEST(Shares, Percent) {
  EXPECT_EQ(parse_percent("0"), 0U);
  EXPECT_EQ(parse_percent("1"), 10'000U);
  EXPECT_EQ(parse_percent("0.5"), 5'000U);
  EXPECT_EQ(parse_percent("33.3333"), 333'333U);
  EXPECT_EQ(parse_percent("0.0001"), 1U);
  EXPECT_EQ(parse_percent("12.50"), 125'000U);
  EXPECT_EQ(parse_percent("007"), 70'000U);
  EXPECT_EQ(parse_percent("100"), 1'000'000U);
  EXPECT_EQ(parse_percent("100.0"), 1'000'000U);
}

TEST(Shares, NothingElse) {
  for (const auto* text : {"", ".", "1.", ".5", "-1", "+1", "1e1", "100.0001", "101", "1000", "0.00001",
                           "10%", "1,5", " 1", "1 ", "1.2.3", "a", "0x1", "99999999999999999999"}) {
    EXPECT_EQ(parse_percent(text), std::nullopt) << text;
  }
}

TEST(Shares, WhatIsWrittenReadsBack) {
  EXPECT_EQ(format_percent(0), "0");
  EXPECT_EQ(format_percent(5'000), "0.5");
  EXPECT_EQ(format_percent(1), "0.0001");
  EXPECT_EQ(format_percent(125'000), "12.5");
  EXPECT_EQ(format_percent(1'000'000), "100");
  for (std::uint32_t share = 0; share <= 1'000'000; share += 7) {
    EXPECT_EQ(parse_percent(format_percent(share)), share);
  }
}

}  // namespace
}  // namespace weir::config
