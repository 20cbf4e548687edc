#include "http2/field_section.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "hpack_text.hpp"

namespace weir::http2 {
namespace {

TEST(FieldSection, KeepsFieldsInOrder) {
  FieldSection section;
  EXPECT_TRUE(section.empty());
  section.add(":method", "GET");
  section.add("a", "");
  section.add("a", "two");
  section.add("", "");
  ASSERT_EQ(section.size(), 4u);
  EXPECT_EQ(section[0], (FieldLine{":method", "GET"}));
  EXPECT_EQ(section[1], (FieldLine{"a", ""}));
  EXPECT_EQ(section[2], (FieldLine{"a", "two"}));
  EXPECT_EQ(section[3], (FieldLine{"", ""}));
  EXPECT_EQ(section.text_bytes(), 15u);
}

TEST(FieldSection, KeepsWhatIsNeverToBeIndexed) {
  FieldSection section;
  section.add("a", "1", true);
  section.add("b", "2");
  section.add("c", "", true);
  EXPECT_EQ(section[0], (FieldLine{"a", "1", true}));
  EXPECT_EQ(section[1], (FieldLine{"b", "2", false}));
  EXPECT_EQ(section[2], (FieldLine{"c", "", true}));
}

TEST(FieldSection, KeepsWhatItAllocated) {
  FieldSection section;
  section.add("name", std::string(1000, 'v'));
  const char* text = section[0].name.data();
  section.clear();
  EXPECT_TRUE(section.empty());
  EXPECT_EQ(section.text_bytes(), 0u);
  section.add("other", std::string(900, 'w'));
  EXPECT_EQ(section[0].name.data(), text);
}

TEST(FieldSection, SwapsTextAndFields) {
  FieldSection one, two;
  one.add("a", "1");
  two.add("b", "2");
  two.add("c", "3");
  one.swap(two);
  EXPECT_EQ(text_of(one), "b: 2\nc: 3\n");
  EXPECT_EQ(text_of(two), "a: 1\n");
}

TEST(FieldSection, IsEmptyOnceMoved) {
  FieldSection one;
  one.add("a", "1");
  FieldSection two(std::move(one));
  EXPECT_EQ(text_of(two), "a: 1\n");
  EXPECT_EQ(one.text_bytes(), 0u);
  one.add("b", "2");
  EXPECT_EQ(text_of(one), "b: 2\n");
  one = std::move(two);
  EXPECT_EQ(text_of(one), "a: 1\n");
}

TEST(FieldSection, KeepsTextThatIsNoField) {
  FieldSection section;
  section.add("cookie", "a=1");
  const std::string_view kept = section.keep("a=1; b=2");
  EXPECT_EQ(kept, "a=1; b=2");
  EXPECT_EQ(section.size(), 1u);
  EXPECT_EQ(text_of(section), "cookie: a=1\n");
}

TEST(FieldSection, KeepsPartsOfItself) {
  FieldSection section;
  section.add("cookie", std::string(500, 'c'));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(section.keep(section[0].value), std::string(500, 'c'));
}

TEST(FieldSection, ViewsStayGoodInReservedRoom) {
  FieldSection section;
  section.add("cookie", "a=1");
  section.reserve(1000);
  const FieldLine before = section[0];
  section.keep(std::string(400, 'x'));
  section.add("x", std::string(599, 'y'));
  EXPECT_EQ(section[0].name.data(), before.name.data());
  EXPECT_EQ(before, (FieldLine{"cookie", "a=1"}));
}

TEST(FieldSection, WhatWasKeptCanBeTakenBack) {
  FieldSection section;
  section.forget_kept();
  section.add("name", "value");
  section.add("secret", "text", true);
  const std::size_t received = section.text_bytes();
  section.forget_kept();
  EXPECT_EQ(section.text_bytes(), received);
  section.keep("more");
  section.forget_kept();
  EXPECT_EQ(section.text_bytes(), received);
  EXPECT_EQ(section[0].value, "value");
  EXPECT_EQ(section[1].value, "text");
}

}  // namespace
}  // namespace weir::http2
