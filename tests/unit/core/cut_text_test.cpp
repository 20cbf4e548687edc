// Texts are cut between characters.
#include "core/cut_text.hpp"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(CutText, NeverInsideACharacter) {
  EXPECT_EQ(cut_text("abc", 3), "abc");
  EXPECT_EQ(cut_text("abcd", 3), "abc");
  EXPECT_EQ(cut_text("ab\xe2\x82\xac", 5), "ab\xe2\x82\xac");
  EXPECT_EQ(cut_text("ab\xe2\x82\xac", 4), "ab");
  EXPECT_EQ(cut_text("ab\xe2\x82\xac", 3), "ab");
  EXPECT_EQ(cut_text("\xf0\x9f\x98\x80", 3), "");
  EXPECT_EQ(cut_text("\x80\x80\x80\x80\x80\x80", 5).size(), 5u);
  EXPECT_EQ(cut_text("abc", 0), "");
}

}  // namespace
}  // namespace weir
