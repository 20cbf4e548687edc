#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "unit/http1/head_cases.hpp"

namespace weir::http1::testing {
namespace {

using namespace http;

TEST(ResponseHead, ToGet) {
  for (const HeadCase& head_case : response_cases()) {
    EXPECT_EQ(response_verdict(head_case.bytes), head_case.verdict) << head_case.name;
  }
}

TEST(ResponseHead, ToHeadHasNoBody) {
  const auto verdict = [](std::string_view bytes) { return response_verdict(bytes, Method::head); };
  EXPECT_EQ(verdict("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), "200 OK +1");
  EXPECT_EQ(verdict("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), "200 OK +1");
  EXPECT_EQ(verdict("HTTP/1.1 200 OK\r\n\r\n"), "200 OK +0");
  EXPECT_EQ(verdict("HTTP/1.0 200 OK\r\n\r\n"), "200 OK 1.0 close +0");
  EXPECT_EQ(verdict("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), "response_malformed");
  EXPECT_EQ(verdict("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"), "response_malformed");
  EXPECT_EQ(verdict("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"),
            "response_malformed");
}

TEST(ResponseHead, SwitchingProtocols) {
  const auto verdict = [](std::string_view bytes) { return response_verdict(bytes, Method::get, true); };
  const std::string line = "HTTP/1.1 101 Switching Protocols\r\n";
  EXPECT_EQ(verdict(line + "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
            "101 Switching Protocols close upgrade=websocket +2");
  EXPECT_EQ(verdict(line + "Connection: upgrade\r\n\r\n"), "response_malformed");
  EXPECT_EQ(verdict(line + "Upgrade:\r\n\r\n"), "response_malformed");
  EXPECT_EQ(verdict(line + "Upgrade: a\r\nUpgrade: b\r\n\r\n"), "response_malformed");
  EXPECT_EQ(verdict("HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n"),
            "200 OK body=length:0 +2");
}

TEST(ResponseHead, KeepAliveSaysForHowLong) {
  const auto timeout = [](const std::string& field) {
    ResponseHead head;
    std::size_t scanned = 0;
    const std::string bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + field + "\r\n";
    const auto complete = parse_response_head(bytes, HeadLimits{}, Method::get, false, scanned, head);
    EXPECT_TRUE(complete && *complete) << field;
    return head.keep_alive_timeout;
  };
  using std::chrono::seconds;
  EXPECT_EQ(timeout(""), std::nullopt);
  EXPECT_EQ(timeout("Keep-Alive: timeout=5\r\n"), seconds(5));
  EXPECT_EQ(timeout("Keep-Alive: timeout=5, max=100\r\n"), seconds(5));
  EXPECT_EQ(timeout("keep-alive: max=100,Timeout=75\r\n"), seconds(75));
  EXPECT_EQ(timeout("Keep-Alive: timeout=0\r\n"), seconds(0));
  EXPECT_EQ(timeout("Keep-Alive: timeout=999999999999\r\n"), seconds(24 * 60 * 60));
  EXPECT_EQ(timeout("Keep-Alive: timeout=\"1\"\r\n"), seconds(1));
  EXPECT_EQ(timeout("Keep-Alive: max=3, timeout=\" 7 \";x, a=b\r\n"), seconds(7));
  EXPECT_EQ(timeout("Keep-Alive: timeout=2;x\r\n"), seconds(2));
  EXPECT_EQ(timeout("Keep-Alive: timeout=2 ; x=\"a,b\"\r\n"), seconds(2));
  EXPECT_EQ(timeout("Keep-Alive: timeout = 3\r\n"), seconds(3));
  EXPECT_EQ(timeout("Keep-Alive: timeout\t=\t\"3\"\r\n"), seconds(3));
  EXPECT_EQ(timeout("Keep-Alive: timeout=1.5\r\n"), seconds(1));
  EXPECT_EQ(timeout("Keep-Alive: timeout=\"1.5\";x\r\n"), seconds(1));
  EXPECT_EQ(timeout("Keep-Alive: timeout=0.9\r\n"), seconds(0));
  EXPECT_EQ(timeout("Keep-Alive: timeouts=9, timeout=4\r\n"), seconds(4));
  for (const char* odd :
       {"", "300", "timeout", "timeout=", "timeout=-1", "timeout=x", "timeout=1.", "timeout=.5",
        "timeout=1.x", "timeout=1.5.2", "timeout=1 2", "timeout==1", "timeout;=1", "timeout=\"\"",
        "timeout=\"1", "timeout=\"1\"2", "timeout=;1", "max=5"}) {
    EXPECT_EQ(timeout(std::string("Keep-Alive: ") + odd + "\r\n"), std::nullopt) << odd;
  }
}

TEST(ResponseHead, EveryErrorIsTheUpstreams) {
  for (const HeadCase& head_case : response_cases()) {
    ResponseHead head;
    std::size_t scanned = 0;
    const auto result = parse_response_head(head_case.bytes, HeadLimits{}, Method::get, false, scanned, head);
    if (result) continue;
    EXPECT_EQ(result.error().origin, Origin::upstream) << head_case.name;
  }
}

TEST(ResponseHead, IsReusedWithoutATraceOfTheLastResponse) {
  ResponseHead head;
  std::size_t scanned = 0;
  const std::string first = "HTTP/1.1 101 X\r\nConnection: upgrade, close\r\nUpgrade: x\r\n\r\n";
  ASSERT_TRUE(parse_response_head(first, HeadLimits{}, Method::get, true, scanned, head));
  scanned = 0;
  const std::string second = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  const auto result = parse_response_head(second, HeadLimits{}, Method::get, false, scanned, head);
  EXPECT_EQ(describe(result, head), "200 OK body=length:5 +1");
  EXPECT_TRUE(head.connection_tokens.empty());
  EXPECT_EQ(head.bytes, second.size());
  ASSERT_NE(head.find(FieldId::content_length), nullptr);
}

}  // namespace
}  // namespace weir::http1::testing
