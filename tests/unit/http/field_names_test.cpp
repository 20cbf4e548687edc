// The short way to a field's id against the registry's own.
#include "http/field_names.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "http/text.hpp"

namespace weir::http {
namespace {

FieldId by_registry(std::string_view name) {
  return boost::beast::http::string_to_field({name.data(), name.size()});
}

/// Every registered name, and some that are in no registry.
std::vector<std::string> all_names() {
  std::vector<std::string> names{
      "X-Forwarded-For", "X-Forwarded-Proto", "X-Request-Id",     "X-Content-Type-Options",
      "Sec-Fetch-Mode",  "X-Forwarded-Host",  "X-Forwarded-Port", "X-Real-IP",
      "traceparent",     "grpc-status",       "grpc-message"};
  for (unsigned id = 1; id <= static_cast<unsigned>(FieldId::xref); ++id) {
    const auto name = boost::beast::http::to_string(static_cast<FieldId>(id));
    names.emplace_back(name.data(), name.size());
  }
  return names;
}

std::string with_random_case(std::string name, std::mt19937& random) {
  for (char& c : name) {
    const bool letter = is(c, char_class::alpha);
    if (letter && random() % 2 == 0) c = static_cast<char>(c ^ 0x20);
  }
  return name;
}

TEST(FieldNames, AreThoseOfTheRegistryInAnyCase) {
  std::mt19937 random(7);
  std::size_t common = 0;
  for (const std::string& name : all_names()) {
    for (int round = 0; round < 8; ++round) {
      const std::string text = with_random_case(name, random);
      EXPECT_EQ(field_id(text), by_registry(text)) << text;
    }
    if (find_common_field(name)) ++common;
  }
  EXPECT_GE(common, 40u);
}

TEST(FieldNames, NothingElseIsACommonName) {
  std::mt19937 random(11);
  for (const std::string& name : all_names()) {
    for (int round = 0; round < 64; ++round) {
      std::string text = name;
      text[random() % text.size()] = static_cast<char>(random() % 256);
      if (iequals(text, name)) continue;
      EXPECT_EQ(field_id(text), by_registry(text)) << ::testing::PrintToString(text);
      if (find_common_field(text)) {
        EXPECT_TRUE(is_token(text)) << ::testing::PrintToString(text);
      }
    }
    EXPECT_FALSE(find_common_field(name + "-")) << name;
    EXPECT_FALSE(find_common_field("-" + name)) << name;
  }
  EXPECT_FALSE(find_common_field(""));
  EXPECT_FALSE(find_common_field(std::string(5000, 'a')));
  EXPECT_FALSE(find_common_field("keep\ralive"));
}

TEST(FieldNames, OfHttp2AreCommonInLowerCaseOnly) {
  for (const std::string& name : all_names()) {
    const std::string lower_name = lower(name);
    EXPECT_EQ(find_common_lower_field(lower_name), find_common_field(name)) << name;
    if (!find_common_field(name)) continue;
    for (std::size_t i = 0; i < lower_name.size(); ++i) {
      if (!is(lower_name[i], char_class::alpha)) continue;
      std::string text = lower_name;
      text[i] = static_cast<char>(text[i] ^ 0x20);
      EXPECT_FALSE(find_common_lower_field(text)) << text;
    }
  }
  EXPECT_FALSE(find_common_lower_field(""));
}

}  // namespace
}  // namespace weir::http
