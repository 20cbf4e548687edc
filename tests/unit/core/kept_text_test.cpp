#include "core/kept_text.hpp"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(KeptText, KeepsAUsualCapacityAndGivesALargeOneBack) {
  std::string text(kept_text_bytes_max / 2, 'x');
  empty_text(text);
  EXPECT_EQ(text, "");
  EXPECT_GE(text.capacity(), kept_text_bytes_max / 2);
  text.assign(10 * kept_text_bytes_max, 'x');
  empty_text(text);
  EXPECT_EQ(text, "");
  EXPECT_LE(text.capacity(), std::string().capacity());
}

TEST(KeptText, FreesAll) {
  std::string text(1000, 'x');
  free_text(text);
  EXPECT_LE(text.capacity(), std::string().capacity());
}

}  // namespace
}  // namespace weir
