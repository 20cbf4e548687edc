// Many reloads: under load without a lost request, under an open WebSocket, and without memory that stays behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/behaviours.hpp"
#include "support/sanitizer.hpp"
#include "support/steady_load.hpp"
#include "support/websocket_frames.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

/// As fast as it goes, on a connection that is kept for a while.
void ask(SteadyLoad& load, const WeirProcess& weir) {
  constexpr int requests_a_connection = 500;
  RawClient client = weir.connect();
  for (int i = 0; i < requests_a_connection && !load.stopped(); ++i)
    load.count(client.get("/").status == 200);
}

/// A configuration that differs from the one before and after it in every kind of thing.
ConfigText variant(const std::string& blue, const std::string& green, int step) {
  const bool odd = step % 2 == 1;
  ConfigText config = config_for({odd ? green : blue});
  config.access = "all: { deny: [203.0.113." + std::to_string(step % 200) + "] }";
  config.route = "access: [all], max_in_flight: " + std::to_string(100 + step % 7);
  config.http = "limits: { connections_per_client: " + std::to_string(1000 + step % 3) + " }";
  config.headers = "extra: { response: { set: { X-Step: \"" + std::to_string(step) + "\" } } }";
  if (odd) config.routes = {"{ name: odd, match: { path: /odd }, upstream: app, headers: [extra] }"};
  return config;
}

TEST(ReloadTraffic, AHundredReloadsLoseNoRequestAndNoWebSocket) {
  constexpr int reloads = 100;
  OriginProcess blue("blue"), green("green");
  WeirProcess weir(variant(blue.address(), green.address(), 0));
  RawClient tunnel = weir.connect();
  tunnel.send_get("/ws", websocket_upgrade_fields);
  ASSERT_EQ(tunnel.read_head().status, 101);
  SteadyLoad load(4, [&weir](SteadyLoad& it) { ask(it, weir); });
  eventually("the load runs", [&] { return load.answered() > 100; });
  for (int step = 1; step <= reloads; ++step) {
    weir.write_config(variant(blue.address(), green.address(), step).yaml());
    const Response reloaded = weir.admin("/api/v1/reload", "POST");
    ASSERT_EQ(reloaded.status, 200) << reloaded.body;
    ASSERT_THAT(reloaded.body, HasSubstr("\"generation\":" + std::to_string(step + 1)));
  }
  load.stop();
  EXPECT_EQ(load.failed(), 0);
  EXPECT_GT(load.answered(), reloads);
  EXPECT_EQ(weir.metric("weir_config_generation"), reloads + 1);
  const std::string payload(1000, 'w');
  tunnel.send(masked_frame(0x82, payload));
  EXPECT_TRUE(tunnel.read_exactly(plain_frame(0x82, payload).size()) == plain_frame(0x82, payload));
}

TEST(ReloadTraffic, AThousandReloadsLeaveNoMemoryBehind) {
  constexpr int warm_up = 200, reloads = 1000;
  // One snapshot of this configuration is well above 50 KiB. A sanitizer keeps what was freed for a while.
  const double growth_kib_max = sanitized() ? 32 * 1024 : 4 * 1024;
  OriginProcess blue("blue"), green("green");
  const auto config = [&](int step) {
    ConfigText made = variant(blue.address(), green.address(), step);
    for (int i = 0; i < 100; ++i) {
      const std::string name = std::to_string(i);
      std::string& route = made.routes.emplace_back("{ name: r");
      route.append(name).append(", match: { path: /r").append(name).append(" }, upstream: app }");
    }
    return made.yaml();
  };
  WeirProcess weir(config(0));
  RawClient client = weir.connect();
  double before = 0;
  for (int step = 1; step <= reloads; ++step) {
    weir.write_config(config(step));
    ASSERT_EQ(weir.admin("/api/v1/reload", "POST").status, 200);
    ASSERT_EQ(client.get("/").status, 200);
    if (step == warm_up) before = weir.rss_kib();
  }
  EXPECT_LT(weir.rss_kib() - before, growth_kib_max);
}

TEST(ReloadTraffic, TheAnswerAndTheLogSayWhatChanged) {
  OriginProcess one("one"), two("two");
  ConfigText config = config_for({one.address()});
  config.routes = {"{ name: gone, match: { path: /gone }, upstream: app }",
                   "{ name: other, match: { path: /other }, upstream: app }"};
  WeirProcess weir(config);
  config.endpoints.push_back(two.address());
  config.routes = {"{ name: fresh, match: { path: /fresh }, upstream: app }",
                   "{ name: other, match: { path: /other }, upstream: app, max_in_flight: 9 }"};
  weir.write_config(config.yaml());
  const Finished done = run_to_end(
      weir_binary(), {{"reload", "--admin", "127.0.0.1:" + std::to_string(weir.admin_port())}, {}, {}});
  EXPECT_EQ(done.status.code, 0) << done.errors;
  EXPECT_THAT(done.output, HasSubstr("reloaded: generation 2, config "));
  EXPECT_THAT(done.output, HasSubstr("  listeners: kept 1, changed 0, removed 0, added 0\n"));
  EXPECT_THAT(done.output, HasSubstr("  endpoints: kept 1, changed 0, removed 0, added 1\n"));
  EXPECT_THAT(done.output, HasSubstr("  routes: kept 1, changed 1, removed 1, added 1\n"));
  weir.process().wait_for_error_text("routes: kept 1, changed 1, removed 1, added 1");
}

TEST(ReloadTraffic, ARefusedReloadSaysFileLineAndColumn) {
  OriginProcess origin("stays");
  WeirProcess weir(config_for(origin.address()));
  weir.write_config(config_for(origin.address()).yaml() + "acess: {}\n");
  const std::string where = weir.config_file() + ":10:1: acess: unknown key; did you mean 'access'?";
  const Response refused = weir.admin("/api/v1/reload", "POST");
  EXPECT_GE(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr(where));
  weir.process().wait_for_error_text(where);
  EXPECT_EQ(weir.metric("weir_config_last_reload_success"), 0);
  EXPECT_EQ(weir.metric("weir_config_generation"), 1);
  EXPECT_EQ(origin_name(weir.get("/")), "stays");
}

}  // namespace
}  // namespace weir::testing
