#include <gtest/gtest.h>

#include "unit/http1/head_cases.hpp"

namespace weir::http1::testing {
namespace {

using namespace http;

void check_requests(const std::vector<HeadCase>& cases) {
  for (const HeadCase& head_case : cases) {
    EXPECT_EQ(request_verdict(head_case.bytes), head_case.verdict) << head_case.name;
  }
}

TEST(RequestHead, RequestLine) {
  check_requests(request_line_cases());
}
TEST(RequestHead, Bytes) {
  check_requests(request_byte_cases());
}
TEST(RequestHead, Host) {
  check_requests(request_host_cases());
}
TEST(RequestHead, Framing) {
  check_requests(request_framing_cases());
}
TEST(RequestHead, Connection) {
  check_requests(request_connection_cases());
}

TEST(RequestHead, NothingAcceptedWasWeakenedByAnyControlByte) {
  // Each byte of a good head, replaced by each control byte: never accepted, wherever it is.
  const std::string good = "GET /a HTTP/1.1\r\nHost: h\r\nA: b c\r\n\r\n";
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int byte = 0; byte < 0x20; ++byte) {
      if (byte == '\t' || byte == good[at]) continue;
      std::string bytes = good;
      bytes[at] = static_cast<char>(byte);
      const std::string verdict = request_verdict(bytes + "\r\n\r\n");
      EXPECT_EQ(verdict, "malformed_request") << "byte " << byte << " at " << at;
    }
  }
}

TEST(RequestHead, PartsAreViewsIntoTheBuffer) {
  const std::string bytes =
      "\r\nGET /a?b HTTP/1.1\r\nHost:  h:80 \r\nCookie: c=d\r\nConnection: close, X\r\n\r\nrest";
  RequestHead head;
  std::size_t scanned = 0;
  const auto result = parse_request_head(bytes, HeadLimits{}, scanned, head);
  ASSERT_TRUE(result && *result);
  EXPECT_EQ(head.bytes, bytes.size() - 4);
  EXPECT_EQ(head.method, Method::get);
  EXPECT_EQ(head.target, "/a?b");
  EXPECT_EQ(head.host, "h");
  ASSERT_EQ(head.fields.size(), 3u);
  EXPECT_EQ(head.fields[0].id, FieldId::host);
  EXPECT_EQ(head.fields[0].value, "h:80");
  EXPECT_EQ(head.fields[1].name, "Cookie");
  ASSERT_EQ(head.connection_tokens.size(), 2u);
  EXPECT_EQ(head.connection_tokens[1], "X");
  ASSERT_NE(head.find(FieldId::cookie), nullptr);
  EXPECT_EQ(head.find(FieldId::cookie)->value, "c=d");
  EXPECT_EQ(head.find(FieldId::accept), nullptr);
  for (const std::string_view view : {head.method_text, head.target, head.path, head.query, head.authority,
                                      head.host, head.fields[1].name, head.connection_tokens[1]}) {
    EXPECT_GE(view.data(), bytes.data());
    EXPECT_LE(view.data() + view.size(), bytes.data() + head.bytes);
  }
}

TEST(RequestHead, IsReusedWithoutATraceOfTheLastRequest) {
  RequestHead head;
  std::size_t scanned = 0;
  const std::string first =
      "GET /a?b HTTP/1.1\r\nHost: h\r\nConnection: close, upgrade\r\nUpgrade: x\r\nTE: trailers\r\n\r\n";
  ASSERT_TRUE(parse_request_head(first, HeadLimits{}, scanned, head));
  const std::string second =
      "POST / HTTP/1.1\r\nHost: g\r\nExpect: 100-continue\r\nContent-Length: 7\r\n\r\n";
  scanned = 0;
  ASSERT_TRUE(parse_request_head(second, HeadLimits{}, scanned, head));
  const std::string third = "GET / HTTP/1.1\r\nHost: i\r\n\r\n";
  scanned = 0;
  const auto result = parse_request_head(third, HeadLimits{}, scanned, head);
  EXPECT_EQ(describe(result, head), "GET / authority=i +1");
  EXPECT_TRUE(head.connection_tokens.empty());
}

TEST(RequestHead, LimitsAreTheCallers) {
  const HeadLimits limits{.head_bytes = 60, .field_count = 2, .uri_bytes = 8};
  const auto verdict = [&](std::string_view bytes) {
    RequestHead head;
    std::size_t scanned = 0;
    const auto result = parse_request_head(bytes, limits, scanned, head);
    return describe(result, head);
  };
  EXPECT_EQ(verdict("GET /234567 HTTP/1.1\r\nHost: h\r\n\r\n"), "GET /234567 authority=h +1");
  EXPECT_EQ(verdict("GET /2345678 HTTP/1.1\r\nHost: h\r\n\r\n"), "GET /2345678 authority=h +1");
  EXPECT_EQ(verdict("GET /23456789 HTTP/1.1\r\nHost: h\r\n\r\n"), "uri_too_long");
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nC: d\r\n\r\n"), "head_too_large");
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(28, 'x') + "\r\n\r\n"),
            "GET / authority=h +2");
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(29, 'x') + "\r\n\r\n"),
            "head_too_large");
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(28, 'x') + "\r\n\r"), "incomplete");
}

TEST(RequestHead, EveryErrorIsTheClients) {
  for (const HeadCase& head_case : all_request_cases()) {
    RequestHead head;
    std::size_t scanned = 0;
    const auto result = parse_request_head(head_case.bytes, HeadLimits{}, scanned, head);
    if (result) continue;
    EXPECT_EQ(result.error().origin, Origin::client) << head_case.name;
    EXPECT_FALSE(result.error().detail.empty()) << head_case.name;
  }
}

}  // namespace
}  // namespace weir::http1::testing
