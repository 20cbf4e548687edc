#include "config/diff.hpp"

#include <gtest/gtest.h>

#include "config/world.hpp"

namespace weir::config {
namespace {

Config load_config(const std::string& text) {
  const LoadResult loaded = testing::load_text(text);
  EXPECT_TRUE(std::holds_alternative<Config>(loaded)) << testing::problems_of(loaded);
  const auto* config = std::get_if<Config>(&loaded);
  return config ? *config : Config{};
}

const std::string listeners = R"(
listeners:
  http: { address: 127.0.0.1:8080 }
  https: { address: 127.0.0.1:8443, tls: { certificates: [{ cert: a.crt, key: a.key }], ticket_keys: [] } }
)";
const std::string upstreams = R"(
upstreams:
  blue: { endpoints: [127.0.0.1:9001, 127.0.0.1:9002] }
  green: { endpoints: [127.0.0.1:9003], tls: { ca: ca.crt } }
)";
const std::string policies = R"(
rate_limits: { search: { rate: 10/s }, login: { rate: 5/m } }
headers: { cors: { response: { set: { A: b } } } }
access: { office: { allow: [10.0.0.0/8] }, abuse: { deny: [192.0.2.0/24] } }
)";
const std::string routes = R"(
routes:
  - { name: api, match: { path_prefix: /api, listeners: [https] }, upstream: green,
      headers: [cors], access: [abuse], rate_limits: [login] }
  - { name: old, match: { path_prefix: /old }, redirect: { to: /new } }
  - { name: down, match: { path_prefix: /down }, respond: { body: soon } }
  - { name: beta, match: { path_prefix: /b },
      split: { targets: [{ upstream: blue, weight: 9 }, { upstream: green, weight: 1 }] } }
  - { name: all, upstream: blue }
)";
const std::string whole = listeners + upstreams + policies + routes;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return at == text.npos ? text : text.replace(at, from.size(), to);
}

Changes changes_to(const std::string& text) {
  return diff(load_config(whole), load_config(text));
}

Changes nothing() {
  Changes changes;
  changes.listeners.kept = changes.upstreams.kept = 2;
  changes.endpoints.kept = 3;
  changes.routes.kept = 5;
  changes.rate_limits.kept = 2;
  changes.header_policies.kept = 2;  // `security` is always there
  changes.access_lists.kept = 2;
  return changes;
}

TEST(Diff, NothingChanges) {
  EXPECT_EQ(changes_to(whole), nothing());
  EXPECT_EQ(changes_to("# a comment\n" + whole), nothing());
}

TEST(Diff, OneOfEachKind) {
  struct Case {
    const char* from;
    const char* to;
    Tally Changes::*kind;
  };
  const Case cases[] = {
      {"address: 127.0.0.1:8080", "address: 127.0.0.1:8081", &Changes::listeners},
      {"address: 127.0.0.1:8080", "address: 127.0.0.1:8080, limits: { connections_per_client: 1 }",
       &Changes::listeners},
      {"address: 127.0.0.1:8080", "address: 127.0.0.1:8080, protocols: [http/1.1, h2c]", &Changes::listeners},
      {"ticket_keys: []", "alpn: [http/1.1]", &Changes::listeners},
      {"127.0.0.1:9002]", "127.0.0.1:9002], retry: { attempts: 0 }", &Changes::upstreams},
      {"127.0.0.1:9002]", "127.0.0.1:9002], protocol: h2c", &Changes::upstreams},
      {"127.0.0.1:9002]", "127.0.0.1:9002], keepalive: { max_age: 2h }", &Changes::upstreams},
      {"{ ca: ca.crt } }", "{ ca: ca.crt }, protocol: auto, h2: { connections: 1 } }", &Changes::upstreams},
      {"{ ca: ca.crt } }", "{ ca: ca.crt }, health_check: { type: tcp } }", &Changes::upstreams},
      {"path_prefix: /api", "path_prefix: /v1", &Changes::routes},
      {"upstream: blue }", "upstream: blue, max_in_flight: 5 }", &Changes::routes},
      {"upstream: blue }", "upstream: green }", &Changes::routes},
      {"upstream: blue }", "upstream: blue, access: [abuse] }", &Changes::routes},
      {"access: [abuse]", "access: [office]", &Changes::routes},
      {"headers: [cors]", "headers: [security]", &Changes::routes},
      {"listeners: [https]", "listeners: [http]", &Changes::routes},
      {"body: soon", "body: later", &Changes::routes},
      {"to: /new", "to: /newer", &Changes::routes},
      {"[login]", "[search]", &Changes::routes},
      {"weight: 9", "weight: 8", &Changes::routes},
      {"weight: 1 }]", "weight: 1 }], affinity: { by: client_ip }", &Changes::routes},
      {"10/s", "10/m", &Changes::rate_limits},
      {"5/m }", "5/m, shadow: true }", &Changes::rate_limits},
      {"{ A: b }", "{ A: c }", &Changes::header_policies},
      {"10.0.0.0/8", "10.0.0.0/9", &Changes::access_lists},
  };
  for (const Case& each : cases) {
    Changes expected = nothing();
    --(expected.*each.kind).kept;
    ++(expected.*each.kind).changed;
    EXPECT_EQ(changes_to(replaced(whole, each.from, each.to)), expected) << each.to;
  }
}

TEST(Diff, EndpointsCountByUpstreamAndAddress) {
  Changes expected = nothing();
  expected.upstreams = {1, 1, 0, 0};
  expected.endpoints = {2, 1, 0, 0};
  EXPECT_EQ(changes_to(replaced(whole, "[127.0.0.1:9001,", "[{ address: 127.0.0.1:9001, weight: 5 },")),
            expected);
  expected.endpoints = {2, 0, 1, 1};
  EXPECT_EQ(changes_to(replaced(whole, "127.0.0.1:9001", "127.0.0.1:9009")), expected);
  expected.endpoints = {3, 0, 0, 1};  // the same address elsewhere is another endpoint
  EXPECT_EQ(changes_to(replaced(whole, "127.0.0.1:9001,", "127.0.0.1:9001, 127.0.0.1:9003,")), expected);
}

TEST(Diff, WhatComesOrGoesInTheMiddleChangesNoOther) {
  const std::string more =
      replaced(replaced(whole, "  blue:", "  amber: { endpoints: [127.0.0.1:1] }\n  blue:"),
               "  http:", "  extra: { address: 127.0.0.1:7000 }\n  http:");
  const std::string limited = replaced(more, "rate_limits: {", "rate_limits: { all: { rate: 1/s },");
  const std::string most =
      replaced(replaced(limited, "{ office:", "{ first: { deny: [10.0.0.1] }, office:"), "  - { name: old",
               "  - { name: fresh, match: { path: /f }, upstream: amber }\n"
               "  - { name: old");
  Changes expected = nothing();
  for (Tally* tally : {&expected.listeners, &expected.upstreams, &expected.endpoints, &expected.routes,
                       &expected.rate_limits, &expected.access_lists}) {
    ++tally->added;
  }
  EXPECT_EQ(changes_to(most), expected);
  for (Tally* tally : {&expected.listeners, &expected.upstreams, &expected.endpoints, &expected.routes,
                       &expected.rate_limits, &expected.access_lists}) {
    std::swap(tally->added, tally->removed);
  }
  EXPECT_EQ(diff(load_config(most), load_config(whole)), expected);
}

TEST(Diff, ARouteWhoseUpstreamIsAnotherOneOfTheSamePlaceHasChanged) {
  // Index 0 before and after, under another name.
  const std::string renamed =
      replaced(replaced(replaced(whole, "  blue:", "  azure:"), "upstream: blue }", "upstream: azure }"),
               "upstream: blue,", "upstream: azure,");
  const Changes changes = changes_to(renamed);
  EXPECT_EQ(changes.upstreams, (Tally{1, 0, 1, 1}));
  EXPECT_EQ(changes.routes, (Tally{3, 2, 0, 0}));
}

TEST(Diff, AMirrorMovesWithItsUpstream) {
  const std::string mirrored =
      replaced(whole, "{ name: all, upstream: blue }",
               "{ name: all, upstream: blue, mirror: { upstream: green, percent: 5 } }");
  const std::string first =
      replaced(mirrored, "upstreams:", "upstreams:\n  amber: { endpoints: [127.0.0.1:9009] }");
  EXPECT_EQ(diff(load_config(mirrored), load_config(first)).routes.kept, 5U);
  const std::string other = replaced(mirrored, "percent: 5", "percent: 6");
  EXPECT_EQ(diff(load_config(mirrored), load_config(other)).routes.changed, 1U);
  EXPECT_EQ(changes_to(mirrored).routes.changed, 1U);
}

TEST(Diff, TheOrderOfRoutesMatters) {
  Config before = load_config(whole), after = before;
  std::swap(after.routes[1], after.routes[2]);
  Changes expected = nothing();
  expected.routes_reordered = true;
  EXPECT_EQ(diff(before, after), expected);
  after.routes.erase(after.routes.begin() + 1);
  expected.routes = {4, 0, 1, 0};
  expected.routes_reordered = false;
  EXPECT_EQ(diff(before, after), expected);
}

TEST(Diff, AFileWithAnotherContentChangesWhatNamesIt) {
  const Config config = load_config(whole);
  EXPECT_EQ(diff(config, config, {"elsewhere.crt"}), nothing());
  for (const char* file : {"a.crt", "a.key"}) {
    EXPECT_EQ(diff(config, config, {file}).listeners, (Tally{1, 1, 0, 0})) << file;
    EXPECT_EQ(diff(config, config, {file}).upstreams, (Tally{2, 0, 0, 0})) << file;
  }
  EXPECT_EQ(diff(config, config, {"ca.crt"}).upstreams, (Tally{1, 1, 0, 0}));
}

TEST(Diff, SettingsWithoutNames) {
  EXPECT_EQ(changes_to("trusted_proxies: [10.0.0.0/8]\nlog: { level: debug }\n" + whole).settings,
            (std::vector<std::string>{"log", "trusted_proxies"}));
  EXPECT_EQ(changes_to("server: { workers: 3 }\nadmin: { token: x }\n" + whole).settings,
            (std::vector<std::string>{"server", "admin"}));
}

TEST(Diff, AsText) {
  Changes changes;
  EXPECT_EQ(to_text(changes), "");
  changes.listeners.kept = 2;
  changes.routes = {12, 1, 0, 2};
  EXPECT_EQ(
      to_text(changes),
      "listeners: kept 2, changed 0, removed 0, added 0; routes: kept 12, changed 1, removed 0, added 2");
  changes.routes_reordered = true;
  changes.settings = {"log"};
  changes.listeners = {};
  EXPECT_EQ(to_text(changes),
            "routes: kept 12, changed 1, removed 0, added 2, in another order; log: changed");
}

TEST(Diff, NamesWhatChanged) {
  const Config before = load_config(whole);
  EXPECT_TRUE(changed_things(before, before).empty());
  const auto things = [&](const std::string& from, const std::string& to) {
    return changed_things(before, load_config(replaced(whole, from, to)));
  };
  EXPECT_EQ(things("rate: 10/s", "rate: 11/s"), (std::vector<std::string>{"rate_limits.search"}));
  EXPECT_EQ(things("to: /new", "to: /newer"), (std::vector<std::string>{"routes.old"}));
  EXPECT_EQ(things("127.0.0.1:9002", "127.0.0.1:9004"), (std::vector<std::string>{"upstreams.blue"}));
  EXPECT_TRUE(things("  green: {", "  azure: { endpoints: [127.0.0.1:9] }\n  green: {").empty())
      << "what is added changes no other";
}

TEST(Diff, MovedRoutesAreAsFewAsExplainTheOrder) {
  const auto named = [](const std::vector<std::string>& names) {
    Config config;
    for (const std::string& name : names) config.routes.emplace_back().name = name;
    return config;
  };
  const auto moved = [&](const std::vector<std::string>& before, const std::vector<std::string>& now) {
    std::string text;
    for (const MovedRoute& route : moved_routes(named(before), named(now)))
      text += route.name + " behind '" + route.behind + "' ";
    return text;
  };
  EXPECT_EQ(moved({"a", "b", "c"}, {"a", "b", "c"}), "");
  EXPECT_EQ(moved({"a", "b", "c", "d"}, {"d", "a", "b", "c"}), "d behind '' ");
  EXPECT_EQ(moved({"a", "b", "c", "d"}, {"b", "c", "d", "a"}), "a behind 'd' ");
  EXPECT_EQ(moved({"a", "b", "c"}, {"x", "a", "c"}), "") << "neither new ones nor gone ones move others";
  EXPECT_EQ(moved({"a", "b", "c", "d", "e"}, {"a", "d", "c", "x", "b", "e"}), "d behind 'a' c behind 'd' ");
}

using Names = std::vector<std::string>;

TouchedRoutes touched_by(const std::string& text) {
  return touched_routes(load_config(whole), load_config(text));
}

TEST(TouchedRoutesOf, TheSameConfigurationAreNone) {
  const TouchedRoutes touched = touched_by(whole);
  EXPECT_FALSE(touched.any());
  EXPECT_EQ(touched.kept, (Names{"api", "old", "down", "beta", "all"}));
}

TEST(TouchedRoutesOf, AChangedUpstreamAreThoseThatLeadThere) {
  const TouchedRoutes touched = touched_by(replaced(whole, "127.0.0.1:9003", "127.0.0.1:9004"));
  EXPECT_EQ(touched.changed, (Names{"api", "beta"}));
  EXPECT_EQ(touched.kept, (Names{"old", "down", "all"}));
}

TEST(TouchedRoutesOf, ChangedPoliciesAreThoseThatNameThem) {
  EXPECT_EQ(touched_by(replaced(whole, "rate: 5/m", "rate: 6/m")).changed, Names{"api"});
  EXPECT_EQ(touched_by(replaced(whole, "set: { A: b }", "set: { A: c }")).changed, Names{"api"});
  EXPECT_EQ(touched_by(replaced(whole, "192.0.2.0/24", "192.0.2.0/25")).changed, Names{"api"});
  EXPECT_FALSE(touched_by(replaced(whole, "rate: 10/s", "rate: 11/s")).any()) << "no route has it";
}

TEST(TouchedRoutesOf, AChangedRouteIsTouchedAndANewOneIsAdded) {
  const TouchedRoutes changed = touched_by(replaced(whole, "weight: 9", "weight: 8"));
  EXPECT_EQ(changed.changed, Names{"beta"});
  const TouchedRoutes added =
      touched_by(replaced(whole, "  - { name: all,",
                          "  - { name: new, match: { path: /new }, upstream: blue }\n  - { name: all,"));
  EXPECT_EQ(added.added, Names{"new"});
  EXPECT_TRUE(added.changed.empty());
  EXPECT_EQ(added.kept.size(), 5u);
}

// Where requests may come to another route than before none is a control for another.
TEST(TouchedRoutesOf, WhatAllPassTouchesAll) {
  for (const std::string& text :
       {replaced(whole, "127.0.0.1:8080", "127.0.0.1:8081"), "server: { max_connections: 7 }\n" + whole,
        replaced(whole, "path_prefix: /old", "path_prefix: /older"),
        replaced(whole, "  - { name: down, match: { path_prefix: /down }, respond: { body: soon } }\n",
                 "")}) {
    const TouchedRoutes touched = touched_by(text);
    EXPECT_TRUE(touched.kept.empty()) << text;
    EXPECT_GE(touched.changed.size(), 4u) << text;
  }
  EXPECT_FALSE(touched_by("log: { level: debug }\n" + whole).any());
}

TEST(TouchedRoutesOf, AChangedFileIsAChangeOfWhatNamesIt) {
  const Config config = load_config(whole);
  EXPECT_EQ(touched_routes(config, config, {"ca.crt"}).changed, (Names{"api", "beta"}));
  EXPECT_EQ(touched_routes(config, config, {"a.crt"}).changed.size(), 5u) << "of a listener";
}

}  // namespace
}  // namespace weir::config
