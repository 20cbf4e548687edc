#include "grpc/health_check.hpp"

#include <gtest/gtest.h>

#include <string>

#include "grpc/message.hpp"

namespace weir::grpc {
namespace {

using namespace std::string_literals;

std::string response(const std::string& message) {
  const auto prefix = message_prefix(0, static_cast<std::uint32_t>(message.size()));
  return std::string(prefix.data(), prefix.size()) + message;
}

TEST(GrpcHealthRequest, NamesTheService) {
  EXPECT_EQ(health_request(""), "\0\0\0\0\0"s);
  EXPECT_EQ(health_request("a.B"), "\0\0\0\0\x05\x0a\x03"s + "a.B");
  const std::string name(300, 'n');
  EXPECT_EQ(health_request(name), "\0\0\0\x01\x2f\x0a\xac\x02"s + name);
}

TEST(GrpcHealthResponse, EveryStatus) {
  EXPECT_EQ(read_health_response(response("\x08\x01")), Health::serving);
  EXPECT_EQ(read_health_response(response("\x08\x02")), Health::not_serving);
  EXPECT_EQ(read_health_response(response("\x08\x03")), Health::service_unknown);
  EXPECT_EQ(read_health_response(response("\x08\0"s)), Health::unknown);
  EXPECT_EQ(read_health_response(response("")), Health::unknown) << "the default of the field";
  EXPECT_EQ(read_health_response(response("\x08\x04")), Health::unknown) << "of a later version";
  EXPECT_EQ(read_health_response(response("\x08\x81\x80\x00"s)), Health::serving)
      << "longer than it needs to be";
  EXPECT_EQ(read_health_response(response("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")), Health::unknown)
      << "-1";
}

TEST(GrpcHealthResponse, OtherFieldsAreSkipped) {
  const std::string serving = "\x08\x01";
  for (const std::string& other : {"\x10\x05"s, "\x12\x03xyz"s, "\x12\0"s,
                                   "\x19"
                                   "12345678"s,
                                   "\x1d"
                                   "1234"s,
                                   "\x90\x01\x07"s, "\x0a\x01x"s,
                                   "\x0d"
                                   "1234"s}) {
    EXPECT_EQ(read_health_response(response(other + serving)), Health::serving);
    EXPECT_EQ(read_health_response(response(serving + other)), Health::serving);
  }
  EXPECT_EQ(read_health_response(response("\x08\x01\x08\x02")), Health::not_serving) << "the last counts";
}

TEST(GrpcHealthResponse, Malformed) {
  for (const std::string& message : {"\x08"s, "\x08\x80"s, "\x80"s, "\x08\x01\x08"s, "\x08\x01\x12"s,
                                     "\x12\x05"
                                     "abc"s,
                                     "\x19"
                                     "1234567"s,
                                     "\x1d"
                                     "123"s,
                                     "\x13\x01"s, "\x14\x01"s, "\x16\x01"s, "\x17\x01"s, "\x00\x01"s,
                                     "\x02\x00"s, "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s,
                                     "\x08\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"s}) {
    EXPECT_EQ(read_health_response(response(message)), Health::malformed)
        << ::testing::PrintToString(message);
  }
}

TEST(GrpcHealthResponse, OneUncompressedMessage) {
  const std::string whole = response("\x08\x01");
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    EXPECT_EQ(read_health_response(whole.substr(0, bytes)), Health::malformed) << bytes;
  }
  EXPECT_EQ(read_health_response(whole + whole), Health::malformed);
  EXPECT_EQ(read_health_response(whole + "\0"s), Health::malformed);
  std::string compressed = whole;
  compressed[0] = 1;
  EXPECT_EQ(read_health_response(compressed), Health::malformed);
  const std::string filler(health_response_bytes_max - 10, 'x');
  const std::string longest = response("\x12\xf6\x07" + filler + "\x08\x01");
  ASSERT_EQ(longest.size(), health_response_bytes_max);
  EXPECT_EQ(read_health_response(longest), Health::serving);
  EXPECT_EQ(read_health_response(response("\x12\xf7\x07" + filler + "x\x08\x01")), Health::malformed)
      << "too long";
}

TEST(GrpcHealth, InWords) {
  EXPECT_EQ(to_string(Health::serving), "SERVING");
  EXPECT_EQ(to_string(Health::not_serving), "NOT_SERVING");
  EXPECT_EQ(to_string(Health::unknown), "UNKNOWN");
  EXPECT_EQ(to_string(Health::service_unknown), "SERVICE_UNKNOWN");
  EXPECT_EQ(to_string(Health::malformed), "a malformed answer");
}

}  // namespace
}  // namespace weir::grpc
