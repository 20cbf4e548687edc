// `weir explain --live` asks the running process, and what it says is what happens next.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

Finished explain_at(const std::string& admin, std::vector<std::string> arguments,
                    std::map<std::string, std::string> environment = {}) {
  ProcessOptions options;
  options.environment = std::move(environment);
  options.arguments = {"explain", "--live", "--admin", admin};
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  return run_to_end(weir_binary(), std::move(options));
}

std::string admin_of(const WeirProcess& weir) {
  return "127.0.0.1:" + std::to_string(weir.admin_port());
}

boost::json::value live(const WeirProcess& weir, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "--json");
  const Finished asked = explain_at(admin_of(weir), std::move(arguments));
  EXPECT_EQ(asked.status, (ExitStatus{0, 0})) << asked.errors;
  return boost::json::parse(asked.output);
}

TEST(LiveExplain, TokensAreThoseThatAreLeftAndNoneIsTaken) {
  ScriptableEndpoint endpoint(behave::ok());
  ConfigText config = config_for(endpoint.address());
  config.rate_limits = "search: { rate: 1/m, burst: 3 }";
  config.route = "rate_limits: [search]";
  WeirProcess weir(config);
  const auto tokens = [&] {
    return live(weir, {"GET", "http://a.test/", "--client", "127.0.0.1"})
        .at("rate_limits")
        .at(0)
        .at("tokens");
  };
  EXPECT_EQ(tokens(), 3);
  EXPECT_EQ(weir.metric("weir_rate_limit_keys"), 0) << "no bucket was made";
  EXPECT_EQ(weir.get("/").status, 200);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(tokens(), 2);
  EXPECT_EQ(weir.get("/").status, 200);
  EXPECT_EQ(weir.get("/").status, 200);
  const auto empty = live(weir, {"GET", "http://a.test/"});
  EXPECT_EQ(empty.at("outcome"), "refused");
  EXPECT_EQ(empty.at("answer").at("status"), 429);
  EXPECT_EQ(weir.get("/").status, 429);
  EXPECT_EQ(live(weir, {"GET", "http://a.test/", "--client", "192.0.2.9"}).at("outcome"), "proxy");
}

TEST(LiveExplain, SidesAndEndpointsAreAsTheyAreNow) {
  ScriptableEndpoint blue(behave::ok("blue")), green(behave::ok("green"));
  ConfigText config = config_for(blue.address());
  config.upstreams = {"green: { endpoints: [ \"" + green.address() + "\" ] }"};
  config.default_route = false;
  config.routes = {
      "{ name: api, split: { targets: [ { upstream: app, weight: 100 }, { upstream: green, weight: 0 } ] } "
      "}"};
  WeirProcess weir(config);
  const auto set = [&](const std::vector<std::string>& words) {
    ProcessOptions options;
    options.arguments = words;
    options.arguments.insert(options.arguments.end(), {"--admin", admin_of(weir), "--reason", "a test"});
    EXPECT_EQ(run_to_end(weir_binary(), options).status, (ExitStatus{0, 0}));
  };
  EXPECT_EQ(live(weir, {"GET", "http://a.test/"}).at("proxy").at("upstream"), "app");
  set({"split", "set", "api", "app=10", "green=90"});
  const auto moved = live(weir, {"GET", "http://a.test/"});
  EXPECT_EQ(moved.at("proxy").at("upstream"), "green");
  EXPECT_EQ(moved.at("live").at("sides").at(1).at("weight"), 90);
  EXPECT_THAT(std::string(moved.at("live").at("weights_set").as_string()), HasSubstr(": a test"));
  set({"endpoint", "drain", "green", green.address()});
  const Finished text = explain_at(admin_of(weir), {"GET", "http://a.test/"});
  EXPECT_THAT(text.output, HasSubstr("side green, weight 90 (configured 0): 0 of 1 endpoints usable; out"));
  EXPECT_THAT(text.output, HasSubstr("failover: green is out\nupstream   app, "));
  EXPECT_THAT(text.output, HasSubstr("next pick: " + blue.address()));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(weir.get("/").body, "blue");
}

TEST(LiveExplain, APauseIsSaid) {
  ScriptableEndpoint endpoint(behave::ok("here"));
  WeirProcess weir(config_for(endpoint.address()));
  ProcessOptions options;
  options.arguments = {"pause", "all", "--max", "60s", "--reason", "restart", "--admin", admin_of(weir)};
  ASSERT_EQ(run_to_end(weir_binary(), options).status, (ExitStatus{0, 0}));
  const auto shown = live(weir, {"GET", "http://a.test/"}).at("live").at("pause");
  EXPECT_THAT(std::string(shown.at("said").as_string()), HasSubstr(": restart"));
  const Finished text = explain_at(admin_of(weir), {"GET", "http://a.test/"});
  EXPECT_THAT(text.output, HasSubstr(": restart; 0 of 1024 requests wait, and so does this one\n"));
  options.arguments = {"resume", "all", "--admin", admin_of(weir)};
  ASSERT_EQ(run_to_end(weir_binary(), options).status, (ExitStatus{0, 0}));
  EXPECT_THAT(explain_at(admin_of(weir), {"GET", "http://a.test/"}).output,
              ::testing::Not(HasSubstr("paused")));
}

TEST(LiveExplain, WhatIsInFlightIsCounted) {
  ScriptableEndpoint endpoint(behave::hang());
  ConfigText config = config_for(endpoint.address());
  config.app = "max_requests: 2";
  config.route = "max_in_flight: 3";
  WeirProcess weir(config);
  RawClient first = weir.connect(), second = weir.connect();
  first.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  second.send("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  endpoint.wait_for_requests(2);
  const auto shown = live(weir, {"GET", "http://a.test/"});
  EXPECT_EQ(shown.at("live").at("max_in_flight").at("used"), 2);
  EXPECT_EQ(shown.at("live").at("upstream").at("requests").at("used"), 2);
  EXPECT_EQ(shown.at("live").at("upstream").at("endpoints").at(0).at("in_flight"), 2);
  EXPECT_EQ(shown.at("answer").at("status"), 503);
  EXPECT_EQ(weir.get("/").status, 503);
  first.close();
  second.close();
  EXPECT_EQ(weir.stop(), (ExitStatus{0, 0}));
}

TEST(LiveExplain, AReadTokenIsEnough) {
  ConfigText config = config_for("127.0.0.1:1");
  config.admin = "address: \"127.0.0.1:0\", token: \"writes-and-all\", read_token: \"only-looks-at\"";
  WeirProcess weir(config);
  EXPECT_EQ(explain_at(admin_of(weir), {"GET", "http://a.test/"}).status, (ExitStatus{1, 0}));
  for (const char* token : {"writes-and-all", "only-looks-at"}) {
    EXPECT_EQ(explain_at(admin_of(weir), {"GET", "http://a.test/", "--token", token}).status,
              (ExitStatus{0, 0}));
    EXPECT_EQ(explain_at(admin_of(weir), {"GET", "http://a.test/"}, {{"WEIR_ADMIN_TOKEN", token}}).status,
              (ExitStatus{0, 0}));
  }
}

TEST(LiveExplain, WhatIsWrongIsSaid) {
  WeirProcess weir(config_for("127.0.0.1:1"));
  const Finished listener = explain_at(admin_of(weir), {"GET", "http://a.test/", "--listener", "ftp"});
  EXPECT_EQ(listener.status, (ExitStatus{1, 0}));
  EXPECT_THAT(listener.errors, HasSubstr("no listener is named \"ftp\"; there are: http"));
  const Finished url = explain_at(admin_of(weir), {"GET", "a.test"});
  EXPECT_EQ(url.status, (ExitStatus{1, 0}));
  EXPECT_THAT(url.errors, HasSubstr("http://host/path"));
  EXPECT_EQ(explain_at("127.0.0.1:" + std::to_string(unused_port()), {"GET", "http://a.test/"}).status,
            (ExitStatus{3, 0}));
  EXPECT_EQ(explain_at(admin_of(weir), {"GET", "http://a.test/", "-c", weir.config_file()}).status,
            (ExitStatus{2, 0}));
}

/// A process from before the question answers 404, as a path that it does not have.
TEST(LiveExplain, AnOlderProcessIsNamedAsSuch) {
  ScriptableEndpoint old(behave::status(404));
  const Finished asked = explain_at(old.address(), {"GET", "http://a.test/"});
  EXPECT_EQ(asked.status, (ExitStatus{1, 0}));
  EXPECT_THAT(asked.errors, HasSubstr("is older than this command: it has no /api/v1/explain"));
}

}  // namespace
}  // namespace weir::testing
