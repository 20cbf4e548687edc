// Fields on their way through: forwarding, ids, hop-by-hop removal, policies; what the endpoint and the client see.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

constexpr const char* uuid_v7 = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
constexpr const char* trace_parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

class Headers : public ::testing::Test {
 protected:
  ScriptableEndpoint endpoint_{behave::ok()};
  WeirProcess weir_{config_for(endpoint_.address())};

  Request seen_for(const std::string& fields) {
    EXPECT_EQ(weir_.get("/", fields).status, 200);
    return endpoint_.requests().back();
  }
};

TEST_F(Headers, ForwardingFieldsAreCorrect) {
  const Request seen = seen_for("");
  EXPECT_EQ(seen.fields.get("Host"), "example.test");
  EXPECT_THAT(seen.fields.values("X-Forwarded-For"), ElementsAre("127.0.0.1"));
  EXPECT_EQ(seen.fields.get("X-Real-IP"), "127.0.0.1");
  EXPECT_EQ(seen.fields.get("X-Forwarded-Proto"), "http");
  EXPECT_EQ(seen.fields.get("X-Forwarded-Host"), "example.test");
  EXPECT_EQ(seen.fields.get("X-Forwarded-Port"), std::to_string(weir_.port()));
  EXPECT_THAT(seen.fields.get("Via"), HasSubstr("1.1"));
  EXPECT_THAT(seen.fields.get("traceparent"), MatchesRegex("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"));
  EXPECT_THAT(seen.fields.get("X-Request-Id"), MatchesRegex(uuid_v7));
}

TEST_F(Headers, WhatAnUntrustedClientClaimsIsReplaced) {
  const Request seen = seen_for(
      "X-Forwarded-For: 10.0.0.1\r\nX-Real-IP: 10.0.0.2\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: "
      "evil.test\r\n"
      "X-Forwarded-Port: 1\r\nForwarded: for=10.0.0.3\r\nX-Request-Id: mine\r\nx-forwarded-for: "
      "10.0.0.4\r\n");
  EXPECT_THAT(seen.fields.values("X-Forwarded-For"), ElementsAre("127.0.0.1"));
  EXPECT_THAT(seen.fields.values("X-Real-IP"), ElementsAre("127.0.0.1"));
  EXPECT_THAT(seen.fields.values("X-Forwarded-Proto"), ElementsAre("http"));
  EXPECT_THAT(seen.fields.values("X-Forwarded-Host"), ElementsAre("example.test"));
  EXPECT_EQ(seen.fields.values("X-Forwarded-Port").size(), 1U);
  EXPECT_EQ(seen.fields.get("Forwarded").find("10.0.0.3"), std::string::npos);
  EXPECT_THAT(seen.fields.get("X-Request-Id"), MatchesRegex(uuid_v7));
}

TEST_F(Headers, ATraceOfATrustedProxyIsKept) {
  ConfigText config = config_for(endpoint_.address());
  config.trusted_proxies = "127.0.0.0/8";
  WeirProcess weir(config);
  weir.get("/", "traceparent: " + std::string(trace_parent) + "\r\ntracestate: a=1\r\n");
  const Request seen = endpoint_.requests().back();
  EXPECT_EQ(seen.fields.get("traceparent"), trace_parent);
  EXPECT_EQ(seen.fields.get("tracestate"), "a=1");
  weir.get("/", "traceparent: nonsense\r\ntracestate: a=1\r\n");
  const Request broken = endpoint_.requests().back();
  EXPECT_NE(broken.fields.get("traceparent"), "nonsense");
  EXPECT_FALSE(broken.fields.has("tracestate"));
}

TEST_F(Headers, HopByHopFieldsStayHere) {
  const Request seen = seen_for(
      "Connection: close, X-Private\r\nX-Private: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\n"
      "TE: trailers, gzip\r\nProxy-Authorization: Basic x\r\nX-Public: 2\r\n");
  for (const char* name : {"X-Private", "Keep-Alive", "Proxy-Connection", "Upgrade"}) {
    EXPECT_FALSE(seen.fields.has(name)) << name;
  }
  EXPECT_EQ(seen.fields.get("TE").find("gzip"), std::string::npos);
  EXPECT_FALSE(seen.fields.has_token("Connection", "close"));
  EXPECT_EQ(seen.fields.get("X-Public"), "2");

  endpoint_.behave(
      behave::respond("HTTP/1.1 200 OK\r\nConnection: X-Inner\r\nX-Inner: 1\r\nKeep-Alive: "
                      "timeout=9\r\nProxy-Connection: x\r\n"
                      "Upgrade: other\r\nX-Outer: 2\r\nContent-Length: 0\r\n\r\n"));
  const Response response = weir_.get("/");
  for (const char* name : {"X-Inner", "Keep-Alive", "Proxy-Connection", "Upgrade"}) {
    EXPECT_FALSE(response.fields.has(name)) << name;
  }
  EXPECT_EQ(response.fields.get("X-Outer"), "2");
}

TEST_F(Headers, RepeatedFieldsKeepTheirOrder) {
  const Request seen = seen_for("Cookie: a=1\r\nX-Many: 1\r\nCookie: b=2\r\nX-Many: 2\r\n");
  EXPECT_THAT(seen.fields.values("X-Many"), ElementsAre("1", "2"));
  EXPECT_THAT(seen.fields.values("Cookie"), ElementsAre("a=1", "b=2"));
  endpoint_.behave(behave::ok("", "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"));
  EXPECT_THAT(weir_.get("/").fields.values("Set-Cookie"), ElementsAre("a=1", "b=2"));
}

TEST_F(Headers, SecurityFieldsAreOnByDefaultOnErrorsToo) {
  endpoint_.behave(behave::ok("", "Server: secret/1.0\r\nX-Powered-By: secret\r\n"));
  const Response good = weir_.get("/");
  EXPECT_FALSE(good.fields.has("X-Powered-By"));
  EXPECT_EQ(good.fields.get("Server").find("secret"), std::string::npos);
  endpoint_.stop();
  const Response bad = weir_.get("/");
  EXPECT_EQ(bad.status, 502);
  RawClient refused = weir_.connect();
  refused.send("nonsense\r\n\r\n");
  const Response malformed = refused.read_response();
  EXPECT_EQ(malformed.status, 400);
  for (const Response* response : {&good, &bad, &malformed}) {
    EXPECT_THAT(response->fields.values("X-Frame-Options"), ElementsAre("DENY"));
    EXPECT_EQ(response->fields.get("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(response->fields.get("Referrer-Policy"), "strict-origin-when-cross-origin");
    EXPECT_EQ(response->fields.get("X-XSS-Protection"), "0");
    EXPECT_FALSE(response->fields.has("Strict-Transport-Security"));  // plain HTTP
  }
}

TEST_F(Headers, WhatTheAppSaysOfItsSecurityStands) {
  endpoint_.behave(behave::ok("",
                              "X-Frame-Options: SAMEORIGIN\r\nReferrer-Policy: no-referrer\r\n"
                              "X-XSS-Protection: 1\r\n"));
  const Response response = weir_.get("/");
  EXPECT_THAT(response.fields.values("X-Frame-Options"), ElementsAre("SAMEORIGIN"));
  EXPECT_THAT(response.fields.values("Referrer-Policy"), ElementsAre("no-referrer"));
  EXPECT_THAT(response.fields.values("X-XSS-Protection"), ElementsAre("1"));
  EXPECT_THAT(response.fields.values("X-Content-Type-Options"), ElementsAre("nosniff"));
}

TEST_F(Headers, EveryAnswerHasARequestIdAndADate) {
  const Response response = weir_.get("/");
  EXPECT_EQ(response.fields.get("X-Request-Id"), endpoint_.request(0).fields.get("X-Request-Id"));
  EXPECT_THAT(response.fields.get("Date"), HasSubstr("GMT"));
  endpoint_.behave(behave::ok("", "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
  EXPECT_THAT(weir_.get("/").fields.values("Date"), ElementsAre("Sun, 06 Nov 1994 08:49:37 GMT"));
  std::set<std::string> ids;
  for (int i = 0; i < 20; ++i) ids.insert(weir_.get("/").fields.get("X-Request-Id"));
  EXPECT_EQ(ids.size(), 20U);
}

TEST_F(Headers, OnlyOurOwnAnswersCarryProxyStatus) {
  endpoint_.behave(behave::status(502));
  EXPECT_FALSE(weir_.get("/").fields.has("Proxy-Status"));
  endpoint_.stop();
  EXPECT_THAT(weir_.get("/").fields.get("Proxy-Status"), StartsWith("weir; error="));
}

TEST(HeadersTrusted, FieldsOfATrustedProxyCount) {
  ScriptableEndpoint endpoint(behave::ok());
  ConfigText config = config_for(endpoint.address());
  config.trusted_proxies = "127.0.0.0/8, 10.0.0.0/8";
  WeirProcess weir(config);
  const std::string id = "0190a5c0-7d4e-7abc-8def-0123456789ab";
  const Response response = weir.get(
      "/",
      "X-Forwarded-For: 203.0.113.7, 10.1.2.3\r\nX-Forwarded-Proto: https\r\nX-Request-Id: " + id + "\r\n");
  const Request seen = endpoint.request(0);
  EXPECT_EQ(seen.fields.get("X-Forwarded-For"), "203.0.113.7, 10.1.2.3, 127.0.0.1");
  EXPECT_EQ(seen.fields.get("X-Real-IP"), "203.0.113.7");
  EXPECT_EQ(seen.fields.get("X-Forwarded-Proto"), "https");
  EXPECT_EQ(seen.fields.get("X-Request-Id"), id);
  EXPECT_EQ(response.fields.get("X-Request-Id"), id);
  EXPECT_EQ(weir.access_log(1)[0].at("client_ip"), "203.0.113.7");
}

TEST(HeadersPolicy, AreSetRemovedAndFilledIn) {
  ScriptableEndpoint endpoint(
      behave::ok("", "X-Inner: 1\r\nX-Keep: endpoint\r\nX-Replace: endpoint\r\nServer: inner\r\n"));
  ConfigText config = config_for(endpoint.address());
  config.headers =
      "own: { response: { set: { X-Replace: weir }, set_if_absent: { X-Keep: weir, X-Fill: weir }, remove: "
      "[X-Inner] },"
      " request: { set: { X-To-Endpoint: \"1\" }, remove: [X-From-Client] } }";
  config.routes = {"{ name: own, match: { path: /own }, upstream: app, headers: [own] }",
                   "{ name: both, match: { path: /both }, upstream: app, headers: [security, own] }"};
  WeirProcess weir(config);
  for (const std::string path : {"/own", "/both"}) {
    const Response response = weir.get(path, "X-From-Client: 1\r\nX-To-Endpoint: forged\r\n");
    EXPECT_THAT(response.fields.values("X-Replace"), ElementsAre("weir"));
    EXPECT_THAT(response.fields.values("X-Keep"), ElementsAre("endpoint"));
    EXPECT_THAT(response.fields.values("X-Fill"), ElementsAre("weir"));
    EXPECT_FALSE(response.fields.has("X-Inner"));
    EXPECT_EQ(response.fields.has("X-Frame-Options"), path == "/both");
    const Request seen = endpoint.requests().back();
    EXPECT_THAT(seen.fields.values("X-To-Endpoint"), ElementsAre("1"));
    EXPECT_FALSE(seen.fields.has("X-From-Client"));
  }
}

TEST(HeadersOfOldClients, WithoutAHostTheEndpointSeesTheListenersAddress) {
  ScriptableEndpoint endpoint(behave::ok("hello"));
  WeirProcess weir(config_for(endpoint.address()));
  RawClient client = weir.connect();
  client.send("GET /old HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read_response().body, "hello");
  EXPECT_EQ(endpoint.request(0).fields.values("Host"), std::vector<std::string>{weir.listener_address()});
}

}  // namespace
}  // namespace weir::testing
