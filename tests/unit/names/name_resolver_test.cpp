#include "names/name_resolver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

#include "names/name_lookup.hpp"
#include "observe/events.hpp"
#include "support/dns_server.hpp"

namespace weir::control {
namespace {

using namespace std::chrono_literals;
using testing::DnsFault;
using testing::DnsServer;
using testing::DnsType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using upstream::LookUp;

class NameResolverTest : public ::testing::Test {
 protected:
  NameResolverTest() {
    settings.servers = {*SocketAddress::parse(dns.address())};
    settings.min_ttl = 100ms;
    settings.timeout = 200ms;
    settings.tries = 1;
    settings.ipv6 = config::ResolveIpv6::on;
    const auto known = observe::events_after(0);
    if (!known.empty()) first_event = known.back().id;
  }

  void watch(const std::set<std::string>& names) {
    resolver.watch(names, settings, [this] { ++settled; });
  }
  void watch_and_wait(const std::set<std::string>& names) {
    const int before = settled;
    watch(names);
    run_until([&] { return settled > before; });
  }
  template <class Condition>
  void run_until(Condition condition) {
    const testing::Deadline deadline;
    while (!condition()) {
      ASSERT_FALSE(deadline.has_passed());
      context.restart();
      context.run_one_for(50ms);
    }
  }
  std::vector<std::string> addresses(const std::string& name) const {
    std::vector<std::string> texts;
    for (const auto& known : resolver.addresses(name)) {
      texts.push_back(known.port == 0 ? known.ip.to_string()
                                      : SocketAddress{known.ip, known.port}.to_string() + " weight " +
                                            std::to_string(known.weight) + (known.backup ? " backup" : ""));
    }
    return texts;
  }
  std::uint64_t count(LookUp result) const { return resolver.lookups()[static_cast<std::size_t>(result)]; }
  std::vector<std::string> events() const {
    std::vector<std::string> texts;
    for (const auto& event : observe::events_after(first_event))
      texts.push_back(event.kind + ": " + event.text);
    return texts;
  }

  DnsServer dns;
  config::Resolver settings;
  boost::asio::io_context context;
  int changes = 0, settled = 0;
  std::uint64_t first_event = 0;
  NameResolver resolver{context, [this] { ++changes; }};
};

TEST_F(NameResolverTest, WithoutNamesItSettlesAtOnce) {
  watch({});
  EXPECT_EQ(settled, 1);
}

TEST_F(NameResolverTest, SettlesWithTheFirstAnswers) {
  dns.set("app.test", {"10.0.0.2", "2001:db8::1", "10.0.0.1"});
  watch({"app.test"});
  EXPECT_EQ(settled, 0) << "nothing waits for an answer";
  EXPECT_THAT(addresses("app.test"), IsEmpty());
  run_until([this] { return settled == 1; });
  EXPECT_THAT(addresses("app.test"), ElementsAre("10.0.0.1", "10.0.0.2", "2001:db8::1"));
  EXPECT_EQ(changes, 0) << "first answers come with settling, not as changes";
  EXPECT_THAT(events(), IsEmpty());
  EXPECT_EQ(count(LookUp::answered), 1U);
}

TEST_F(NameResolverTest, LocalhostNeedsNoServer) {
  settings.servers = {*SocketAddress::parse("127.0.0.1:1")};
  watch_and_wait({"localhost"});
  ASSERT_THAT(addresses("localhost"), ::testing::Not(IsEmpty()));
  EXPECT_TRUE(resolver.addresses("localhost")[0].ip.is_loopback());
  EXPECT_EQ(dns.questions("localhost"), 0U);
}

TEST(Loopback, LocalhostIsBothWhateverTheFileSays) {
  const auto with = [](std::string_view name, std::initializer_list<const char*> file) {
    std::vector<IpAddress> found;
    for (const char* address : file) found.push_back(*IpAddress::parse(address));
    add_loopback(name, found);
    std::vector<std::string> texts;
    texts.reserve(found.size());
    for (const IpAddress& address : found) texts.push_back(address.to_string());
    return texts;
  };
  EXPECT_THAT(with("localhost", {}), ElementsAre("127.0.0.1", "::1"));
  EXPECT_THAT(with("localhost", {"127.0.0.1"}), ElementsAre("127.0.0.1", "::1"));
  EXPECT_THAT(with("localhost", {"::1", "127.0.0.5"}), ElementsAre("::1", "127.0.0.5"));
  EXPECT_THAT(with("app.localhost", {}), ElementsAre("127.0.0.1", "::1"));
  EXPECT_THAT(with("app.localhost", {"10.0.0.1"}), ElementsAre("10.0.0.1"));
  EXPECT_THAT(with("notlocalhost", {}), IsEmpty());
  EXPECT_THAT(with("localhost.example", {}), IsEmpty());
}

TEST_F(NameResolverTest, NamesBelowLocalhostNeedNoServerEither) {
  watch_and_wait({"app.localhost"});
  EXPECT_THAT(addresses("app.localhost"), ElementsAre("::1", "127.0.0.1"));
  EXPECT_EQ(dns.questions("app.localhost"), 0U);
}

TEST(ReachableIpv6, IsWhatTheMachinesAddressesAllow) {
  const auto reachable = [](std::initializer_list<const char*> addresses) {
    std::vector<IpAddress> machine;
    for (const char* address : addresses) machine.push_back(*IpAddress::parse(address));
    return reachable_ipv6(machine);
  };
  EXPECT_EQ(reachable({"127.0.0.1", "192.0.2.1"}), Ipv6::off);
  EXPECT_EQ(reachable({"127.0.0.1", "::1"}), Ipv6::hosts_file) << "an app may listen on ::1 only";
  EXPECT_EQ(reachable({"127.0.0.1", "::1", "fe80::1"}), Ipv6::hosts_file);
  EXPECT_EQ(reachable({"fe80::1", "2001:db8::1"}), Ipv6::on);
  EXPECT_EQ(reachable({"::1", "fd00::2"}), Ipv6::on);
}

TEST_F(NameResolverTest, WithoutIpv6OnlyARecordsAreAskedFor) {
  settings.ipv6 = config::ResolveIpv6::off;
  dns.set("app.test", {"10.0.0.1", "2001:db8::1"});
  watch_and_wait({"app.test", "localhost"});
  EXPECT_THAT(addresses("app.test"), ElementsAre("10.0.0.1"));
  EXPECT_EQ(dns.questions("app.test", DnsType::aaaa), 0U);
  for (const auto& known : resolver.addresses("localhost")) EXPECT_FALSE(known.ip.v6) << "of the file, too";
}

TEST_F(NameResolverTest, KnownNamesSettleAtOnceAndForgottenOnesAreGone) {
  dns.set("app.test", {"10.0.0.1"});
  watch_and_wait({"app.test"});
  watch({"app.test"});
  EXPECT_EQ(settled, 2);
  EXPECT_EQ(dns.questions("app.test"), 1U);
  watch({});
  EXPECT_EQ(settled, 3);
  EXPECT_THAT(addresses("app.test"), IsEmpty());
}

TEST_F(NameResolverTest, WhatIsNoLongerWantedStaysUntilTheNewNamesAreThere) {
  dns.set("old.test", {"10.0.0.1"});
  dns.set("new.test", {"10.0.0.2"});
  watch_and_wait({"old.test"});
  watch({"new.test"});
  EXPECT_THAT(addresses("old.test"), ElementsAre("10.0.0.1"));
  run_until([this] { return settled == 2; });
  EXPECT_THAT(addresses("old.test"), IsEmpty());
  EXPECT_THAT(addresses("new.test"), ElementsAre("10.0.0.2"));
}

TEST_F(NameResolverTest, TheTimeToLiveSaysWhenToAskAgain) {
  settings.max_ttl = 150ms;
  dns.set("short.test", {"10.0.0.1"}, 0);    // the floor: 100 ms
  dns.set("long.test", {"10.0.0.2"}, 3600);  // the cap: 150 ms
  watch_and_wait({"short.test", "long.test"});
  run_until([this] { return dns.questions("short.test") >= 4 && dns.questions("long.test") >= 3; });
  EXPECT_EQ(changes, 0) << "nothing changed";
  settings.max_ttl = 1h;
  dns.set("kept.test", {"10.0.0.3"}, 3600);
  watch_and_wait({"kept.test", "short.test"});
  const std::size_t shorts = dns.questions("short.test");
  run_until([&] { return dns.questions("short.test") >= shorts + 3; });
  EXPECT_EQ(dns.questions("kept.test"), 1U);
}

TEST_F(NameResolverTest, AChangedAnswerIsSaidOnce) {
  dns.set("app.test", {"10.0.0.1", "10.0.0.3"}, 0);
  watch_and_wait({"app.test"});
  dns.set("app.test", {"10.0.0.4", "10.0.0.1"}, 0);
  run_until([this] { return changes == 1; });
  EXPECT_THAT(addresses("app.test"), ElementsAre("10.0.0.1", "10.0.0.4"));
  EXPECT_THAT(events(), ElementsAre("name_changed: app.test: +10.0.0.4 -10.0.0.3"));
  const std::size_t asked = dns.questions("app.test");
  run_until([&] { return dns.questions("app.test") >= asked + 3; });
  EXPECT_EQ(changes, 1);
}

TEST_F(NameResolverTest, ANameThatDoesNotResolveSettlesTooAndIsReported) {
  watch_and_wait({"ghost.test"});
  EXPECT_THAT(addresses("ghost.test"), IsEmpty());
  EXPECT_THAT(events(),
              ElementsAre(HasSubstr("name_failed: cannot resolve ghost.test: no such name (NXDOMAIN); "
                                    "its endpoints are down")));
  dns.set("ghost.test", {"10.0.0.1"});
  run_until([this] { return changes == 1; });
  EXPECT_THAT(addresses("ghost.test"), ElementsAre("10.0.0.1"));
  EXPECT_THAT(events(),
              ElementsAre(HasSubstr("name_failed"), HasSubstr("name_recovered: ghost.test resolves again")));
}

TEST_F(NameResolverTest, EveryFailureKeepsTheLastGoodAnswerAndSaysWhich) {
  const struct {
    DnsFault fault;
    LookUp result;
  } cases[] = {{DnsFault::nxdomain, LookUp::nxdomain},
               {DnsFault::servfail, LookUp::server_failure},
               {DnsFault::refused, LookUp::server_failure},
               {DnsFault::silent, LookUp::timeout},
               {DnsFault::garbage, LookUp::malformed}};
  dns.set("app.test", {"10.0.0.1"}, 0);
  watch_and_wait({"app.test"});
  for (const auto& [fault, result] : cases) {
    const std::uint64_t before = count(result);
    dns.fail("app.test", fault);
    run_until([&] { return count(result) > before; });
    EXPECT_THAT(addresses("app.test"), ElementsAre("10.0.0.1"));
    EXPECT_THAT(events().back(),
                HasSubstr(std::string(upstream::explain(result)) + "; the last answer is kept"));
    dns.fail("app.test", DnsFault::none);
    const std::uint64_t good = count(LookUp::answered);
    run_until([&] { return count(LookUp::answered) > good; });
    EXPECT_THAT(events().back(), HasSubstr("name_recovered"));
  }
  dns.set("app.test", {}, 0);
  run_until([&] { return count(LookUp::no_data) > 0; });
  EXPECT_THAT(addresses("app.test"), ElementsAre("10.0.0.1"));
  EXPECT_EQ(changes, 0);
}

TEST_F(NameResolverTest, AServerThatNeverAnswersAaaaDoesNoHarm) {
  dns.set("app.test", {"10.0.0.1"}, 0);
  dns.fail("app.test", DnsType::aaaa, DnsFault::silent);
  watch_and_wait({"app.test"});
  EXPECT_THAT(addresses("app.test"), ElementsAre("10.0.0.1"));
  dns.set("app.test", {"10.0.0.1", "2001:db8::1"}, 0);
  dns.fail("app.test", DnsType::aaaa, DnsFault::none);
  run_until([this] { return changes == 1; });
  dns.fail("app.test", DnsType::aaaa, DnsFault::servfail);
  dns.set("app.test", {"10.0.0.2", "2001:db8::1"}, 0);
  run_until([this] { return changes == 2; });
  EXPECT_THAT(addresses("app.test"), ElementsAre("10.0.0.2", "2001:db8::1")) << "IPv6 stays as it was known";
  EXPECT_EQ(count(LookUp::timeout) + count(LookUp::server_failure), 0U);
}

TEST_F(NameResolverTest, OnlyIpv6IsFineAndAFailedAIsAFailure) {
  dns.set("six.test", {"2001:db8::1"}, 0);
  watch_and_wait({"six.test"});
  EXPECT_THAT(addresses("six.test"), ElementsAre("2001:db8::1"));
  dns.fail("six.test", DnsType::a, DnsFault::servfail);
  run_until([&] { return count(LookUp::server_failure) == 1; });
  EXPECT_THAT(addresses("six.test"), ElementsAre("2001:db8::1"));
}

TEST_F(NameResolverTest, AliasesAreFollowed) {
  dns.set_alias("www.test", "app.test", 1);
  dns.set("app.test", {"10.0.0.1"}, 3600);
  watch_and_wait({"www.test"});
  EXPECT_THAT(addresses("www.test"), ElementsAre("10.0.0.1"));
  // Newer releases of c-ares name the target of an alias as what was found, and that is asked about, then.
  run_until([&] {
    return dns.questions("www.test", DnsType::aaaa) + dns.questions("app.test", DnsType::aaaa) == 1;
  });
  EXPECT_EQ(count(LookUp::server_failure) + count(LookUp::timeout), 0U)
      << "an alias without AAAA is no failure";
}

TEST_F(NameResolverTest, TruncatedAnswersAreAskedForOverTcp) {
  std::vector<std::string> many;
  for (int i = 1; i <= 100; ++i) many.push_back("10.0.0." + std::to_string(i));
  dns.set("many.test", many);
  dns.fail("many.test", DnsFault::truncate);
  watch_and_wait({"many.test"});
  EXPECT_EQ(resolver.addresses("many.test").size(), 100U);
  EXPECT_GT(dns.questions_over_tcp(), 0U);
}

TEST_F(NameResolverTest, FurtherServersAreAskedWhenOneFails) {
  DnsServer broken;
  broken.fail("app.test", DnsFault::servfail);
  dns.set("app.test", {"10.0.0.1"});
  settings.servers.insert(settings.servers.begin(), *SocketAddress::parse(broken.address()));
  watch_and_wait({"app.test"});
  EXPECT_THAT(addresses("app.test"), ElementsAre("10.0.0.1"));
  EXPECT_GE(broken.questions("app.test"), 1U);
}

TEST_F(NameResolverTest, ServicesAreTheirTargetsAndHigherPrioritiesBackups) {
  dns.set_services("_http._tcp.app.test",
                   {{10, 5, 81, "blue.test"}, {10, 0, 82, "green.test"}, {20, 9, 83, "spare.test"}}, 0);
  dns.set("blue.test", {"10.0.0.1", "10.0.0.2"});
  dns.set("green.test", {"10.0.0.1"});
  dns.set("spare.test", {"10.0.0.9"});
  watch_and_wait({"_http._tcp.app.test"});
  EXPECT_THAT(addresses("_http._tcp.app.test"),
              ElementsAre("10.0.0.1:81 weight 5", "10.0.0.1:82 weight 1", "10.0.0.2:81 weight 5",
                          "10.0.0.9:83 weight 9 backup"));
  dns.set_services("_http._tcp.app.test", {{10, 7, 81, "blue.test"}, {10, 1, 82, "gone.test"}}, 0);
  run_until([this] { return changes == 1; });
  EXPECT_THAT(addresses("_http._tcp.app.test"), ElementsAre("10.0.0.1:81 weight 7", "10.0.0.2:81 weight 7"))
      << "a target without an address is left out";
}

// The DNS server of a far-away site is no reason to do without the near one.
TEST_F(NameResolverTest, ABackupWithoutAnAnswerStopsNothing) {
  const std::string name = "_http._tcp.app.test";
  dns.set_services(name, {{20, 1, 83, "spare.test"}, {10, 1, 81, "blue.test"}, {30, 1, 84, "behind.test"}},
                   0);
  dns.set("blue.test", {"10.0.0.1"});
  dns.set("spare.test", {"10.0.0.8"});
  dns.set("behind.test", {"10.0.0.9"});
  dns.fail("spare.test", DnsFault::servfail);
  watch_and_wait({name});
  EXPECT_THAT(addresses(name), ElementsAre("10.0.0.1:81 weight 1"));
  EXPECT_EQ(dns.questions("behind.test"), 0U) << "one is enough to wait for";
  dns.fail("spare.test", DnsFault::none);
  run_until([this] { return changes == 1; });
  EXPECT_THAT(addresses(name), ElementsAre("10.0.0.1:81 weight 1", "10.0.0.8:83 weight 1 backup",
                                           "10.0.0.9:84 weight 1 backup"));
  dns.fail("spare.test", DnsFault::servfail);
  dns.set("blue.test", {"10.0.0.2"}, 0);
  run_until([this] { return changes == 2; });
  EXPECT_THAT(addresses(name), ElementsAre("10.0.0.2:81 weight 1", "10.0.0.8:83 weight 1 backup",
                                           "10.0.0.9:84 weight 1 backup"));
  dns.fail("blue.test", DnsFault::servfail);
  dns.fail("behind.test", DnsFault::servfail);
  run_until([&] { return count(LookUp::server_failure) > 0; });
  EXPECT_EQ(addresses(name).size(), 3U);
}

// One broken zone is no reason to do without all the others.
TEST_F(NameResolverTest, ATargetWithoutAnAnswerStopsNothing) {
  const std::string name = "_http._tcp.app.test";
  dns.set_services(name, {{0, 1, 81, "blue.test"}, {0, 2, 82, "green.test"}, {0, 3, 83, "red.test"}});
  dns.set("blue.test", {"10.0.0.1"});
  dns.set("green.test", {"10.0.0.2"});
  dns.set("red.test", {"10.0.0.3"});
  dns.fail("green.test", DnsFault::servfail);
  watch_and_wait({name});
  EXPECT_THAT(addresses(name), ElementsAre("10.0.0.1:81 weight 1", "10.0.0.3:83 weight 3"));
  EXPECT_THAT(events(), ElementsAre("name_incomplete: cannot resolve green.test of " + name +
                                    ": the DNS servers refuse, fail or cannot be reached; "
                                    "its endpoints are down until it resolves"));
  // Asked for again by the floor, whatever the time to live, and said once.
  const std::size_t asked = dns.questions("green.test");
  run_until([&] { return dns.questions("green.test") >= asked + 3; });
  EXPECT_EQ(events().size(), 1U);
  dns.fail("green.test", DnsFault::none);
  run_until([this] { return changes == 1; });
  EXPECT_EQ(addresses(name).size(), 3U);
  EXPECT_THAT(events(), ::testing::Contains("name_recovered: all targets of " + name + " resolve again"));
  EXPECT_EQ(count(LookUp::server_failure), 0U) << "the name itself was answered for";
}

TEST_F(NameResolverTest, ATargetThatFailsKeepsItsLastAddresses) {
  const std::string name = "_http._tcp.app.test";
  dns.set_services(name, {{0, 1, 81, "blue.test"}, {0, 2, 82, "green.test"}}, 0);
  dns.set("blue.test", {"10.0.0.1"}, 0);
  dns.set("green.test", {"10.0.0.2", "2001:db8::2"}, 0);
  watch_and_wait({name});
  EXPECT_EQ(addresses(name).size(), 3U);
  dns.fail("green.test", DnsFault::silent);
  dns.set("blue.test", {"10.0.0.9"}, 0);
  run_until([this] { return changes == 1; });
  EXPECT_THAT(addresses(name),
              ElementsAre("10.0.0.2:82 weight 2", "10.0.0.9:81 weight 1", "[2001:db8::2]:82 weight 2"));
  EXPECT_THAT(events(),
              ::testing::Contains("name_incomplete: cannot resolve green.test of " + name +
                                  ": no DNS server answered in time; its last 2 addresses are kept"));
  // What its record says now counts all the same, and one that is no target any more is gone.
  dns.set_services(name, {{0, 1, 81, "blue.test"}, {0, 5, 82, "green.test"}}, 0);
  run_until([this] { return changes == 2; });
  EXPECT_THAT(addresses(name),
              ElementsAre("10.0.0.2:82 weight 5", "10.0.0.9:81 weight 1", "[2001:db8::2]:82 weight 5"));
  dns.set_services(name, {{0, 1, 81, "blue.test"}}, 0);
  run_until([this] { return changes == 3; });
  EXPECT_THAT(addresses(name), ElementsAre("10.0.0.9:81 weight 1"));
}

TEST_F(NameResolverTest, ABackupServesWhereNoOtherTargetIsKnown) {
  const std::string name = "_http._tcp.app.test";
  dns.set_services(name, {{0, 1, 81, "blue.test"}, {5, 1, 82, "near.test"}, {9, 1, 83, "far.test"}});
  dns.fail("blue.test", DnsFault::servfail);
  dns.fail("near.test", DnsFault::servfail);
  dns.set("far.test", {"10.0.0.3"});
  watch_and_wait({name});
  EXPECT_THAT(addresses(name), ElementsAre("10.0.0.3:83 weight 1 backup"));
}

TEST_F(NameResolverTest, AfterManyTargetsThatFailTheRestIsNotWaitedFor) {
  const std::string name = "_http._tcp.app.test";
  std::vector<testing::DnsService> services;
  for (std::uint16_t i = 1; i <= 40; ++i) {
    const std::string target = "app" + std::to_string(i) + ".test";
    services.push_back({0, 1, i, target});
    dns.fail(target, DnsFault::servfail);
  }
  dns.set_services(name, services, 0);
  watch_and_wait({name});
  EXPECT_EQ(count(LookUp::server_failure), 1U);
  std::size_t asked = 0;
  for (const auto& service : services) asked += dns.questions(service.target) != 0 ? 1 : 0;
  EXPECT_EQ(asked, NameLookUp::failed_targets_max);
}

TEST_F(NameResolverTest, AServiceOfWhichNothingIsAnsweredFails) {
  const std::string name = "_http._tcp.app.test";
  dns.set_services(name, {{0, 1, 81, "blue.test"}, {0, 1, 82, "green.test"}}, 0);
  dns.set("blue.test", {"10.0.0.1"});
  dns.set("green.test", {"10.0.0.2"});
  watch_and_wait({name});
  dns.fail("blue.test", DnsFault::servfail);
  dns.fail("green.test", DnsFault::servfail);
  run_until([&] { return count(LookUp::server_failure) > 0; });
  EXPECT_EQ(resolver.addresses(name).size(), 2U);
  dns.fail("blue.test", DnsFault::none);
  dns.fail("green.test", DnsFault::none);
  dns.fail(name, DnsFault::garbage);
  run_until([&] { return count(LookUp::malformed) > 0; });
  EXPECT_EQ(resolver.addresses(name).size(), 2U);
  dns.fail(name, DnsFault::none);
  dns.set_services(name, {{0, 0, 0, ""}}, 0);
  run_until([&] { return count(LookUp::no_data) > 0; });
  EXPECT_EQ(resolver.addresses(name).size(), 2U) << "the root: not offered";
  EXPECT_EQ(changes, 0);
}

TEST_F(NameResolverTest, ManyNamesTakeTurns) {
  std::set<std::string> names;
  for (int i = 0; i < 300; ++i) {
    names.insert("app" + std::to_string(i) + ".test");
    dns.set("app" + std::to_string(i) + ".test", {"10.0.0.1"});
  }
  watch_and_wait(names);
  run_until([this] { return count(LookUp::answered) == 300; });
  EXPECT_EQ(resolver.facts().size(), 300U);
}

TEST_F(NameResolverTest, OtherServersAreAskedAtOnce) {
  dns.set("app.test", {"10.0.0.1"});
  watch_and_wait({"app.test"});
  DnsServer other;
  other.set("app.test", {"10.0.0.2"});
  settings.servers = {*SocketAddress::parse(other.address())};
  watch({"app.test"});
  run_until([this] { return changes == 1; });
  EXPECT_THAT(addresses("app.test"), ElementsAre("10.0.0.2"));
}

TEST_F(NameResolverTest, NamesThatChangeTogetherAreAnnouncedTogether) {
  dns.set("a.test", {"10.0.0.1"}, 0);
  dns.set("b.test", {"10.0.0.1"}, 0);
  watch_and_wait({"a.test", "b.test"});
  dns.set("a.test", {"10.0.0.2"}, 0);
  dns.set("b.test", {"10.0.0.2"}, 0);
  run_until([&] {
    return addresses("a.test") == addresses("b.test") && addresses("a.test").front() == "10.0.0.2";
  });
  context.poll();
  EXPECT_GE(changes, 1);
  EXPECT_LE(changes, 2);
}

TEST_F(NameResolverTest, StoppingForgetsWhatIsUnderWay) {
  dns.fail("slow.test", DnsFault::silent);
  watch({"slow.test", "localhost"});
  context.poll();
  dns.wait_for_questions("slow.test", 1);
  resolver.stop();
  context.restart();
  context.run_for(100ms);
  EXPECT_EQ(settled, 0);
}

}  // namespace
}  // namespace weir::control
