// Rate limits over the real binary: exact over all workers, announced to the client, and decided before anything else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

/// Who asks is what a trusted proxy says.
std::string as_client(const std::string& ip) {
  return "X-Forwarded-For: " + ip + "\r\n";
}

class RateLimits : public ::testing::Test {
 protected:
  ConfigText config_with(const std::string& limits, const std::string& names = "api") const {
    ConfigText config = config_for(endpoint_.address());
    config.rate_limits = limits;
    config.route = "rate_limits: [" + names + "]";
    config.trusted_proxies = "127.0.0.1";
    return config;
  }

  ScriptableEndpoint endpoint_{behave::ok()};
};

/// How many of `count` requests pass.
int passed(RawClient& client, int count, const std::string& fields = "") {
  int admitted = 0;
  for (int i = 0; i < count; ++i) admitted += client.get("/", fields).status == 200 ? 1 : 0;
  return admitted;
}

struct Hammered {
  int admitted = 0, refused = 0;
  double seconds = 0;  // from the first answer to the last
};

/// Four connections that ask as fast as they can.
Hammered hammer(const WeirProcess& weir, std::chrono::milliseconds time) {
  using Clock = std::chrono::steady_clock;
  std::atomic<int> admitted = 0, refused = 0;
  const auto begin = Clock::now();
  std::vector<std::thread> clients;
  clients.reserve(4);
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      RawClient client = weir.connect();
      while (Clock::now() - begin < time) ++(client.get("/").status == 200 ? admitted : refused);
    });
  }
  for (std::thread& client : clients) client.join();
  return {admitted, refused, std::chrono::duration<double>(Clock::now() - begin).count()};
}

TEST_F(RateLimits, TheCountIsExactOverAllWorkers) {
  for (const char* workers : {"workers: 1", "workers: 2"}) {
    SCOPED_TRACE(workers);
    ConfigText config = config_with("api: { rate: 10/s, burst: 20 }");
    config.server = workers;
    const WeirProcess weir(config);
    const Hammered seen = hammer(weir, std::chrono::milliseconds(2'500));
    EXPECT_NEAR(seen.admitted, 20 + 10 * seen.seconds, 1.5);
    EXPECT_GT(seen.refused, 100);
    EXPECT_EQ(weir.metric("weir_rate_limited_total", "decision=\"refused\""), seen.refused);
    EXPECT_EQ(weir.metric("http_requests_total", "status=\"429\""), seen.refused);
    EXPECT_EQ(weir.metric("weir_rate_limit_keys", "limit=\"api\""), 1);
  }
}

TEST_F(RateLimits, ClientsDoNotDisturbEachOther) {
  const WeirProcess weir(config_with("api: { rate: 1/h, burst: 5 }"));
  RawClient client = weir.connect();
  EXPECT_EQ(passed(client, 50, as_client("192.0.2.1")), 5);
  EXPECT_EQ(passed(client, 50, as_client("192.0.2.2")), 5);
  EXPECT_EQ(passed(client, 1, as_client("192.0.2.1")), 0);
  EXPECT_EQ(weir.metric("weir_rate_limit_keys"), 2);
}

TEST_F(RateLimits, Ipv6ClientsShareByPrefix) {
  const WeirProcess weir(config_with("api: { rate: 1/h, burst: 5, ipv6_prefix: 64 }"));
  RawClient client = weir.connect();
  EXPECT_EQ(passed(client, 3, as_client("2001:db8:0:1::1")), 3);
  EXPECT_EQ(passed(client, 3, as_client("2001:db8:0:1:ffff::2")), 2);
  EXPECT_EQ(passed(client, 3, as_client("2001:db8:0:2::1")), 3);
  EXPECT_EQ(passed(client, 3, as_client("::ffff:192.0.2.1")), 3);
  EXPECT_EQ(passed(client, 3, as_client("192.0.2.1")), 2);
}

TEST_F(RateLimits, EveryAnswerSaysWhereTheClientStands) {
  const WeirProcess weir(
      config_with("api: { rate: 1/h, burst: 2 }, all: { rate: 10/s, burst: 20 }", "api, all"));
  RawClient client = weir.connect();
  const Response first = client.get("/");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.fields.get("RateLimit-Policy"), "\"api\";q=2;w=7200, \"all\";q=20;w=2");
  EXPECT_EQ(first.fields.get("RateLimit"), "\"api\";r=1;t=3600, \"all\";r=19;t=1");
  EXPECT_FALSE(first.fields.has("Retry-After"));
  client.get("/");
  const Response refused = client.get("/");
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.fields.get("RateLimit"), HasSubstr("\"api\";r=0;t="));
  const long retry_after = std::strtol(refused.fields.get("Retry-After").c_str(), nullptr, 10);
  EXPECT_GE(retry_after, 3590);
  EXPECT_LE(retry_after, 3600);
  EXPECT_EQ(refused.fields.get("Proxy-Status"),
            "weir; error=http_request_denied; details=\"rate limit api\"");
  EXPECT_EQ(refused.body, "429 Too Many Requests: rate limit api\n");
  EXPECT_EQ(refused.fields.get("X-Frame-Options"), "DENY");
}

TEST_F(RateLimits, AClientThatWaitsForRetryAfterIsAdmitted) {
  const WeirProcess weir(config_with("api: { rate: 2/s, burst: 1 }"));
  RawClient client = weir.connect();
  EXPECT_EQ(passed(client, 2), 1);
  const Response refused = client.get("/");
  ASSERT_EQ(refused.fields.get("Retry-After"), "1");
  // Refused requests take no token, so asking on does not put the moment off.
  eventually("the next token is there", [&] { return client.get("/").status == 200; });
}

TEST_F(RateLimits, OwnAnswersAndOtherActionsAreLimitedToo) {
  ConfigText config = config_with("api: { rate: 1/h, burst: 2 }");
  config.routes = {
      "{ name: own, match: { path: /own }, respond: { status: 200, body: x }, rate_limits: [api] }"};
  const WeirProcess weir(config);
  RawClient client = weir.connect();
  const Response own = client.get("/own");
  EXPECT_EQ(own.status, 200);
  EXPECT_EQ(own.fields.get("RateLimit-Policy"), "\"api\";q=2;w=7200");
  EXPECT_EQ(client.get("/").status, 200);  // the same buckets
  EXPECT_EQ(client.get("/own").status, 429);
}

TEST_F(RateLimits, ARefusalTakesNothingFromTheOthers) {
  const WeirProcess weir(
      config_with("wide: { rate: 1/h, burst: 9 }, narrow: { rate: 1/h, burst: 3 }", "wide, narrow"));
  RawClient client = weir.connect();
  EXPECT_EQ(passed(client, 20), 3);
  EXPECT_THAT(client.get("/").fields.get("RateLimit"), HasSubstr("\"wide\";r=6;"));
}

TEST_F(RateLimits, ItIsDecidedBeforeTheBodyIsRead) {
  const WeirProcess weir(config_with("api: { rate: 1/h, burst: 1 }"));
  RawClient client = weir.connect();
  EXPECT_EQ(client.get("/").status, 200);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");
  const Response refused = client.read_response();
  EXPECT_EQ(refused.status, 429);
  EXPECT_TRUE(refused.interim.empty());
  EXPECT_TRUE(refused.fields.has_token("Connection", "close"));
  EXPECT_EQ(endpoint_.request_count(), 1U);
}

TEST_F(RateLimits, AConnectionLivesThroughARefusal) {
  const WeirProcess weir(config_with("api: { rate: 1/h, burst: 1 }"));
  RawClient client = weir.connect();
  EXPECT_EQ(passed(client, 5), 1);
  EXPECT_EQ(client.exchange("POST", "/", "short body").status, 429);
  EXPECT_EQ(client.get("/").status, 429);
}

TEST_F(RateLimits, ShadowOnlyCountsAndLogs) {
  WeirProcess weir(config_with("api: { rate: 1/h, burst: 2, shadow: true }"));
  RawClient client = weir.connect();
  EXPECT_EQ(passed(client, 5), 5);
  EXPECT_FALSE(client.get("/").fields.has("RateLimit"));
  EXPECT_EQ(weir.metric("weir_rate_limited_total", "decision=\"shadow\""), 4);
  EXPECT_EQ(weir.metric("weir_rate_limited_total", "decision=\"refused\""), 0);
  const auto log = weir.access_log(6);
  EXPECT_FALSE(log[0].contains("rate_limit"));
  const boost::json::object expected{{"name", "api"}, {"decision", "shadow"}};
  EXPECT_EQ(log[5].at("rate_limit").as_object(), expected);
  EXPECT_FALSE(log[5].contains("reason"));
}

TEST_F(RateLimits, TheLogSaysWhichLimitRefused) {
  WeirProcess weir(config_with("api: { rate: 1/h, burst: 1, status: 503, headers: false }"));
  RawClient client = weir.connect();
  client.get("/");
  const Response refused = client.get("/");
  EXPECT_EQ(refused.status, 503);
  for (const char* name : {"RateLimit", "RateLimit-Policy", "Retry-After"})
    EXPECT_FALSE(refused.fields.has(name));
  const auto log = weir.access_log(2);
  const boost::json::object expected{{"name", "api"}, {"decision", "refused"}};
  EXPECT_EQ(log[1].at("rate_limit").as_object(), expected);
  EXPECT_EQ(log[1].at("reason"), "rate_limited");
  EXPECT_EQ(log[1].at("status"), 503);
  EXPECT_FALSE(log[1].contains("attempts"));
}

TEST_F(RateLimits, KeysFromHeadersAndCookies) {
  const WeirProcess weir(
      config_with("api: { rate: 1/h, burst: 2, key: [\"header:X-User\", \"cookie:id\"], "
                  "on_missing_key: refuse }"));
  RawClient client = weir.connect();
  EXPECT_EQ(passed(client, 3, "X-User: a\r\nCookie: x=1; id=7\r\n"), 2);
  EXPECT_EQ(passed(client, 3, "X-User: a\r\nCookie: id=8\r\n"), 2);
  EXPECT_EQ(passed(client, 3, "X-User: b\r\nCookie: id=7\r\n"), 2);
  EXPECT_EQ(passed(client, 3, "X-User: c\r\n"), 0);
  const auto refused = client.get("/");
  EXPECT_EQ(refused.fields.get("RateLimit-Policy"), "\"api\";q=2;w=7200");
  EXPECT_FALSE(refused.fields.has("RateLimit"));    // there is no bucket
  EXPECT_FALSE(refused.fields.has("Retry-After"));  // waiting does not help
}

TEST_F(RateLimits, ASecondCookieIsNoFreshKey) {
  const WeirProcess weir(
      config_with("api: { rate: 1/h, burst: 2, key: \"cookie:id\", on_missing_key: pass }"));
  RawClient client = weir.connect();
  EXPECT_EQ(passed(client, 2, "Cookie: id=7\r\n"), 2);
  for (const char* cookie : {"id=\"7\"", "id = 7", "id=%37", "x=1; id=7; id=7"}) {
    EXPECT_EQ(passed(client, 1, std::string("Cookie: ") + cookie + "\r\n"), 0) << cookie;
  }
  int by_address = 0;
  for (const char* cookie : {"id=7; id=8", "id=7; id=9", "id=a; id=7", "id=\"7"}) {
    by_address += passed(client, 1, std::string("Cookie: ") + cookie + "\r\n");
  }
  EXPECT_EQ(by_address, 2);
}

TEST_F(RateLimits, WithoutItsKeyARequestCanPass) {
  const WeirProcess weir(
      config_with("api: { rate: 1/h, burst: 2, key: \"header:X-User\", on_missing_key: pass }"));
  RawClient client = weir.connect();
  EXPECT_EQ(passed(client, 5), 5);
  EXPECT_EQ(passed(client, 5, "X-User: a\r\n"), 2);
}

TEST_F(RateLimits, BucketsLiveThroughAReload) {
  ConfigText config = config_with("api: { rate: 1/h, burst: 10 }");
  WeirProcess weir(config);
  RawClient client = weir.connect();
  EXPECT_EQ(passed(client, 4), 4);
  config.routes = {"{ name: extra, match: { path: /extra }, upstream: app }"};
  weir.reload(config);
  EXPECT_THAT(client.get("/").fields.get("RateLimit"), HasSubstr("r=5;"));
  config.rate_limits = "api: { rate: 1/h, burst: 100 }";  // half full stays half full
  weir.reload(config);
  EXPECT_THAT(client.get("/").fields.get("RateLimit"), HasSubstr("r=49;"));
  config.rate_limits = "api: { rate: 1/h, burst: 100, key: [client_ip, route] }";
  weir.reload(config);
  EXPECT_THAT(client.get("/").fields.get("RateLimit"), HasSubstr("r=99;"));
}

TEST_F(RateLimits, AHeaderPolicyHasTheLastWord) {
  ConfigText config = config_with("api: { rate: 1/h, burst: 2 }");
  config.headers = "quiet: { response: { remove: [RateLimit-Policy], set: { RateLimit: mine } } }";
  config.route += ", headers: [quiet]";
  const WeirProcess weir(config);
  const Response response = weir.get("/");
  EXPECT_EQ(response.fields.values("RateLimit"), std::vector<std::string>{"mine"});
  EXPECT_FALSE(response.fields.has("RateLimit-Policy"));
}

TEST_F(RateLimits, AnUnusedTableCostsNoMemory) {
  const WeirProcess without(config_for(endpoint_.address()));
  const WeirProcess with(config_with("api: { rate: 1/h, max_keys: 10000000 }"));
  EXPECT_LT(with.rss_kib(), without.rss_kib() + 8 * 1024);
}

TEST_F(RateLimits, AnEncodedSlashMakesNoFurtherKey) {
  WeirProcess weir(config_with("api: { rate: 1/m, burst: 2, key: path }"));
  EXPECT_EQ(weir.get("/a/b").status, 200);
  EXPECT_EQ(weir.get("/a%2Fb").status, 200);
  EXPECT_EQ(weir.get("/a%2fb").status, 429);
  EXPECT_EQ(weir.get("/a/c").status, 200);
}

}  // namespace
}  // namespace weir::testing
