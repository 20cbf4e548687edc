// Text for a terminal: columns, cuts, and nothing that could control it.
#include "top/line.hpp"

#include <gtest/gtest.h>

#include "top/figures.hpp"

namespace weir::top {
namespace {

TEST(TopLine, ColumnsAreCharacters) {
  EXPECT_EQ(columns_of("abc"), 3u);
  EXPECT_EQ(columns_of("cafétéria"), 9u);
  EXPECT_EQ(columns_of("▁█"), 2u);
}

TEST(TopLine, FitsAndPads) {
  EXPECT_EQ(fit("abc", 3), "abc");
  EXPECT_EQ(fit("abcd", 3), "ab~");
  EXPECT_EQ(fit("éèêë", 3), "éè~");
  EXPECT_EQ(fit("abc", 0), "");
  EXPECT_EQ(padded("ab", 4), "ab  ");
  EXPECT_EQ(padded("ab", 4, true), "  ab");
  EXPECT_EQ(padded("abcdef", 4), "abc~");
}

TEST(TopLine, ControlCharactersAreNotPassedOn) {
  EXPECT_EQ(clean("a\x1b[31mb\nc\td\x7f"), "a?[31mb?c?d?");
  EXPECT_EQ(clean("caf\xc3\xa9"), "café");
  EXPECT_EQ(clean("\xc3"), "?") << "cut in the middle";
  EXPECT_EQ(clean("\xff\xfe"), "??");
  EXPECT_EQ(clean("\xc2\x9b"), "??") << "CSI of C1";
}

TEST(TopLine, CutsAcrossSpans) {
  Line line;
  line.add("abc", Style::bad).add("def").add("ghi");
  EXPECT_EQ(text_of(cut(line, 9)), "abcdefghi");
  EXPECT_EQ(text_of(cut(line, 5)), "abcd~");
  EXPECT_EQ(columns_of(cut(line, 5)), 5u);
  EXPECT_EQ(text_of(cut(line, 3)), "abc");
  EXPECT_EQ(text_of(cut(line, 0)), "");
}

TEST(TopFigures, Numbers) {
  EXPECT_EQ(rate_text(std::nullopt), "-");
  EXPECT_EQ(rate_text(0), "0");
  EXPECT_EQ(rate_text(0.01), "0.1") << "something is not nothing";
  EXPECT_EQ(rate_text(9.94), "9.9");
  EXPECT_EQ(rate_text(12.4), "12");
  EXPECT_EQ(rate_text(1234567), "1,234,567");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1000), "1,000");
  EXPECT_EQ(milliseconds_text(0.26), "0.3 ms");
  EXPECT_EQ(milliseconds_text(12.3), "12 ms");
  EXPECT_EQ(milliseconds_text(1400), "1.4 s");
  EXPECT_EQ(percent_text(0.9), "90 %");
  EXPECT_EQ(percent_text(0.125), "12.5 %");
}

TEST(TopFigures, Times) {
  EXPECT_EQ(duration_text(42), "42s");
  EXPECT_EQ(duration_text(187), "3m 7s");
  EXPECT_EQ(duration_text(7325), "2h 2m");
  EXPECT_EQ(duration_text(200'000), "2d 7h");
  EXPECT_EQ(clock_text("2026-11-30T10:02:05.500Z"), "10:02:05");
  EXPECT_EQ(clock_text("soon"), "soon");
  EXPECT_EQ(seconds_between("2026-11-30T23:59:59.000Z", "2026-12-01T00:00:01.500Z"), 2);
  EXPECT_EQ(seconds_between("x", "2026-12-01T00:00:01.500Z"), std::nullopt);
  EXPECT_EQ(seconds_between("2026-13-30T23:59:59Z", "2026-12-01T00:00:01Z"), std::nullopt);
}

TEST(TopFigures, Bars) {
  EXPECT_EQ(sparkline({0, 1, 2, 4}, 4, true), " ▂▄█");
  EXPECT_EQ(sparkline({0, 1, 2, 4}, 6, true), "   ▂▄█") << "the newest on the right";
  EXPECT_EQ(sparkline({9, 9, 1, 2}, 2, true), "▄█") << "scaled by what is shown";
  EXPECT_EQ(sparkline({0, 0}, 2, true), "  ");
  EXPECT_EQ(sparkline({1, std::nullopt, 8}, 3, false), "_ #");
  EXPECT_EQ(bar(0.5, 4, false), "##..");
  EXPECT_EQ(bar(7, 2, true), "██");
}

}  // namespace
}  // namespace weir::top
