#include "config/statuses.hpp"

#include <gtest/gtest.h>

namespace weir::config {
namespace {

std::string read_back(std::string_view text) {
  const auto ranges = parse_statuses(text);
  return ranges ? format_statuses(*ranges) : "nothing";
}

TEST(Statuses, AreReadAndWritten) {
  EXPECT_EQ(read_back("200"), "200");
  EXPECT_EQ(read_back("200-399"), "200-399");
  EXPECT_EQ(read_back("200-299,401"), "200-299,401");
  EXPECT_EQ(read_back(" 200 - 299 ,\t401 "), "200-299,401");
  EXPECT_EQ(read_back("100-599"), "100-599");
  EXPECT_EQ(read_back("204-204"), "204");
  EXPECT_EQ(parse_statuses("200-299,401")->at(1), (StatusRange{401, 401}));
}

TEST(Statuses, WhatIsNoListIsRefused) {
  for (const char* text : {"",    " ",       ",",       "200,", ",200",  "200,,201",   "20",      "2000",
                           "99",  "099",     "600",     "-200", "200-",  "-",          "399-200", "200-600",
                           "2xx", "200 300", "200;300", "+200", "0x200", "200-300-400"}) {
    EXPECT_FALSE(parse_statuses(text)) << '[' << text << ']';
  }
}

}  // namespace
}  // namespace weir::config
