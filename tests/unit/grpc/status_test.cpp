#include "grpc/status.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace weir::grpc {
namespace {

TEST(GrpcStatus, NamesAndNumbers) {
  for (std::size_t i = 0; i < status_count; ++i) {
    const auto status = static_cast<Status>(i);
    EXPECT_EQ(number_text(status), std::to_string(i));
    EXPECT_EQ(parse_status(std::to_string(i)), status);
    EXPECT_FALSE(to_string(status).empty());
  }
  EXPECT_EQ(to_string(Status::ok), "ok");
  EXPECT_EQ(to_string(Status::cancelled), "cancelled");
  EXPECT_EQ(to_string(Status::deadline_exceeded), "deadline_exceeded");
  EXPECT_EQ(to_string(Status::resource_exhausted), "resource_exhausted");
  EXPECT_EQ(to_string(Status::unimplemented), "unimplemented");
  EXPECT_EQ(to_string(Status::unavailable), "unavailable");
  EXPECT_EQ(to_string(Status::unauthenticated), "unauthenticated");
}

TEST(GrpcStatus, OtherNumbersAreUnknown) {
  for (const char* value : {"17", "99", "100", "4294967295", "9999999999"}) {
    EXPECT_EQ(parse_status(value), Status::unknown) << value;
  }
  for (const char* value :
       {"", "00", "014", "-1", "+1", "1 ", " 1", "1.0", "0x1", "ok", "10000000000", "1,2"}) {
    EXPECT_EQ(parse_status(value), std::nullopt) << value;
  }
}

TEST(GrpcStatus, OfHttp) {
  const std::pair<int, Status> table[] = {
      {400, Status::internal},      {401, Status::unauthenticated}, {403, Status::permission_denied},
      {404, Status::unimplemented}, {429, Status::unavailable},     {431, Status::internal},
      {502, Status::unavailable},   {503, Status::unavailable},     {504, Status::unavailable},
      {200, Status::unknown},       {204, Status::unknown},         {302, Status::unknown},
      {405, Status::unknown},       {500, Status::unknown},         {501, Status::unknown}};
  for (const auto& [http_status, status] : table)
    EXPECT_EQ(status_of_http(http_status), status) << http_status;
}

TEST(GrpcStatus, OfOwnErrors) {
  const std::pair<ErrorKind, Status> table[] = {{ErrorKind::malformed_request, Status::internal},
                                                {ErrorKind::head_too_large, Status::internal},
                                                {ErrorKind::body_too_large, Status::resource_exhausted},
                                                {ErrorKind::client_gone, Status::cancelled},
                                                {ErrorKind::client_stalled, Status::cancelled},
                                                {ErrorKind::client_too_slow, Status::cancelled},
                                                {ErrorKind::body_timeout, Status::cancelled},
                                                {ErrorKind::method_refused, Status::unimplemented},
                                                {ErrorKind::no_route, Status::unimplemented},
                                                {ErrorKind::access_denied, Status::permission_denied},
                                                {ErrorKind::rate_limited, Status::unavailable},
                                                {ErrorKind::max_in_flight, Status::unavailable},
                                                {ErrorKind::no_endpoint, Status::unavailable},
                                                {ErrorKind::queue_timeout, Status::unavailable},
                                                {ErrorKind::pause_queue_full, Status::unavailable},
                                                {ErrorKind::connect_refused, Status::unavailable},
                                                {ErrorKind::connect_timeout, Status::unavailable},
                                                {ErrorKind::upstream_reset, Status::unavailable},
                                                {ErrorKind::response_timeout, Status::unavailable},
                                                {ErrorKind::response_malformed, Status::unavailable},
                                                {ErrorKind::total_timeout, Status::deadline_exceeded},
                                                {ErrorKind::draining, Status::unavailable},
                                                {ErrorKind::loop_detected, Status::internal},
                                                {ErrorKind::internal, Status::internal}};
  for (const auto& [kind, status] : table) EXPECT_EQ(status_of_error(kind), status) << facts(kind).name;
}

TEST(GrpcStatus, NoOwnErrorIsOkOrUnknown) {
  for (int i = 0; i <= static_cast<int>(ErrorKind::internal); ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    EXPECT_NE(status_of_error(kind), Status::ok) << facts(kind).name;
    EXPECT_NE(status_of_error(kind), Status::unknown) << facts(kind).name;
  }
}

TEST(GrpcMessage, IsPercentEncoded) {
  const auto encoded = [](std::string_view text) {
    std::string out = "before|";
    append_message(out, text);
    return out.substr(7);
  };
  EXPECT_EQ(encoded(""), "");
  EXPECT_EQ(encoded("no endpoint of \"api\" ~!$&"), "no endpoint of \"api\" ~!$&");
  EXPECT_EQ(encoded("100%"), "100%25");
  EXPECT_EQ(encoded("a\r\n\tb"), "a%0D%0A%09b");
  EXPECT_EQ(encoded(std::string_view("\0\x7f", 2)), "%00%7F");
  EXPECT_EQ(encoded("\xc3\xa4\xff"), "%C3%A4%FF");
}

}  // namespace
}  // namespace weir::grpc
