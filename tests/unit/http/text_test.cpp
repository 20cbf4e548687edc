#include "http/text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/lower_case.hpp"

namespace weir::http {
namespace {

std::vector<std::string> members(std::string_view list) {
  std::vector<std::string> found;
  for_each_list_member(list, [&](std::string_view member) {
    found.emplace_back(member);
    return true;
  });
  return found;
}

using Members = std::vector<std::string>;

TEST(Text, TokenIsExactlyTheAlphabetOfTheRfc) {
  const std::string tchars = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    EXPECT_EQ(is_token(std::string_view(&c, 1)), c != '\0' && tchars.find(c) != tchars.npos) << byte;
  }
  EXPECT_FALSE(is_token(""));
  EXPECT_TRUE(is_token("a-b"));
  EXPECT_FALSE(is_token("a b"));
}

TEST(Text, FieldValueHasNoControlsButTab) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool expected = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    EXPECT_EQ(is_field_value(std::string_view(&c, 1)), expected) << byte;
  }
  EXPECT_TRUE(is_field_value(""));
}

TEST(Text, CaseIsAsciiOnly) {
  EXPECT_TRUE(iequals("Host", "hOST"));
  EXPECT_TRUE(iequals("", ""));
  EXPECT_FALSE(iequals("Host", "Hos"));
  EXPECT_FALSE(iequals("a@", "a`"));
  EXPECT_FALSE(iequals("\xc4", "\xe4"));
  EXPECT_EQ(lower("AbC-\xc4"), "abc-\xc4");
}

TEST(Text, LowerCaseByWords) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  for (std::size_t begin = 0; begin < all.size(); begin += 3) {
    for (std::size_t bytes = 0; bytes <= 40; ++bytes) {
      const std::string text = all.substr(begin, bytes);
      std::string written(text.size(), '?');
      write_lower(written.data(), text);
      EXPECT_EQ(written, lower(text)) << begin << ", " << bytes;
    }
  }
}

TEST(Text, TrimTakesSpacesAndTabsOnly) {
  EXPECT_EQ(trim_ows(" \t a b \t"), "a b");
  EXPECT_EQ(trim_ows(" \t "), "");
  EXPECT_EQ(trim_ows("\v a"), "\v a");
}

TEST(Text, ListMembers) {
  EXPECT_EQ(members("a"), (Members{"a"}));
  EXPECT_EQ(members("a, b\t,c"), (Members{"a", "b", "c"}));
  EXPECT_EQ(members(", ,a,, b,"), (Members{"a", "b"}));
  EXPECT_EQ(members(""), Members{});
  EXPECT_EQ(members(","), Members{});
  EXPECT_EQ(members("a=\"b,c\", d"), (Members{"a=\"b,c\"", "d"}));
  EXPECT_EQ(members("\"a\\\",b\", c"), (Members{"\"a\\\",b\"", "c"}));
  EXPECT_EQ(members("\"open, a"), (Members{"\"open, a"}));
  EXPECT_EQ(members("a, \"open\\"), (Members{"a", "\"open\\"}));
}

TEST(Text, ListVisitCanStop) {
  int seen = 0;
  EXPECT_FALSE(for_each_list_member("a, b, c", [&](std::string_view) { return ++seen < 2; }));
  EXPECT_EQ(seen, 2);
}

}  // namespace
}  // namespace weir::http
