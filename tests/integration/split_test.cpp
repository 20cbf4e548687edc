// Weighted splits on the wire: shares, clients that stay, overrides, sides that are out.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

/// blue is upstream `app`, green another; the route for everything splits between them.
struct Sides {
  ScriptableEndpoint blue{behave::ok("blue")}, green{behave::ok("green")};

  ConfigText config(const std::string& split) const {
    ConfigText made = config_for(blue.address());
    made.upstreams = {"green: { endpoints: [ \"" + green.address() +
                      "\" ], passive_health: { ejection_time: 300ms } }"};
    made.app = "passive_health: { ejection_time: 300ms }";
    made.default_route = false;
    made.routes = {"{ name: api, split: { " + split + " } }"};
    return made;
  }
};

std::string targets(int blue, int green) {
  return "targets: [ { upstream: app, weight: " + std::to_string(blue) +
         " }, { upstream: green, weight: " + std::to_string(green) + " } ]";
}

std::string cookie_of(const Response& response) {
  const std::string field = response.fields.get("Set-Cookie");
  return field.substr(0, field.find(';'));
}

TEST(Split, TenThousandRequestsShareAsTheyShould) {
  Sides sides;
  WeirProcess weir(sides.config(targets(90, 10)));
  constexpr std::size_t client_count = 10;
  std::vector<RawClient> clients;
  clients.reserve(client_count);
  for (std::size_t i = 0; i < client_count; ++i) clients.push_back(weir.connect());
  int green = 0, run = 0, longest = 0;
  for (int i = 0; i < 10'000; ++i) {
    const bool is_green = clients[static_cast<std::size_t>(i) % clients.size()].get("/").body == "green";
    green += is_green ? 1 : 0;
    run = is_green ? 0 : run + 1;
    longest = std::max(longest, run);
  }
  EXPECT_NEAR(green, 1000, 1);
  EXPECT_LE(longest, 10);
  EXPECT_EQ(weir.metric("weir_split_requests_total", "upstream=\"green\",why=\"weight\""), green);
  EXPECT_EQ(weir.metric("weir_split_weight", "upstream=\"app\""), 90);
}

TEST(Split, AThousandCookiesOnlyEverMoveToWhatGrew) {
  Sides sides;
  const std::string cookie_affinity = ", affinity: { by: cookie, ttl: 1h }";
  WeirProcess weir(sides.config(targets(95, 5) + cookie_affinity));
  std::vector<std::string> cookies;
  std::vector<bool> in_green;
  RawClient client = weir.connect();
  for (int i = 0; i < 1000; ++i) {
    const Response response = client.get("/");
    const std::string field = response.fields.get("Set-Cookie");
    ASSERT_TRUE(field.ends_with("; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax")) << field;
    cookies.push_back(cookie_of(response));
    in_green.push_back(response.body == "green");
  }
  const std::vector<int> steps{20, 50, 50, 100};
  for (const int weight : steps) {
    weir.reload(sides.config(targets(100 - weight, weight) + cookie_affinity));
    RawClient again = weir.connect();
    int green = 0;
    for (std::size_t i = 0; i < cookies.size(); ++i) {
      const Response response = again.get("/", "Cookie: " + cookies[i] + "\r\n");
      const bool now = response.body == "green";
      EXPECT_TRUE(now || !in_green[i]) << "client " << i << " went back to blue at " << weight;
      EXPECT_EQ(response.fields.has("Set-Cookie"), now != in_green[i]);
      if (response.fields.has("Set-Cookie")) cookies[i] = cookie_of(response);
      in_green[i] = now;
      green += now ? 1 : 0;
    }
    EXPECT_NEAR(green, weight * 10, 60);
  }
}

TEST(Split, TheSameClientGetsTheSameSideEverywhere) {
  Sides sides;
  const ConfigText config = sides.config(targets(50, 50) + ", affinity: { by: \"header:X-User\" }");
  std::map<std::string, std::string> side;
  for (int replica = 0; replica < 2; ++replica) {
    WeirProcess weir(config);
    for (int i = 0; i < 100; ++i) {
      const std::string user = "user-" + std::to_string(i);
      const std::string body = weir.get("/", "X-User: " + user + "\r\n").body;
      const auto [known, fresh] = side.emplace(user, body);
      EXPECT_EQ(known->second, body) << user;
    }
  }
}

TEST(Split, SecureOnTls) {
  Sides sides;
  ConfigText config = sides.config(targets(1, 1) + ", affinity: { by: cookie }");
  config.trusted_proxies = "127.0.0.1";
  WeirProcess weir(config);
  EXPECT_TRUE(weir.get("/", "X-Forwarded-Proto: https\r\n").fields.get("Set-Cookie").ends_with("; Secure"));
}

TEST(Split, OverridesAreLogged) {
  Sides sides;
  WeirProcess weir(
      sides.config(targets(100, 0) +
                   ", overrides: [ { cookie: \"canary=always\", upstream: green }, { header: "
                   "\"X-Canary: always\", upstream: green }, { header: \"X-Canary: never\", upstream: "
                   "app } ]"));
  RawClient client = weir.connect();  // one worker's log lines are in order
  EXPECT_EQ(client.get("/").body, "blue");
  EXPECT_EQ(client.get("/", "X-Canary: always\r\n").body, "green");
  EXPECT_EQ(client.get("/", "Cookie: a=1; canary=always\r\n").body, "green");
  EXPECT_EQ(client.get("/", "Cookie: canary=always\r\nX-Canary: never\r\n").body, "blue");
  const auto lines = weir.access_log(4);
  EXPECT_EQ(lines[0].at("split").at("why"), "weight");
  EXPECT_EQ(lines[1].at("split").at("why"), "override");
  EXPECT_EQ(lines[1].at("split").at("target"), "green");
  EXPECT_EQ(lines[1].at("upstream"), "green");
  EXPECT_EQ(weir.metric("weir_split_requests_total", "why=\"override\""), 3);
}

TEST(Split, KeptClientsStayWhileTheirSideWorks) {
  Sides sides;
  const std::string keep = ", affinity: { by: cookie }, drain_affinity: keep";
  WeirProcess weir(sides.config(targets(0, 1) + keep));
  const std::string cookie = "Cookie: " + cookie_of(weir.get("/")) + "\r\n";
  weir.reload(sides.config(targets(1, 0) + keep));
  EXPECT_EQ(weir.get("/").body, "blue");
  EXPECT_EQ(weir.get("/", cookie).body, "green");
  weir.reload(sides.config(targets(1, 0) + ", affinity: { by: cookie }"));
  const Response moved = weir.get("/", cookie);
  EXPECT_EQ(moved.body, "blue");
  EXPECT_TRUE(cookie_of(moved).ends_with(".api:app")) << cookie_of(moved);
}

TEST(Split, ASideThatIsOutFallsOverAndComesBack) {
  Sides sides;
  WeirProcess weir(sides.config(targets(1, 1)));
  RawClient client = weir.connect();
  sides.green.behave(behave::status(503));
  int failed = 0;
  for (int i = 0; i < 40; ++i) failed += client.get("/").status == 503 ? 1 : 0;
  EXPECT_GE(failed, 3);
  EXPECT_LE(failed, 10) << "a probe now and then";
  EXPECT_GE(weir.metric("weir_split_requests_total", "upstream=\"app\",why=\"failover\""), 10);
  sides.green.behave(behave::ok("green"));
  eventually("green is back", [&] {
    client.get("/");
    return client.get("/").body == "green" || client.get("/").body == "green";
  });
  int green = 0;
  for (int i = 0; i < 20; ++i) green += client.get("/").body == "green" ? 1 : 0;
  EXPECT_EQ(green, 10);
}

}  // namespace
}  // namespace weir::testing
