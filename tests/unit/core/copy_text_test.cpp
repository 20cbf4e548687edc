#include "core/copy_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace weir {
namespace {

TEST(CopyText, EveryLengthAndNothingBehindIt) {
  std::string source;
  for (int i = 0; i < 100; ++i) source += static_cast<char>('!' + i % 90);
  for (std::size_t length = 0; length <= source.size(); ++length) {
    std::string target(length + 2, '~');
    EXPECT_EQ(copy_text(target.data() + 1, std::string_view(source).substr(0, length)),
              target.data() + 1 + length);
    EXPECT_EQ(target, "~" + source.substr(0, length) + "~");
  }
}

TEST(CopyText, AnEmptyTextWithoutData) {
  char nothing = '~';
  EXPECT_EQ(copy_text(&nothing, std::string_view()), &nothing);
  EXPECT_EQ(nothing, '~');
}

}  // namespace
}  // namespace weir
