#include "replay/lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace weir::replay {
namespace {

using Got = Lines::Got;
using ::testing::ElementsAre;

/// Reads of `text`, `at_once` bytes each; after them an error where `breaks`.
ReadSome reads(std::string text, std::size_t at_once, bool breaks = false) {
  return
      [text = std::move(text), at_once, breaks, at = std::size_t{0}](char* into, std::size_t room) mutable {
        const std::size_t bytes = std::min({at_once, room, text.size() - at});
        std::memcpy(into, text.data() + at, bytes);
        at += bytes;
        return bytes == 0 && breaks ? std::int64_t{-1} : static_cast<std::int64_t>(bytes);
      };
}

std::vector<std::string> all(Lines& lines, Got& end) {
  std::vector<std::string> found;
  for (std::string_view line;;) {
    end = lines.next(line);
    if (end == Got::end || end == Got::failed) return found;
    found.push_back(end == Got::too_long ? "(too long)" : std::string(line));
  }
}

TEST(Lines, AreTheSameHoweverTheyAreRead) {
  for (const std::size_t at_once : {1u, 2u, 3u, 100u}) {
    Lines lines(reads("one\n\nthree\nlast", at_once));
    Got end = Got::line;
    EXPECT_THAT(all(lines, end), ElementsAre("one", "", "three", "last")) << at_once;
    EXPECT_EQ(end, Got::end);
    EXPECT_EQ(lines.number(), 4u);
  }
  Lines none(reads("", 1));
  std::string_view line;
  EXPECT_EQ(none.next(line), Got::end);
}

TEST(Lines, ALongOneIsSkippedAsAWhole) {
  const std::string longest(line_bytes_max, 'a');
  for (const std::size_t at_once : {1'000u, 1'000'000u}) {
    Lines lines(reads(
        "first\n" + longest + "a\n" + longest + "\n" + std::string(3 * line_bytes_max, 'b') + "\nlast\n",
        at_once));
    Got end = Got::line;
    EXPECT_THAT(all(lines, end), ElementsAre("first", "(too long)", longest, "(too long)", "last"))
        << at_once;
    EXPECT_EQ(lines.number(), 5u);
  }
}

TEST(Lines, AnErrorIsNoEnd) {
  Lines lines(reads("one\ntwo", 100, true));
  Got end = Got::line;
  EXPECT_THAT(all(lines, end), ElementsAre("one"));
  EXPECT_EQ(end, Got::failed);
}

}  // namespace
}  // namespace weir::replay
