// The search by words against one byte by byte.
#include "http/controls.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>

namespace weir::http {
namespace {

std::size_t found_at(const std::string& text) {
  return static_cast<std::size_t>(find_control(text.data(), text.data() + text.size()) - text.data());
}

std::size_t expected_at(const std::string& text) {
  const auto control = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  };
  return static_cast<std::size_t>(std::ranges::find_if(text, control) - text.begin());
}

TEST(Controls, AreFoundWhereverTheyStand) {
  constexpr std::size_t length_max = 41;
  for (std::size_t length = 0; length <= length_max; ++length) {
    const std::string clean(length, 'a');
    EXPECT_EQ(found_at(clean), length);
    for (std::size_t at = 0; at < length; ++at) {
      for (const char control : {'\0', '\t', '\r', '\x1f', '\x7f'}) {
        std::string text = clean;
        text[at] = control;
        EXPECT_EQ(found_at(text), at) << "of " << length;
        text.back() = control;
        EXPECT_EQ(found_at(text), at) << "the first of two, of " << length;
      }
    }
  }
}

TEST(Controls, EveryByteIsOneOrNot) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (const std::size_t length : {std::size_t{1}, std::size_t{9}, std::size_t{17}, std::size_t{31}}) {
      std::string text(length, '\xff');
      text[length / 2] = static_cast<char>(byte);
      EXPECT_EQ(found_at(text), expected_at(text)) << byte << " of " << length;
    }
  }
}

}  // namespace
}  // namespace weir::http
