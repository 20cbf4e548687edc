// What Weir decides about a request holds for HTTP/2 as for HTTP/1: routes, own answers, limits, splits, copies,
// retries.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/behaviours.hpp"
#include "support/http2_client.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

/// `app` is blue, another upstream is green.
class Http2Policies : public ::testing::Test {
 protected:
  ConfigText config() const {
    ConfigText made = config_for(blue_.address());
    made.http = "protocols: [http/1.1, h2c]";
    made.upstreams = {"green: { endpoints: [ \"" + green_.address() + "\" ] }",
                      "gone: { endpoints: [ \"127.0.0.1:1\" ] }"};
    return made;
  }
  Http2Client connect(const ConfigText& text) {
    weir_ = std::make_unique<WeirProcess>(text);
    return Http2Client(weir_->port());
  }

  ScriptableEndpoint blue_{behave::ok("blue")}, green_{behave::ok("green")};
  std::unique_ptr<WeirProcess> weir_;
};

TEST_F(Http2Policies, RoutesMatchHostPathMethodAndFields) {
  ConfigText text = config();
  text.routes = {"{ name: host, match: { hosts: [green.test] }, upstream: green }",
                 "{ name: path, match: { path_prefix: /green }, upstream: green }",
                 "{ name: method, match: { methods: [DELETE] }, upstream: green }",
                 "{ name: field, match: { headers: { X-Green: \"1\" } }, upstream: green }"};
  Http2Client client = connect(text);
  EXPECT_EQ(client.get("/").body, "blue");
  EXPECT_EQ(client.get("/green/x").body, "green");
  EXPECT_EQ(client.exchange("DELETE", "/").body, "green");
  EXPECT_EQ(client.get("/", {{"x-green", "1"}}).body, "green");
  client.options().authority = "Green.test:80";
  EXPECT_EQ(client.get("/").body, "green");
}

TEST_F(Http2Policies, OwnAnswersAreWhatTheyAreInHttp1) {
  ConfigText text = config();
  text.routes = {
      "{ name: old, match: { path_prefix: /old }, redirect: { to: \"https://example.com/new\", status: 301 } "
      "}",
      "{ name: page, match: { path_prefix: /page }, respond: { status: 503, body: \"back soon\", headers: { "
      "Retry-After: \"3600\" } } }",
      "{ name: gone, match: { path: /gone }, upstream: gone }",
      "{ name: app, match: { path: /app }, upstream: app }"};
  text.default_route = false;
  Http2Client client = connect(text);
  const Http2Response redirect = client.get("/old/x");
  EXPECT_EQ(redirect.status, 301);
  EXPECT_EQ(redirect.fields.get("location"), "https://example.com/new");
  const Http2Response page = client.get("/page");
  EXPECT_EQ(page.status, 503);
  EXPECT_EQ(page.body, "back soon");
  EXPECT_EQ(page.fields.get("retry-after"), "3600");
  EXPECT_EQ(page.fields.get("content-length"), "9");
  EXPECT_EQ(page.fields.get("x-frame-options"), "DENY");
  const Http2Response head = client.exchange("HEAD", "/page");
  EXPECT_TRUE(head.ended_by_head);
  EXPECT_EQ(head.fields.get("content-length"), "9");
  const Http2Response unknown = client.get("/unknown");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.fields.get("cache-control"), "no-store");
  const Http2Response gone = client.get("/gone");
  EXPECT_EQ(gone.status, 502);
  EXPECT_THAT(gone.fields.get("proxy-status"), StartsWith("weir; error="));
  EXPECT_TRUE(gone.fields.has("x-request-id"));
  EXPECT_EQ(client.get("/app").body, "blue");
}

TEST_F(Http2Policies, ARateLimitIsAnnouncedAndRefuses) {
  ConfigText text = config();
  text.rate_limits = "api: { rate: 1/h, burst: 3 }";
  text.route = "rate_limits: [api]";
  Http2Client client = connect(text);
  std::vector<int> statuses;
  for (int i = 0; i < 5; ++i) statuses.push_back(client.get("/").status);
  EXPECT_THAT(statuses, ::testing::ElementsAre(200, 200, 200, 429, 429));
  const Http2Response refused = client.get("/");
  EXPECT_TRUE(refused.fields.has("retry-after"));
  EXPECT_EQ(weir_->get("/").status, 429);  // both versions count together
  EXPECT_EQ(weir_->metric("weir_rate_limited_total", "decision=\"refused\""), 4);
  EXPECT_EQ(blue_.request_count(), 3U);
}

TEST_F(Http2Policies, AnAccessListRefuses) {
  ConfigText text = config();
  text.access = "none: { deny: [127.0.0.0/8] }";
  text.routes = {"{ name: closed, match: { path_prefix: /closed }, access: [none], upstream: app }"};
  Http2Client client = connect(text);
  EXPECT_EQ(client.get("/closed").status, 403);
  EXPECT_EQ(client.get("/").status, 200);
}

TEST_F(Http2Policies, ABodyPastItsBoundIsRefused) {
  ConfigText text = config();
  text.http += ", limits: { body_bytes: 10B }";
  Http2Client client = connect(text);
  EXPECT_EQ(client.exchange("POST", "/", "0123456789").status, 200);
  EXPECT_EQ(client.exchange("POST", "/", "0123456789a", {{"content-length", "11"}}).status, 413);
  EXPECT_EQ(client.exchange("POST", "/", "0123456789a").status, 413);
  EXPECT_EQ(client.get("/").status, 200);
}

TEST_F(Http2Policies, HeadsPastTheirBoundAreRefused) {
  ConfigText text = config();
  text.http += ", limits: { header_bytes: 2KiB, header_count: 10, uri_bytes: 64B }";
  Http2Client client = connect(text);
  EXPECT_EQ(client.get("/", {{"x-long", std::string(2500, 'l')}}).status, 431);
  h2::FieldLines many;
  for (int i = 0; i < 12; ++i) many.emplace_back("x-" + std::to_string(i), "v");
  EXPECT_EQ(client.get("/", many).status, 431);
  EXPECT_EQ(client.get("/" + std::string(100, 'p')).status, 414);
  EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(blue_.request_count(), 1U);
}

TEST_F(Http2Policies, ASplitKeepsItsClientsByCookie) {
  ConfigText text = config();
  text.default_route = false;
  text.routes = {
      "{ name: api, split: { targets: [ { upstream: app, weight: 1 }, { upstream: green, weight: 1 } ], "
      "affinity: { by: cookie, ttl: 1h } } }"};
  Http2Client client = connect(text);
  for (int i = 0; i < 10; ++i) {
    const Http2Response first = client.get("/");
    const std::string field = first.fields.get("set-cookie");
    EXPECT_TRUE(field.ends_with("; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax")) << field;
    const Http2Response again =
        client.get("/", {{"cookie", "a=1"}, {"cookie", field.substr(0, field.find(';'))}, {"cookie", "b=2"}});
    EXPECT_EQ(again.body, first.body);
    EXPECT_FALSE(again.fields.has("set-cookie"));
  }
}

TEST_F(Http2Policies, ACanaryIsReachedByFieldAndCookie) {
  ConfigText text = config();
  text.default_route = false;
  text.routes = {
      "{ name: api, split: { targets: [ { upstream: app, weight: 100 }, { upstream: green, weight: 0 } ], "
      "overrides: [ { cookie: \"canary=always\", upstream: green }, { header: \"X-Canary: always\", "
      "upstream: "
      "green } ] } }"};
  Http2Client client = connect(text);
  EXPECT_EQ(client.get("/").body, "blue");
  EXPECT_EQ(client.get("/", {{"x-canary", "always"}}).body, "green");
  EXPECT_EQ(client.get("/", {{"cookie", "a=1"}, {"cookie", "canary=always"}}).body, "green");
  EXPECT_EQ(weir_->metric("weir_split_requests_total", "why=\"override\""), 2);
}

TEST_F(Http2Policies, SharesAreExactWithManyAtOnce) {
  ConfigText text = config();
  text.default_route = false;
  text.routes = {
      "{ name: api, split: { targets: [ { upstream: app, weight: 90 }, { upstream: green, weight: 10 } ] } "
      "}"};
  Http2Client client = connect(text);
  int green = 0;
  for (int round = 0; round < 10; ++round) {
    std::vector<std::uint32_t> streams;
    for (int i = 0; i < 50; ++i) streams.push_back(client.start_get("/"));
    for (const std::uint32_t stream : streams) green += client.wait_end(stream).body == "green" ? 1 : 0;
  }
  EXPECT_NEAR(green, 50, 1);
}

TEST_F(Http2Policies, ACopyGoesToTheMirror) {
  ConfigText text = config();
  text.route = "mirror: { upstream: green, percent: 100 }";
  Http2Client client = connect(text);
  EXPECT_EQ(client.exchange("POST", "/a?b=c", "hello", {{"x-custom", "7"}, {"cookie", "s=1"}}).body, "blue");
  weir_->wait_for_metric("weir_mirror_requests_total", "outcome=\"answered\"",
                         1);  // so that it is the first one
  EXPECT_EQ(client.exchange("POST", "/a?b=c", "hello", {{"content-length", "5"}}).body, "blue");
  weir_->wait_for_metric("weir_mirror_requests_total", "outcome=\"answered\"", 2);
  const Request original = blue_.request(0), copy = green_.request(0);
  EXPECT_EQ(copy.start_line, original.start_line);
  EXPECT_EQ(copy.body, "hello");
  EXPECT_FALSE(copy.fields.has("Cookie"));
  EXPECT_TRUE(copy.fields.has("X-Weir-Mirror"));
  for (const char* same : {"Host", "X-Custom", "X-Request-Id", "Via"}) {
    EXPECT_EQ(copy.fields.get(same), original.fields.get(same)) << same;
    EXPECT_TRUE(copy.fields.has(same)) << same;
  }
}

TEST_F(Http2Policies, AFailedAttemptIsTriedElsewhere) {
  ScriptableEndpoint bad(behave::reset());
  ConfigText text = config();
  text.endpoints = {bad.address(), blue_.address()};
  text.app = "passive_health: { consecutive_failures: 0 }, retry: { on: [reset_before_response] }";
  Http2Client client = connect(text);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(client.get("/").body, "blue");
  EXPECT_GE(bad.request_count(), 1U);
  EXPECT_EQ(weir_->metric("weir_upstream_retries_total", "outcome=\"succeeded\""), bad.request_count());
}

TEST_F(Http2Policies, ABodyIsSentAgain) {
  ScriptableEndpoint bad(behave::status(503));
  ConfigText text = config();
  text.endpoints = {bad.address(), blue_.address()};
  text.app = "passive_health: { consecutive_failures: 0 }, retry: { on: [503] }";
  blue_.behave(behave::echo());
  Http2Client client = connect(text);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(client.exchange("PUT", "/", "once", {{"content-length", "4"}}).body, "once");
    EXPECT_EQ(client.exchange("PUT", "/", "once").body, "once");
  }
  EXPECT_GE(bad.request_count(), 1U);
}

TEST_F(Http2Policies, HeaderPoliciesHold) {
  ConfigText text = config();
  text.headers =
      "own: { response: { set: { X-Set: weir }, remove: [X-Inner] }, request: { set: { X-To-Endpoint: \"1\" "
      "}, "
      "remove: [X-From-Client] } }";
  text.route = "headers: [security, own]";
  blue_.behave(behave::ok("", "X-Inner: 1\r\nX-Outer: 2\r\n"));
  Http2Client client = connect(text);
  const Http2Response response = client.get("/", {{"x-from-client", "1"}, {"x-to-endpoint", "forged"}});
  EXPECT_EQ(response.fields.get("x-set"), "weir");
  EXPECT_EQ(response.fields.get("x-outer"), "2");
  EXPECT_EQ(response.fields.get("x-frame-options"), "DENY");
  EXPECT_FALSE(response.fields.has("x-inner"));
  EXPECT_EQ(blue_.request(0).fields.values("X-To-Endpoint"), std::vector<std::string>{"1"});
  EXPECT_FALSE(blue_.request(0).fields.has("X-From-Client"));
}

TEST_F(Http2Policies, WhatATrustedProxySaysOfTheClientCounts) {
  ConfigText text = config();
  text.trusted_proxies = "127.0.0.0/8, 10.0.0.0/8";
  Http2Client client = connect(text);
  client.get("/", {{"x-forwarded-for", "203.0.113.7, 10.1.2.3"}, {"x-forwarded-proto", "https"}});
  const Request seen = blue_.request(0);
  EXPECT_EQ(seen.fields.get("X-Forwarded-For"), "203.0.113.7, 10.1.2.3, 127.0.0.1");
  EXPECT_EQ(seen.fields.get("X-Real-IP"), "203.0.113.7");
  EXPECT_EQ(seen.fields.get("X-Forwarded-Proto"), "https");
  EXPECT_EQ(weir_->access_log(1)[0].at("client_ip"), "203.0.113.7");
}

}  // namespace
}  // namespace weir::testing
