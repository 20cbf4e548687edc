#include <gtest/gtest.h>

#include "http1/write.hpp"
#include "parsed.hpp"

namespace weir::http1 {
namespace {

using namespace http;

constexpr std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";
const std::string date_line = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

std::string written(const OwnResponse& response, const ResponseOptions& options = {}) {
  std::string out = "before|";
  write_own_head(out, response, options, date);
  out += response.sent_body();
  EXPECT_TRUE(out.starts_with("before|"));
  return out.substr(7);
}

TEST(WriteOwnResponse, AnErrorPage) {
  CompiledFields policy;
  policy.set("X-Frame-Options", "DENY");
  ResponseOptions options;
  options.policy = &policy;
  options.request_id = "id-1";
  options.keep_alive = false;
  OwnResponse response;
  response.status = 502;
  response.content_type = "text/plain";
  response.body = "Bad Gateway\n";
  response.proxy_status = "weir; error=connection_refused";
  EXPECT_EQ(written(response, options),
            "HTTP/1.1 502 Bad Gateway\r\n" + date_line +
                "Content-Type: text/plain\r\nCache-Control: no-store\r\n"
                "Proxy-Status: weir; error=connection_refused\r\nX-Request-Id: id-1\r\n"
                "Content-Length: 12\r\nConnection: close\r\nX-Frame-Options: DENY\r\n\r\n"
                "Bad Gateway\n");
}

TEST(WriteOwnResponse, ARedirect) {
  OwnResponse response;
  response.status = 308;
  response.extra_fields = "Location: https://h/\r\n";
  EXPECT_EQ(written(response), "HTTP/1.1 308 Permanent Redirect\r\n" + date_line +
                                   "Location: https://h/\r\nContent-Length: 0\r\n\r\n");
}

TEST(WriteOwnResponse, HeadGetsTheLengthWithoutTheBody) {
  OwnResponse response;
  response.status = 200;
  response.content_type = "text/html";
  response.body = "<p>";
  response.head_only = true;
  EXPECT_EQ(written(response),
            "HTTP/1.1 200 OK\r\n" + date_line + "Content-Type: text/html\r\nContent-Length: 3\r\n\r\n");
}

TEST(WriteOwnResponse, StatusesWithoutContent) {
  for (const int status : {204, 304}) {
    OwnResponse response;
    response.status = status;
    response.body = "never";
    const std::string out = written(response);
    EXPECT_EQ(out.find("Content-Length"), out.npos) << out;
    EXPECT_TRUE(out.ends_with("\r\n\r\n")) << out;
  }
}

TEST(WriteOwnResponse, TheConnectionForEachClient) {
  OwnResponse response;
  response.status = 200;
  ResponseOptions options;
  options.client_minor_version = 0;
  EXPECT_NE(written(response, options).find("\r\nConnection: keep-alive\r\n"), std::string::npos);
  options.keep_alive = false;
  EXPECT_NE(written(response, options).find("\r\nConnection: close\r\n"), std::string::npos);
  options.client_minor_version = 1;
  options.keep_alive = true;
  EXPECT_EQ(written(response, options).find("Connection"), std::string::npos);
}

TEST(WriteOwnResponse, ErrorsAreNotStoredUnlessAPolicySaysOtherwise) {
  OwnResponse response;
  response.status = 503;
  response.extra_fields = "Retry-After: 5\r\ncache-control: max-age=60\r\n";
  EXPECT_EQ(written(response),
            "HTTP/1.1 503 Service Unavailable\r\n" + date_line +
                "Retry-After: 5\r\ncache-control: max-age=60\r\nContent-Length: 0\r\n\r\n");
  CompiledFields policy;
  policy.set("Cache-Control", "private");
  ResponseOptions options;
  options.policy = &policy;
  response.extra_fields = {};
  EXPECT_EQ(written(response, options), "HTTP/1.1 503 Service Unavailable\r\n" + date_line +
                                            "Content-Length: 0\r\nCache-Control: private\r\n\r\n");
}

TEST(WriteOwnResponse, ThePolicyWinsOverExtraFields) {
  CompiledFields policy;
  policy.set("X-Frame-Options", "DENY");
  policy.set_if_absent("Retry-After", "1");
  policy.drop("X-Request-Id");
  policy.set("Content-Type", "text/x-own");
  ResponseOptions options;
  options.policy = &policy;
  options.request_id = "id-1";
  OwnResponse response;
  response.status = 200;
  response.content_type = "text/html";
  response.extra_fields = "x-frame-options: SAMEORIGIN\r\nRetry-After: 7\r\nX-Kept: yes\r\n";
  EXPECT_EQ(written(response, options), "HTTP/1.1 200 OK\r\n" + date_line +
                                            "Retry-After: 7\r\nX-Kept: yes\r\nContent-Length: 0\r\n"
                                            "X-Frame-Options: DENY\r\nContent-Type: text/x-own\r\n\r\n");
}

TEST(WriteOwnResponse, WhatWeirAddsToEveryAnswerIsThereToo) {
  CompiledFields policy;
  policy.drop("RateLimit");
  ResponseOptions options;
  options.own_fields = "RateLimit-Policy: x\r\nRateLimit: y\r\nRetry-After: 3\r\n";
  options.policy = &policy;
  OwnResponse response;
  response.status = 200;
  response.extra_fields = "X-Kept: yes\r\n";
  EXPECT_EQ(written(response, options), "HTTP/1.1 200 OK\r\n" + date_line +
                                            "X-Kept: yes\r\nRateLimit-Policy: x\r\nRetry-After: 3\r\n"
                                            "Content-Length: 0\r\n\r\n");
}

TEST(WriteOwnResponse, ManyExtraFields) {
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "X-" + std::to_string(i) + ": " + std::to_string(i) + "\r\n";
  OwnResponse response;
  response.status = 200;
  response.extra_fields = lines;
  EXPECT_EQ(written(response), "HTTP/1.1 200 OK\r\n" + date_line + lines + "Content-Length: 0\r\n\r\n");
}

}  // namespace
}  // namespace weir::http1
