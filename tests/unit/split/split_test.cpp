// The whole decision: overrides, the side one is kept on, affinity, turns, and what happens when a side is out.
#include "split/split.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "core/stable_hash.hpp"
#include "split/permuted_turn.hpp"
#include "unit/balance/endpoints.hpp"

namespace weir::split {
namespace {

http::Field field(std::string_view name, std::string_view value) {
  return {boost::beast::http::string_to_field({name.data(), name.size()}), name, value};
}

class SplitTest : public ::testing::Test {
 protected:
  SplitTest() {
    config.targets = {{0, 90}, {1, 10}};
    config.overrides = {
        {false, "X-Canary", "always", 1}, {false, "X-Canary", "never", 0}, {true, "canary", "always", 1}};
  }

  Choice choose(std::vector<http::Field> fields = {}) {
    held = std::move(fields);
    const std::vector<std::string_view> names{"blue", "green"};
    rules.emplace(config, "api", names);
    request.fields = held;
    return rules->choose(request, weights, shared, key);
  }

  config::Split config;
  std::vector<std::uint32_t> weights{90, 10};
  Shared shared;
  Request request;
  std::vector<http::Field> held;
  std::optional<Split> rules;
  char key[cookie_key_digits];
};

TEST_F(SplitTest, TurnsByWeight) {
  int green = 0;
  for (int i = 0; i < 100; ++i) {
    const Choice choice = choose();
    EXPECT_EQ(choice.why, Why::weight);
    EXPECT_FALSE(choice.set_cookie);
    green += choice.target == 1 ? 1 : 0;
  }
  EXPECT_EQ(green, 10);
}

TEST_F(SplitTest, OverridesComeFirst) {
  weights = {100, 0};
  for (const auto& [name, value, target] :
       {std::tuple("x-canary", "always", 1u), std::tuple("X-Canary", "never", 0u),
        std::tuple("Cookie", "canary=always", 1u), std::tuple("Cookie", "a=b; canary=always; c=d", 1u)}) {
    const Choice choice = choose({field(name, value)});
    EXPECT_EQ(choice.why, Why::override_rule) << value;
    EXPECT_EQ(choice.target, target) << value;
  }
  for (const auto& [name, value] :
       {std::pair("X-Canary", "Always"), std::pair("X-Canary", "always, never"),
        std::pair("Cookie", "canary=alway"), std::pair("Cookie", "xcanary=always"),
        std::pair("Cookie", "Canary=always"), std::pair("X-Cookie", "canary=always")}) {
    EXPECT_EQ(choose({field(name, value)}).why, Why::weight) << value;
  }
}

TEST_F(SplitTest, HeadersBeforeCookies) {
  const Choice choice = choose({field("Cookie", "canary=always"), field("X-Canary", "never")});
  EXPECT_EQ(choice.target, 0u);
  EXPECT_EQ(choice.why, Why::override_rule);
}

TEST_F(SplitTest, AffinityByClient) {
  config.affinity.by = config::AffinityBy::client_ip;
  request.client_ip = *IpAddress::parse("203.0.113.7");
  const std::size_t side = choose().target;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(choose().target, side);
    EXPECT_EQ(choose().why, Why::affinity);
  }
  request.client_ip = *IpAddress::parse("::ffff:203.0.113.7");
  EXPECT_EQ(choose().target, side);
}

TEST_F(SplitTest, TheAddressesOfAnIpv6NetworkAreOneClient) {
  config.affinity.by = config::AffinityBy::client_ip;
  weights = {50, 50};
  request.client_ip = *IpAddress::parse("2001:db8:1:2::1");
  const std::size_t side = choose().target;
  for (const char* address :
       {"2001:db8:1:2::2", "2001:db8:1:2:ffff::", "2001:db8:1:2:a:b:c:d", "2001:db8:1:2::9"}) {
    request.client_ip = *IpAddress::parse(address);
    EXPECT_EQ(choose().target, side) << address;
  }
  std::size_t others = 0;
  for (int i = 0; i < 64; ++i) {
    request.client_ip = *IpAddress::parse("2001:db8:2:" + std::to_string(i) + "::1");
    others += choose().target != side ? 1 : 0;
  }
  EXPECT_GT(others, 0u);
}

TEST_F(SplitTest, AffinityByHeader) {
  config.affinity.by = config::AffinityBy::header;
  config.affinity.header = "X-User";
  const Choice known = choose({field("x-user", "ada")});
  EXPECT_EQ(known.why, Why::affinity);
  EXPECT_EQ(choose({field("X-User", "ada")}).target, known.target);
  EXPECT_EQ(choose().why, Why::weight);
  EXPECT_EQ(choose({field("X-User", "")}).why, Why::weight);
}

TEST_F(SplitTest, TheCookieIsSetOnceAndThenFollowed) {
  config.affinity.by = config::AffinityBy::cookie;
  for (std::uint64_t random = 1; random < 200; ++random) {
    request.random = mix(random);
    const Choice first = choose();
    EXPECT_EQ(first.why, Why::weight);
    ASSERT_TRUE(first.set_cookie);
    std::string set;
    write_set_cookie(set, first.cookie, "api", rules->name(first.target), config.affinity.ttl, false);
    const std::string cookie = "a=b; " + set.substr(0, set.find(';'));
    const Choice second = choose({field("Cookie", cookie)});
    EXPECT_EQ(second.target, first.target);
    EXPECT_EQ(second.why, Why::affinity);
    EXPECT_FALSE(second.set_cookie);
    // Its side has weight 0 now: it moves, and the cookie is set anew.
    weights = {first.target == 0 ? 0u : 1u, first.target == 1 ? 0u : 1u};
    const Choice moved = choose({field("Cookie", cookie)});
    EXPECT_NE(moved.target, first.target);
    EXPECT_TRUE(moved.set_cookie);
    config.drain_affinity = config::DrainAffinity::keep;
    const Choice kept = choose({field("Cookie", cookie)});
    EXPECT_EQ(kept.target, first.target);
    EXPECT_EQ(kept.why, Why::affinity);
    EXPECT_FALSE(kept.set_cookie);
    config.drain_affinity = config::DrainAffinity::move;
    weights = {90, 10};
  }
}

TEST_F(SplitTest, AForgedCookieIsAsNone) {
  config.affinity.by = config::AffinityBy::cookie;
  request.random = 7;
  for (const char* value : {"weir_split=green", "weir_split=", "weir_split=0123456789abcdef.api:green:x"}) {
    const Choice choice = choose({field("Cookie", value)});
    EXPECT_EQ(choice.why, Why::weight) << value;
    EXPECT_EQ(choice.cookie.key, "0000000000000007");
  }
  // One of several that is right is used.
  const Choice choice = choose({field("Cookie", "weir_split=bad; weir_split=0123456789abcdef")});
  EXPECT_EQ(choice.cookie.key, "0123456789abcdef");
  // A side that is no target says nothing, also where sides are kept.
  config.drain_affinity = config::DrainAffinity::keep;
  weights = {1, 0};
  EXPECT_EQ(choose({field("Cookie", "weir_split=0123456789abcdef.api:red")}).target, 0u);
}

TEST_F(SplitTest, FailsOverToOneWithWeight) {
  const Choice first = choose({field("X-Canary", "always")});
  const Choice second = rules->fall_over(first, request, weights, 0b01, shared);
  EXPECT_EQ(second.target, 0u);
  EXPECT_EQ(second.why, Why::failover);
  // As after a cut-over: the side without a weight takes it when none with one is usable.
  weights = {0, 10};
  EXPECT_EQ(rules->fall_over(first, request, weights, 0b01, shared).target, 0u);
  EXPECT_EQ(rules->fall_over(first, request, weights, 0b01, shared).why, Why::failover);
  // No other may take it: it stays where it was, whatever comes of it.
  EXPECT_EQ(rules->fall_over(first, request, weights, 0, shared).target, 1u);
  EXPECT_EQ(rules->fall_over(first, request, weights, 0, shared).why, Why::override_rule);
}

TEST_F(SplitTest, FallingOverLeavesTheCookie) {
  config.affinity.by = config::AffinityBy::cookie;
  const Choice first = choose({field("Cookie", "weir_split=0123456789abcdef")});
  EXPECT_TRUE(first.set_cookie);
  const Mask others = Mask{0b11} & ~(Mask{1} << first.target);
  const Choice second = rules->fall_over(first, request, weights, others, shared);
  EXPECT_NE(second.target, first.target);
  EXPECT_FALSE(second.set_cookie);
}

TEST_F(SplitTest, TurnsAreInASecretOrderWhileARolloutRuns) {
  const auto turns = [&](const PermutedTurns* permuted) {
    shared.turn = 0;
    request.turns = permuted;
    std::vector<std::size_t> targets;
    for (std::uint64_t i = 0; i < PermutedTurns({}, weights).cycle(); ++i) {
      const Choice choice = choose();
      EXPECT_EQ(choice.why, Why::weight);
      EXPECT_EQ(choice.client, 0U) << "requests are the units";
      targets.push_back(choice.target);
    }
    return targets;
  };
  const PermutedTurns one({1, 2}, weights), other({3, 4}, weights);
  const auto plain = turns(nullptr), first = turns(&one), second = turns(&other);
  EXPECT_NE(first, plain);
  EXPECT_NE(first, second);
  EXPECT_EQ(std::ranges::count(first, 1U), std::ranges::count(plain, 1U));
  EXPECT_EQ(std::ranges::count(second, 1U), std::ranges::count(plain, 1U));
}

TEST_F(SplitTest, ClientsAreKnownWhileARolloutRuns) {
  const PermutedTurns turns({1, 2}, weights);
  const SipKey client_key{3, 4}, other_key{5, 6};
  for (const auto by :
       {config::AffinityBy::client_ip, config::AffinityBy::header, config::AffinityBy::cookie}) {
    config.affinity = {.by = by, .header = "X-User"};
    const auto choose_for = [&](const char* address, const char* user, const char* cookie) {
      request.client_ip = *IpAddress::parse(address);
      return choose({field("X-User", user), field("Cookie", cookie)});
    };
    const auto ada = [&] { return choose_for("192.0.2.1", "ada", "weir_split=0123456789abcdef"); };
    const auto bob = [&] { return choose_for("192.0.2.2", "bob", "weir_split=0123456789abcdee"); };
    request.turns = nullptr;
    request.client_key = nullptr;
    const std::size_t side = ada().target;
    EXPECT_EQ(ada().client, 0U) << "no rollout runs";
    request.turns = &turns;
    request.client_key = &client_key;
    const Choice choice = ada();
    EXPECT_EQ(choice.target, side) << "a rollout moves no client";
    EXPECT_EQ(choice.why, Why::affinity);
    EXPECT_NE(choice.client, 0U);
    EXPECT_EQ(choice.client, ada().client);
    EXPECT_NE(choice.client, bob().client);
    request.client_key = &other_key;
    EXPECT_NE(choice.client, ada().client);
  }
}

TEST_F(SplitTest, ARequestWithoutAKeyIsAClientThatComesOnceWhileARolloutRuns) {
  config.affinity = {.by = config::AffinityBy::header, .header = "X-User"};
  weights = {3, 1};
  const PermutedTurns turns({1, 2}, weights);
  const SipKey client_key{3, 4};
  request.turns = &turns;
  request.client_key = &client_key;
  std::set<std::uint64_t> clients;
  int green = 0;
  constexpr int count = 4'000;
  for (std::uint64_t i = 0; i < count; ++i) {
    request.random = mix(i + 1);
    const Choice choice = choose();
    EXPECT_EQ(choice.why, Why::weight);
    EXPECT_EQ(choice.target, choose().target) << "drawn from its number, and no turn is taken";
    clients.insert(choice.client);
    green += choice.target == 1 ? 1 : 0;
  }
  EXPECT_EQ(clients.size(), std::size_t{count});
  EXPECT_EQ(shared.turn.load(), 0U);
  EXPECT_NEAR(green, count / 4, 4 * std::sqrt(count * 3 / 16));
}

TEST_F(SplitTest, ClientsOfASideThatWasTakenBackLeaveAlthoughTheyAreKept) {
  config.affinity.by = config::AffinityBy::cookie;
  config.drain_affinity = config::DrainAffinity::keep;
  weights = {100, 0};
  const auto with_cookie = [&] { return choose({field("Cookie", "weir_split=0123456789abcdef.api:green")}); };
  EXPECT_EQ(with_cookie().target, 1U);
  request.taken_back = 0b01;
  EXPECT_EQ(with_cookie().target, 1U) << "another one was";
  request.taken_back = 0b10;
  const Choice moved = with_cookie();
  EXPECT_EQ(moved.target, 0U);
  EXPECT_EQ(moved.why, Why::affinity);
  EXPECT_TRUE(moved.set_cookie);
  EXPECT_EQ(choose({field("X-Canary", "always")}).target, 1U) << "an override asks for it by itself";
}

TEST_F(SplitTest, ASecretDividesClientsAnew) {
  config.affinity.by = config::AffinityBy::client_ip;
  const std::vector<std::string_view> names{"blue", "green"};
  weights = {1, 1};
  const auto sides = [&](std::string_view route, std::string_view secret) {
    const Split split(config, route, names, secret);
    std::vector<std::size_t> targets;
    for (int i = 1; i < 100; ++i) {
      request.client_ip = *IpAddress::parse("192.0.2." + std::to_string(i));
      targets.push_back(split.choose(request, weights, shared, key).target);
    }
    return targets;
  };
  EXPECT_NE(sides("api", "pepper"), sides("api", ""));
  EXPECT_NE(sides("api", "pepper"), sides("api", "peppes"));
  EXPECT_NE(sides("api", "pepper"), sides("web", "pepper"));
  EXPECT_NE(sides("apipepper", ""), sides("api", "pepper"));
  EXPECT_EQ(sides("api", "pepper"), sides("api", "pepper"));
}

TEST(SplitSide, IsOutWhenNoEndpointIsIn) {
  const config::PassiveHealth settings = ejecting_after(2);
  EXPECT_TRUE(is_out({}, settings));
  Endpoints endpoints({1, 1});
  EXPECT_FALSE(is_out(endpoints.candidates(), settings));
  endpoints.eject(0, time_zero);
  EXPECT_FALSE(is_out(endpoints.candidates(), settings));
  // The last one is never ejected; as many failures count as if it were.
  auto& last = endpoints[1].health;
  last.report_failure(settings, time_zero, false, last.ticket());
  EXPECT_FALSE(is_out(endpoints.candidates(), settings));
  last.report_failure(settings, time_zero, false, last.ticket());
  EXPECT_TRUE(is_out(endpoints.candidates(), settings));
  last.report_success(last.ticket());
  EXPECT_FALSE(is_out(endpoints.candidates(), settings));
}

TEST(SplitSide, IsOutWhenAllGiveNothingButDiscountedFailures) {
  const config::PassiveHealth settings = ejecting_after(3);
  Endpoints endpoints({1, 1});
  endpoints[0].discounted = 3;
  endpoints[1].discounted = 2;
  EXPECT_FALSE(is_out(endpoints.candidates(), settings));
  endpoints[1].health.report_failure(settings, time_zero, false, endpoints[1].health.ticket());
  EXPECT_TRUE(is_out(endpoints.candidates(), settings));
  endpoints[0].discounted = 0;
  EXPECT_FALSE(is_out(endpoints.candidates(), settings));
}

TEST(SplitSide, IsOutWhenAnOperatorTookAllOut) {
  const config::PassiveHealth settings = ejecting_after(2);
  Endpoints endpoints({1, 1});
  endpoints[0].out = upstream::out_drain;
  EXPECT_FALSE(is_out(endpoints.candidates(), settings));
  endpoints[1].out = upstream::out_disabled;
  EXPECT_TRUE(is_out(endpoints.candidates(), settings));
  endpoints[0].out = 0;
  EXPECT_FALSE(is_out(endpoints.candidates(), settings));
}

TEST(SplitSide, IsTriedOnceAnInterval) {
  Trial trial;
  const Milliseconds interval(1000);
  EXPECT_FALSE(trial.claim(time_zero, interval));
  EXPECT_FALSE(trial.claim(time_zero + Milliseconds(999), interval));
  EXPECT_TRUE(trial.claim(time_zero + Milliseconds(1000), interval));
  EXPECT_FALSE(trial.claim(time_zero + Milliseconds(1000), interval));
  EXPECT_TRUE(trial.claim(time_zero + Milliseconds(2500), interval));
  trial.rest();
  EXPECT_FALSE(trial.claim(time_zero + Milliseconds(9000), interval));
}

}  // namespace
}  // namespace weir::split
