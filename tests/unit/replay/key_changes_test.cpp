#include "replay/key_changes.hpp"

#include <gmock/gmock.h>

#include "unit/replay/configs.hpp"

namespace weir::replay {
namespace {

using ::testing::HasSubstr;

const std::string routes = R"(
rate_limits: { search: { rate: 10/s } }
access: { office: { allow: [10.0.0.0/8] } }
headers: { keys: { request: { set: { X-Api-Key: one } } } }
routes:
  - { name: api, match: { path_prefix: /api }, split: { targets: [{ upstream: blue, weight: 90 },
      { upstream: green, weight: 10 }] } }
  - { name: old, match: { path_prefix: /old }, redirect: { to: /new } }
  - { name: down, match: { path_prefix: /down }, respond: { body: soon } }
  - { name: all, upstream: blue }
)";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, text.npos) << from;
  return at == text.npos ? text : text.replace(at, from.size(), to);
}

std::string changes(const std::string& from, const std::string& to) {
  return to_text(key_changes(config_of(routes), config_of(replaced(routes, from, to))));
}

TEST(KeyChanges, NoneOfTheSame) {
  EXPECT_TRUE(key_changes(config_of(routes), config_of(routes)).empty());
}

TEST(KeyChanges, AreSaidInTheWordsOfTheFile) {
  EXPECT_EQ(changes("weight: 10 }", "weight: 30 }"), "routes.api.split.targets.green.weight: 10 -> 30\n");
  EXPECT_EQ(changes("rate: 10/s", "rate: 10/s, burst: 5"), "rate_limits.search.burst: 20 -> 5\n");
  EXPECT_EQ(changes("allow: [10.0.0.0/8]", "allow: [10.0.0.0/9, 192.0.2.0/24]"),
            "access.office.allow: [\"10.0.0.0/8\"] -> [\"10.0.0.0/9\",\"192.0.2.0/24\"]\n");
  EXPECT_EQ(changes("{ name: all, upstream: blue }", "{ name: all, upstream: green, access: [office] }"),
            "routes.all.access: [] -> [\"office\"]\nroutes.all.upstream: \"blue\" -> \"green\"\n");
}

TEST(KeyChanges, WhatIsAddedShowsWhatIsNotUsual) {
  EXPECT_EQ(changes("  - { name: all,",
                    "  - { name: new, match: { path: /x }, redirect: { to: /y } }\n  - { name: all,"),
            "routes.new: added\n"
            "  match.path: \"/x\"\n"
            "  redirect: {\"to\":\"/y\",\"status\":302}\n");
  EXPECT_EQ(changes("search: { rate: 10/s }", "search: { rate: 10/s }, login: { rate: 5/m, burst: 2 }"),
            "rate_limits.login: added\n"
            "  rate: \"5/m\"\n"
            "  burst: 2\n");
}

TEST(KeyChanges, WhatIsGoneAndWhatStandsElsewhere) {
  EXPECT_THAT(changes("  - { name: old, match: { path_prefix: /old }, redirect: { to: /new } }\n", ""),
              HasSubstr("routes.old: removed"));
  const std::string moved = changes(
      "  - { name: old, match: { path_prefix: /old }, redirect: { to: /new } }\n"
      "  - { name: down, match: { path_prefix: /down }, respond: { body: soon } }\n",
      "  - { name: down, match: { path_prefix: /down }, respond: { body: soon } }\n"
      "  - { name: old, match: { path_prefix: /old }, redirect: { to: /new } }\n");
  EXPECT_THAT(moved, ::testing::AnyOf("routes.old: now behind down\n", "routes.down: now behind api\n"));
}

TEST(KeyChanges, SecretsAndBodiesAreNotShownButDiffer) {
  EXPECT_EQ(changes("X-Api-Key: one", "X-Api-Key: two"),
            "headers.keys: another secret or body, which is not shown\n");
  EXPECT_EQ(changes("body: soon", "body: late"), "routes.down: another secret or body, which is not shown\n");
}

}  // namespace
}  // namespace weir::replay
