// For which logged requests another configuration has another outcome, and what cannot be said.
#include "replay/replay.hpp"

#include <gmock/gmock.h>

#include "unit/replay/configs.hpp"

namespace weir::replay {
namespace {

using ::testing::HasSubstr;

class Replaying {
 public:
  Replaying(const std::string& old, const std::string& now, std::size_t examples = 3)
      : old_(config_of(old)), now_(config_of(now)), replay_(old_, now_, examples) {}

  void line(const boost::json::object& members) { text(log_line(members)); }
  void text(const std::string& text) { replay_.take(text, ++number_); }
  Report report() const { return replay_.report(); }
  std::uint64_t of(Difference kind) const { return report().kinds[static_cast<std::size_t>(kind)].requests; }
  Example example(Difference kind) const {
    const auto report = replay_.report();
    const auto& examples = report.kinds[static_cast<std::size_t>(kind)].examples;
    return examples.empty() ? Example{} : examples.front();
  }

 private:
  const config::Config old_, now_;
  Replay replay_;
  std::uint64_t number_ = 0;
};

std::string routes(const std::string& list, const std::string& more = "") {
  return more + "\nroutes:\n" + list;
}
const std::string api_and_all =
    "  - { name: api, match: { path_prefix: /api }, upstream: green }\n  - { name: all, upstream: blue }\n";

TEST(Replay, TheSameConfigurationChangesNothing) {
  Replaying replay(routes(api_and_all), routes(api_and_all));
  replay.line({{"path", "/api/x"}, {"route", "api"}});
  replay.line({{"path", "/x"}, {"route", "all"}});
  EXPECT_EQ(replay.report().same, 2u);
  EXPECT_TRUE(replay.report().all_same());
  EXPECT_EQ(replay.report().misfits, 0u);
}

TEST(Replay, AnotherRouteAndUpstream) {
  Replaying replay(routes("  - { name: all, upstream: blue }\n"), routes(api_and_all));
  for (int i = 0; i < 5; ++i) replay.line({{"path", "/api/" + std::to_string(i)}, {"route", "all"}});
  replay.line({{"path", "/other"}, {"route", "all"}});
  EXPECT_EQ(replay.report().different, 5u);
  EXPECT_EQ(replay.report().same, 1u);
  EXPECT_EQ(replay.of(Difference::route), 5u);
  EXPECT_EQ(replay.of(Difference::upstream), 5u);
  const auto examples = replay.report().kinds[static_cast<std::size_t>(Difference::route)].examples;
  ASSERT_EQ(examples.size(), 3u) << "as many as were asked for";
  EXPECT_EQ(examples[1].line, 2u);
  EXPECT_EQ(examples[1].request, "GET a.test/api/1");
  EXPECT_EQ(examples[1].old, "route all, upstream blue, path /api/1");
  EXPECT_EQ(examples[1].now, "route api, upstream green, path /api/1");
}

TEST(Replay, AccessListsByTheLoggedClient) {
  const std::string lists = "access: { office: { allow: [10.0.0.0/8] } }";
  Replaying replay(routes("  - { name: all, upstream: blue }\n", lists),
                   routes("  - { name: all, upstream: blue, access: [office] }\n", lists));
  replay.line({{"route", "all"}, {"client_ip", "10.1.2.3"}});
  replay.line({{"route", "all"}, {"client_ip", "192.0.2.1"}});
  EXPECT_EQ(replay.report().same, 1u);
  EXPECT_EQ(replay.of(Difference::access), 1u);
  EXPECT_EQ(replay.example(Difference::access).now, "403 by access list office, route all");
}

TEST(Replay, AnswersAndPaths) {
  Replaying replay(
      routes("  - { name: x, match: { path: /never }, upstream: grey }\n  - { name: all, upstream: blue }\n"),
      routes("  - { name: x, match: { path: /old }, redirect: { to: /new, status: 301 } }\n"
             "  - { name: all, upstream: blue, rewrite: { path: /v2 } }\n"));
  replay.line({{"path", "/old"}, {"route", "all"}});
  replay.line({{"path", "/api//a/../b"}, {"route", "all"}});
  replay.line({{"path", "/%00"}, {"reason", "malformed_request"}, {"status", 400}});
  EXPECT_EQ(replay.of(Difference::answer), 1u);
  EXPECT_EQ(replay.example(Difference::answer).now, "301 to /new, route x");
  EXPECT_EQ(replay.of(Difference::path), 1u);
  EXPECT_EQ(replay.example(Difference::path).old, "route all, upstream blue, path /api/b");
  EXPECT_EQ(replay.example(Difference::path).now, "route all, upstream blue, path /v2/api/b");
  EXPECT_EQ(replay.report().same, 1u) << "a path that both refuse";
}

TEST(Replay, AListenerThatIsGone) {
  Replaying replay(routes("  - { name: all, upstream: blue }\n", "admin: { address: 127.0.0.1:1 }"),
                   routes("  - { name: all, upstream: blue }\n"));
  replay.line({{"route", "all"}, {"listener", "other"}});
  EXPECT_EQ(replay.report().misfits, 1u) << "old has no such listener either";
  EXPECT_EQ(replay.report().same, 1u);
}

TEST(Replay, AConditionThatBothHaveIsAnsweredByTheLog) {
  const std::string canary =
      "  - { name: canary, match: { headers: { X-Canary: \"1\" } }, upstream: green }\n";
  Replaying replay(routes(canary + "  - { name: all, upstream: blue }\n"),
                   routes(canary + "  - { name: all, upstream: grey }\n"));
  replay.line({{"route", "canary"}});
  replay.line({{"route", "all"}});
  EXPECT_EQ(replay.report().same, 1u);
  EXPECT_EQ(replay.of(Difference::upstream), 1u);
  EXPECT_EQ(replay.report().unknown, 0u);
}

TEST(Replay, AConditionOnAFieldThatIsNotLoggedIsUnknown) {
  Replaying replay(
      routes("  - { name: all, upstream: blue }\n"),
      routes(
          "  - { name: canary, match: { path_prefix: /a, headers: { X-Canary: \"1\" } }, upstream: green }\n"
          "  - { name: all, upstream: blue }\n"));
  replay.line({{"route", "all"}, {"path", "/a"}});
  replay.line({{"route", "all"}, {"path", "/b"}});
  EXPECT_EQ(replay.report().unknown, 1u);
  EXPECT_EQ(replay.report().unknown_for.at("header x-canary"), 1u);
  EXPECT_EQ(replay.report().same, 1u) << "the condition does not matter there";
}

TEST(Replay, LoggedFieldsAreConditionsAsAnyOther) {
  Replaying replay(
      routes("  - { name: all, upstream: blue }\n"),
      routes("  - { name: bots, match: { headers: { User-Agent: \"~.*bot.*\" } }, upstream: green }\n"
             "  - { name: all, upstream: blue }\n"));
  replay.line({{"route", "all"}, {"user_agent", "a bot of ours"}});
  replay.line({{"route", "all"}, {"user_agent", "curl"}});
  replay.line({{"route", "all"}});
  EXPECT_EQ(replay.of(Difference::upstream), 1u);
  EXPECT_EQ(replay.report().same, 2u);
}

TEST(Replay, TheSchemeIsKnownWhereNobodyStandsBetween) {
  const std::string trusted = "trusted_proxies: [10.0.0.0/8]";
  Replaying replay(routes("  - { name: all, upstream: blue }\n", trusted),
                   routes("  - { name: secure, match: { scheme: https }, upstream: green }\n"
                          "  - { name: all, upstream: blue }\n",
                          trusted));
  replay.line({{"route", "all"}});
  replay.line({{"route", "all"}, {"tls", boost::json::object{{"version", "TLSv1.3"}}}});
  replay.line({{"route", "all"}, {"client_port", nullptr}});
  EXPECT_EQ(replay.report().same, 1u);
  EXPECT_EQ(replay.report().different, 1u);
  EXPECT_EQ(replay.report().unknown_for.at("how the client reached the outermost trusted proxy"), 1u);
}

TEST(Replay, TheClientIsUnknownWhereOtherProxiesAreTrusted) {
  const std::string lists = "access: { abuse: { deny: [192.0.2.0/24] } }\n";
  const std::string all = "  - { name: all, upstream: blue, access: [abuse] }\n";
  Replaying replay(routes(all, lists), routes(all, lists + "trusted_proxies: [10.0.0.0/8]"));
  replay.line({{"route", "all"}, {"client_ip", "203.0.113.1"}});
  replay.line({{"route", "all"}, {"client_ip", "10.0.0.1"}});
  EXPECT_EQ(replay.report().same, 1u);
  EXPECT_EQ(replay.report().unknown_for.at("the client's address"), 1u);
}

TEST(Replay, ALogOfAnotherConfigurationIsNoted) {
  Replaying replay(routes(api_and_all), routes(api_and_all));
  replay.line({{"route", "all"}});
  replay.line({{"route", "web"}});
  EXPECT_EQ(replay.report().misfits, 1u);
  EXPECT_EQ(replay.report().first_misfit, 2u);
  EXPECT_THAT(to_text(replay.report(), "x.log"), HasSubstr("the first is line 2: the log may be of another"));
}

TEST(Replay, WhatEndedBeforeAnyRuleIsTheSame) {
  Replaying replay(routes("  - { name: all, upstream: blue }\n"),
                   routes("  - { name: all, upstream: green }\n"));
  replay.line({{"path", nullptr}, {"method", nullptr}, {"status", 400}, {"reason", "malformed_request"}});
  replay.line({{"status", 508}, {"reason", "loop_detected"}});
  replay.line({{"status", 400}, {"reason", "malformed_request"}});
  EXPECT_EQ(replay.report().early, 3u);
  EXPECT_EQ(replay.report().same, 3u);
}

TEST(Replay, UnreadableLinesAreCountedAndTheFirstIsNamed) {
  Replaying replay(routes("  - { name: all, upstream: blue }\n"),
                   routes("  - { name: all, upstream: blue }\n"));
  replay.line({{"route", "all"}});
  replay.text("Jan 31 weir[1]: ready");
  replay.text("");
  const Report report = replay.report();
  EXPECT_EQ(report.lines, 3u);
  EXPECT_EQ(report.requests, 1u);
  EXPECT_EQ(report.unreadable, 2u);
  EXPECT_EQ(report.first_unreadable, 2u);
  EXPECT_EQ(report.why_unreadable, "it is no JSON");
}

std::string split(int blue, int green, const std::string& more = "") {
  return "  - { name: all, split: { targets: [{ upstream: blue, weight: " + std::to_string(blue) +
         " }, { upstream: green, weight: " + std::to_string(green) + " }]" + more + " } }\n";
}

TEST(Replay, WeightsShiftSharesNotSingleRequests) {
  Replaying replay(routes(split(90, 10)), routes(split(60, 40)));
  for (int i = 0; i < 10; ++i)
    replay.line({{"route", "all"}, {"split", boost::json::object{{"target", "blue"}, {"why", "weight"}}}});
  const Report report = replay.report();
  EXPECT_EQ(report.different, 0u);
  ASSERT_EQ(report.shifts.size(), 1u);
  EXPECT_EQ(report.shifts[0].requests, 10u);
  EXPECT_NEAR(report.shifts[0].sides[1].old, 0.1, 1e-9);
  EXPECT_NEAR(report.shifts[0].sides[1].now, 0.4, 1e-9);
  EXPECT_NEAR(report.moved, 3, 1e-9);
  EXPECT_FALSE(report.all_same());
  EXPECT_THAT(to_text(report, "x.log"), HasSubstr("    green         10.000 % ->  40.000 %\n"));
}

TEST(Replay, ACutOverIsADifference) {
  Replaying replay(routes(split(100, 0)), routes(split(0, 100)));
  replay.line({{"route", "all"}});
  EXPECT_EQ(replay.of(Difference::upstream), 1u);
}

TEST(Replay, OverridesAreKnownFromTheLogOrNotAtAll) {
  const std::string rule = ", overrides: [{ header: \"X-Side: green\", upstream: green }]";
  const boost::json::object overridden{
      {"route", "all"}, {"split", boost::json::object{{"target", "green"}, {"why", "override"}}}};
  Replaying both(routes(split(100, 0, rule)), routes(split(0, 100, rule)));
  both.line(overridden);
  EXPECT_EQ(both.report().same, 1u);
  Replaying fresh(routes(split(100, 0)), routes(split(100, 0, rule)));
  fresh.line({{"route", "all"}});
  EXPECT_EQ(fresh.report().unknown_for.at("header X-Side"), 1u);
  Replaying gone(routes(split(100, 0, rule)), routes(split(100, 0)));
  gone.line(overridden);
  EXPECT_EQ(gone.of(Difference::upstream), 1u);
}

std::string limited(const std::string& limit, const std::string& more = "") {
  return routes("  - { name: all, upstream: blue, rate_limits: [search] }\n",
                "rate_limits: { search: { " + limit + " } }" + more);
}

TEST(Replay, RateLimitsGoByTheTimesOfTheLog) {
  Replaying replay(limited("rate: 1/s, burst: 10"), limited("rate: 1/s, burst: 2"));
  for (int i = 0; i < 6; ++i) replay.line({{"route", "all"}});
  replay.line({{"route", "all"}, {"client_ip", "192.0.2.8"}});
  replay.line({{"route", "all"}, {"ts", "2026-01-31T10:00:01.500Z"}});
  EXPECT_EQ(replay.of(Difference::rate_limit), 4u);
  EXPECT_EQ(replay.report().same, 4u);
  EXPECT_EQ(replay.report().limits.old, 0u);
  EXPECT_EQ(replay.report().limits.now, 4u);
  EXPECT_EQ(replay.example(Difference::rate_limit).now, "429 by rate limit search, route all");
  EXPECT_THAT(to_text(replay.report(), "x.log"),
              HasSubstr("rate limits: the log has 0 refused requests, old refuses 0, new 4\n"));
}

TEST(Replay, AKeyThatIsNotLoggedIsUnknownWhereTheLimitIsAnother) {
  const std::string by_key = "rate: 1/s, burst: 1, key: \"header:X-Api-Key\"";
  Replaying same(limited(by_key), limited(by_key));
  same.line({{"route", "all"}});
  same.line(
      {{"route", "all"}, {"rate_limit", boost::json::object{{"name", "search"}, {"decision", "refused"}}}});
  EXPECT_EQ(same.report().same, 2u);
  EXPECT_EQ(same.report().limits.old, 1u);
  Replaying other(limited(by_key), limited(by_key + ", status: 503"));
  other.line({{"route", "all"}});
  EXPECT_EQ(other.report().unknown_for.at("the key of rate limit search"), 1u);
}

TEST(Replay, RefusedRequestsTakeNoTokens) {
  const std::string lists = "\naccess: { office: { allow: [10.0.0.0/8] } }";
  Replaying replay(limited("rate: 1/s, burst: 1", lists),
                   routes("  - { name: all, upstream: blue, rate_limits: [search], access: [office] }\n",
                          "rate_limits: { search: { rate: 1/s, burst: 1 } }" + lists));
  replay.line({{"route", "all"}});
  replay.line({{"route", "all"}});
  EXPECT_EQ(replay.of(Difference::access), 2u);
  EXPECT_EQ(replay.report().limits.old, 1u);
  EXPECT_EQ(replay.report().limits.now, 0u);
}

TEST(Replay, ReportsAddUpInTextAndJson) {
  Replaying replay(routes("  - { name: all, upstream: blue }\n"), routes(api_and_all), 1);
  for (int i = 0; i < 3; ++i) replay.line({{"path", "/api"}, {"route", "all"}, {"query", "q=1"}});
  replay.line({{"path", "/"}, {"route", "all"}, {"ts", "2026-01-31T11:00:00.000Z"}});
  const std::string text = to_text(replay.report(), "access.log");
  EXPECT_THAT(text, HasSubstr("replay of access.log: 4 lines, 4 requests, 2026-01-31T10:00:00.000Z to "
                              "2026-01-31T11:00:00.000Z\n"
                              "  same                  1   25.0000 %\n"
                              "  different             3   75.0000 %\n"
                              "  unknown               0    0.0000 %\n"));
  EXPECT_THAT(text, HasSubstr("  route                 3   75.0000 %\n"
                              "    line 1: 2026-01-31T10:00:00.000Z  GET a.test/api?q=1, client 192.0.2.7\n"
                              "      old  route all, upstream blue, path /api\n"
                              "      new  route api, upstream green, path /api\n"));
  const auto json = to_json(replay.report());
  EXPECT_EQ(json.at("different"), 3);
  EXPECT_EQ(json.at("kinds").at("upstream").at("requests"), 3);
  EXPECT_EQ(json.at("kinds").at("upstream").at("examples").as_array().size(), 1u);
  EXPECT_EQ(json.at("kinds").at("path").at("requests"), 0);
}

}  // namespace
}  // namespace weir::replay
