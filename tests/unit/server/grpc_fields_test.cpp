// grpc-previous-rpc-attempts in heads that Weir wrote.
#include "server/grpc_fields.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir::server {
namespace {

const std::string begin = "POST /a.B/C HTTP/1.1\r\nHost: h\r\n";
const std::string end = "Via: 2.0 weir\r\n\r\n";

std::string written(const std::string& line, std::uint32_t attempts) {
  std::string head = begin + line + end;
  write_previous_attempts(head, attempts);
  return head;
}

TEST(PreviousAttempts, AreAddedReplacedAndTakenAway) {
  const std::string name = "grpc-previous-rpc-attempts";
  EXPECT_EQ(written("", 0), begin + end);
  EXPECT_EQ(written("", 2), begin + "Via: 2.0 weir\r\n" + name + ": 2\r\n\r\n");
  EXPECT_EQ(written(name + ": 3\r\n", 4), begin + name + ": 4\r\n" + end);
  EXPECT_EQ(written(name + ": 9\r\n", 10), begin + name + ": 10\r\n" + end);
  EXPECT_EQ(written(name + ": 1\r\n", 0), begin + end);
  EXPECT_EQ(written("GRPC-Previous-RPC-Attempts: 1\r\n", 0), begin + end);
}

TEST(PreviousAttempts, WhatSaysSoAlreadyStaysAsItIs) {
  for (const char* line : {"grpc-previous-rpc-attempts: 3\r\n", "grpc-previous-rpc-attempts:  03 \r\n"}) {
    EXPECT_EQ(written(line, 3), begin + line + end);
  }
  EXPECT_EQ(written("grpc-previous-rpc-attempts: 0\r\n", 0),
            begin + "grpc-previous-rpc-attempts: 0\r\n" + end);
}

TEST(PreviousAttempts, AreReadWhereTheyAreACount) {
  const auto read = [](std::string_view value) {
    const http::Field field{http::FieldId::unknown, "Grpc-Previous-Rpc-Attempts", value};
    return previous_attempts_in({&field, 1});
  };
  EXPECT_EQ(previous_attempts_in({}), 0U);
  EXPECT_EQ(read("7"), 7U);
  EXPECT_EQ(read("999999999"), 999'999'999U);
  for (const char* none : {"", "-1", "1.0", "x", "1000000000", "+1"})
    EXPECT_EQ(read(none), std::nullopt) << none;
}

}  // namespace
}  // namespace weir::server
