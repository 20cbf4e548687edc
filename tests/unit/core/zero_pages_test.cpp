#include "core/zero_pages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <span>

namespace weir {
namespace {

TEST(ZeroPages, AreZeroAndStartOnAPage) {
  const ZeroPages pages(10'000);
  ASSERT_TRUE(pages.valid());
  EXPECT_EQ(pages.bytes(), 10'000u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pages.data()) % 4096, 0u);
  const std::span<unsigned char> bytes(static_cast<unsigned char*>(pages.data()), pages.bytes());
  EXPECT_TRUE(std::ranges::all_of(bytes, [](unsigned char byte) { return byte == 0; }));
  bytes.back() = 1;
}

TEST(ZeroPages, Move) {
  ZeroPages first(4096);
  void* const data = first.data();
  ZeroPages second(std::move(first));
  EXPECT_FALSE(first.valid());  // NOLINT: that is what is asked
  EXPECT_EQ(second.data(), data);
  ZeroPages third;
  EXPECT_FALSE(third.valid());
  third = std::move(second);
  EXPECT_EQ(third.data(), data);
}

TEST(ZeroPages, SayWhenThereIsNoRoom) {
  EXPECT_FALSE(ZeroPages(std::size_t{1} << 62).valid());
}

TEST(ZeroPages, CostNothingUntilTouched) {
  const ZeroPages pages(std::size_t{1} << 36);  // more than the machine has
  EXPECT_TRUE(pages.valid());
}

}  // namespace
}  // namespace weir
