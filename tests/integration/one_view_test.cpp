// One view of a request's fields for all: what the client takes back by Connection steers nothing, trailers are
// judged as fields are, and only trusted proxies count.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "support/behaviours.hpp"
#include "support/dns_server.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* some_trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

class OneView : public ::testing::Test {
 protected:
  ConfigText config() const {
    ConfigText config = config_for(endpoint_.address());
    config.upstreams = {"canary: { endpoints: [\"" + canary_.address() + "\"] }"};
    config.headers =
        "own: { request: { set: { X-User: weir }, remove: [X-Auth] }, "
        "response: { set: { X-Set: weir }, set_if_absent: { X-Absent: weir }, remove: [X-Secret] } }";
    config.routes = {
        "{ name: canary, match: { path: /steered, headers: { X-Canary: \"1\" } }, upstream: canary }",
        "{ name: all, match: { path_prefix: / }, upstream: app, headers: [own] }",
    };
    config.default_route = false;
    return config;
  }

  ScriptableEndpoint endpoint_{behave::ok()};
  ScriptableEndpoint canary_{behave::ok("canary")};
};

TEST_F(OneView, ANominatedFieldSteersNothing) {
  WeirProcess weir(config());
  EXPECT_EQ(weir.get("/steered", "X-Canary: 1\r\n").body, "canary");
  EXPECT_EQ(weir.get("/steered", "X-Canary: 1\r\nConnection: X-Canary\r\n").body, "ok");
  EXPECT_FALSE(endpoint_.request(0).fields.has("X-Canary"));
}

TEST_F(OneView, ANominatedFieldIsNoOverrideOfASplit) {
  ConfigText split = config();
  split.routes = {
      "{ name: all, split: { targets: [ { upstream: app, weight: 1 }, { upstream: canary, weight: 0 } ], "
      "overrides: [ { header: \"X-Canary: always\", upstream: canary }, "
      "{ cookie: \"canary=always\", upstream: canary } ] } }"};
  WeirProcess weir(split);
  EXPECT_EQ(weir.get("/", "X-Canary: always\r\n").body, "canary");
  EXPECT_EQ(weir.get("/", "X-Canary: always\r\nConnection: close, x-canary\r\n").body, "ok");
  EXPECT_FALSE(endpoint_.request(0).fields.has("X-Canary"));
  EXPECT_EQ(weir.get("/", "Cookie: canary=always\r\n").body, "canary");
  EXPECT_EQ(weir.get("/", "Cookie: canary=always\r\nConnection: Cookie\r\n").status, 400)
      << "it is never a connection's own";
}

TEST_F(OneView, ANominatedFieldIsNoKeyOfALimit) {
  ConfigText limited = config_for(endpoint_.address());
  limited.rate_limits = "each: { key: \"header:X-Api-Key\", rate: 1/h, burst: 1 }";
  limited.route = "rate_limits: [each]";
  WeirProcess weir(limited);
  EXPECT_EQ(weir.get("/", "X-Api-Key: a\r\n").status, 200);
  EXPECT_EQ(weir.get("/", "X-Api-Key: a\r\n").status, 429);
  EXPECT_EQ(weir.get("/", "X-Api-Key: b\r\n").status, 200);
  // Without a key it is the address that is limited.
  EXPECT_EQ(weir.get("/", "X-Api-Key: c\r\nConnection: X-Api-Key\r\n").status, 200);
  EXPECT_EQ(weir.get("/", "X-Api-Key: d\r\nConnection: X-Api-Key\r\n").status, 429);
  EXPECT_EQ(weir.get("/", "X-Api-Key: c\r\n").status, 200) << "nothing was taken from its bucket";
}

TEST_F(OneView, ANominatedFieldIsNoKeyOfAHash) {
  ConfigText hashed = config_for({endpoint_.address(), canary_.address()});
  hashed.app = "balance: hash, hash_key: \"header:X-User\"";
  WeirProcess weir(hashed);
  const std::string by_address = weir.get("/").body;
  std::set<std::string> by_key;
  for (int i = 0; i < 40; ++i) {
    const std::string user = "X-User: " + std::to_string(i) + "\r\n";
    by_key.insert(weir.get("/", user).body);
    EXPECT_EQ(weir.get("/", user + "Connection: X-User\r\n").body, by_address) << user;
  }
  EXPECT_EQ(by_key.size(), 2U) << "the key alone spreads them";
}

TEST_F(OneView, AFieldThatTheEndpointNominatesIsAbsent) {
  endpoint_.behave(behave::ok("ok", "X-Absent: theirs\r\nConnection: X-Absent\r\n"));
  WeirProcess weir(config());
  EXPECT_EQ(weir.get("/").fields.get("X-Absent"), "weir");
}

TEST_F(OneView, TrailersOfRequestsAreJudgedAsFields) {
  WeirProcess weir(config());
  RawClient client = weir.connect();
  client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: X-Nominated\r\nTransfer-Encoding: "
      "chunked\r\n\r\n1\r\nx\r\n0\r\n"
      "X-User: forged\r\nX-Auth: forged\r\nX_Forwarded_For: 6.6.6.6\r\nX-Forwarded-Client-Cert: forged\r\n"
      "X_User: forged\r\nX-Weir-Mirror: forged\r\nx-nominated: forged\r\nX-Checksum: 1\r\n\r\n");
  EXPECT_EQ(client.read_response("POST").status, 200);
  endpoint_.wait_for_bytes(0, "0\r\nX-Checksum: 1\r\n\r\n");
  EXPECT_THAT(endpoint_.bytes(), Not(HasSubstr("forged")));
  EXPECT_THAT(endpoint_.bytes(), Not(HasSubstr("6.6.6.6")));
}

TEST_F(OneView, TrailersOfResponsesAreJudgedAsFields) {
  endpoint_.behave(behave::respond(
      "HTTP/1.1 200 OK\r\nConnection: x-nominated\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
      "X-Set: theirs\r\nX-Absent: theirs\r\nX-Secret: theirs\r\nX-Request-Id: "
      "theirs\r\nX-Nominated: theirs\r\nServer-Timing: a\r\n\r\n"));
  WeirProcess weir(config());
  RawClient client = weir.connect();
  client.send_get("/");
  const std::string answer = client.read_until("Server-Timing: a\r\n\r\n");
  EXPECT_THAT(answer, Not(HasSubstr("theirs")));
}

TEST_F(OneView, ATraceIsTakenFromTrustedProxiesOnly) {
  const std::string fields = std::string("traceparent: ") + some_trace + "\r\n";
  WeirProcess open(config());
  open.get("/", fields);
  EXPECT_NE(endpoint_.request(0).fields.get("traceparent"), some_trace);
  ConfigText trusting = config();
  trusting.trusted_proxies = "127.0.0.0/8";
  WeirProcess weir(trusting);
  weir.get("/", fields);
  EXPECT_EQ(endpoint_.request(1).fields.get("traceparent"), some_trace);
}

TEST_F(OneView, ForwardedIsTrustedAsItsOlderRelatives) {
  ConfigText trusting = config();
  trusting.trusted_proxies = "127.0.0.0/8";
  WeirProcess weir(trusting);
  weir.get("/", "Forwarded: for=192.0.2.7;proto=https;host=shop.test\r\n");
  const Request seen = endpoint_.request(0);
  EXPECT_EQ(seen.fields.get("X-Forwarded-Proto"), "https");
  EXPECT_EQ(seen.fields.get("X-Forwarded-Host"), "shop.test");
  EXPECT_EQ(seen.fields.get("X-Real-IP"), "192.0.2.7");
}

TEST_F(OneView, ARequestThatComesRoundAgainIsRefused) {
  const std::uint16_t port = unused_port();
  DnsServer dns;  // check cannot see through a name
  dns.set("round.test", {"127.0.0.1"});
  ConfigText config = config_for("round.test:" + std::to_string(port));
  config.server += ", resolver: { servers: [\"" + dns.address() + "\"] }";
  config.listeners = {"round: { address: \"127.0.0.1:" + std::to_string(port) + "\" }"};
  WeirProcess weir(config);
  const Response response = weir.get("/");
  EXPECT_EQ(response.status, 508);
  EXPECT_THAT(response.fields.get("Proxy-Status"), HasSubstr("proxy_loop_detected"));
  // Another Weir in front is none.
  WeirProcess inner(config_for(endpoint_.address()));
  WeirProcess outer(config_for("127.0.0.1:" + std::to_string(inner.port())));
  EXPECT_EQ(outer.get("/").status, 200);
  EXPECT_EQ(endpoint_.request(0).fields.get("Via").substr(0, 9), "1.1 weir-");
}

TEST_F(OneView, OptionsThatMayGoNoFurtherAreAnswered) {
  WeirProcess weir(config());
  RawClient client = weir.connect();
  client.send("OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n");
  const Response here = client.read_response("OPTIONS");
  EXPECT_EQ(here.status, 204);
  EXPECT_THAT(here.fields.get("Allow"), HasSubstr("OPTIONS"));
  client.send("OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 3\r\n\r\n");
  client.read_response("OPTIONS");
  EXPECT_EQ(endpoint_.request(0).fields.get("Max-Forwards"), "2");
  client.send("GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 3\r\n\r\n");
  client.read_response();
  EXPECT_EQ(endpoint_.request(1).fields.get("Max-Forwards"), "3") << "it means nothing to GET";
}

}  // namespace
}  // namespace weir::testing
