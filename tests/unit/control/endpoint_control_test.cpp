// What PUT /api/v1/upstreams/NAME/endpoints/ADDRESS takes, what is remembered of it, and how `weir endpoint` waits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "admin/endpoint_request.hpp"
#include "cli/drain_wait.hpp"
#include "cli/endpoint_client.hpp"
#include "control/operator_overrides.hpp"
#include "split/state.hpp"
#include "unit/admin/fixture.hpp"

namespace weir::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using upstream::OperatorState;
using Problems = std::vector<std::string>;

Problems problems_of(const std::string& body) {
  const auto parsed = parse_endpoint_request(body);
  const auto* problems = std::get_if<Problems>(&parsed);
  return problems == nullptr ? Problems{} : *problems;
}

TEST(EndpointRequest, TakesAllMembers) {
  const auto parsed = parse_endpoint_request(R"({"state":"drain","reason":"kernel","who":"ada"})");
  const auto& request = std::get<EndpointRequest>(parsed);
  EXPECT_EQ(request.state, OperatorState::drain);
  EXPECT_EQ(request.reason, "kernel");
  EXPECT_EQ(request.who, "ada");
  EXPECT_TRUE(problems_of(R"({"state":"active"})").empty());
  EXPECT_TRUE(problems_of(R"({"state":"disabled","reason":""})").empty());
  const auto with_generation = parse_endpoint_request(R"({"state":"drain","generation":"1f0c9a3e-12"})");
  EXPECT_EQ(std::get<EndpointRequest>(with_generation).generation, "1f0c9a3e-12");
}

TEST(EndpointRequest, SaysWhatIsWrong) {
  for (const char* body : {"", "[]", "{", "\"drain\"", R"({"state":"drain"}x)"}) {
    EXPECT_THAT(problems_of(body), ElementsAre("the body must be a JSON object")) << body;
  }
  EXPECT_THAT(problems_of("{}"), ElementsAre(HasSubstr("state: is missing")));
  for (const char* state : {R"("")", R"("draining")", R"("Drain")", "1", "null", "true", R"(["drain"])"}) {
    EXPECT_THAT(problems_of(std::string(R"({"state":)") + state + "}"),
                ElementsAre(R"(state: must be "active", "drain" or "disabled")"))
        << state;
  }
  EXPECT_THAT(
      problems_of(R"({"state":"up","reason":"a\nb","who":7,"ttl":"5m"})"),
      ElementsAre(HasSubstr("state:"), HasSubstr("reason:"), HasSubstr("who:"), HasSubstr("ttl: unknown")));
  const std::string long_reason(weir::split::reason_bytes_max + 1, 'x');
  EXPECT_EQ(problems_of(R"({"state":"drain","reason":")" + long_reason + "\"}").size(), 1u);
}

TEST(EndpointRequest, AMemberThatIsThereTwiceIsAmbiguous) {
  EXPECT_THAT(problems_of(R"({"state":"drain","state":"active"})"),
              ElementsAre("state: is there twice; write it once"));
  EXPECT_THAT(problems_of(R"({"state":"drain","why":{"a":[{"b":1,"b":2}]}})"),
              ElementsAre("why.a.b: is there twice; write it once",
                          "why: unknown; write state, reason, generation or who"));
}

TEST(EndpointRequest, AddressesComeThroughAPath) {
  EXPECT_EQ(encoded("127.0.0.1:9001"), "127.0.0.1:9001");
  EXPECT_EQ(encoded("[::1]:80"), "%5B::1%5D:80");
  for (const std::string text : {"127.0.0.1:9001", "[2001:db8::1]:80", "a/b?c d%", ""}) {
    EXPECT_EQ(decoded(encoded(text)), text);
  }
  EXPECT_EQ(decoded("[::1]:80"), "[::1]:80");
  for (const char* broken : {"%", "%5", "%zz"}) EXPECT_EQ(decoded(broken), broken);
}

TEST(EndpointRequest, ListsAreBounded) {
  EXPECT_EQ(listed({}), "none");
  EXPECT_EQ(listed(Problems{"a"}), "a");
  EXPECT_EQ(listed(Problems{"a", "b", "c"}), "a, b and c");
  const std::string many = listed(Problems(known_shown_max + 5, "x"));
  EXPECT_THAT(many, testing::EndsWith("x, x and 5 more"));
}

config::Config config_with(const std::string& upstream, std::vector<config::Endpoint> endpoints) {
  config::Config config;
  config.upstreams.resize(1);
  config.upstreams[0].name = upstream;
  config.upstreams[0].endpoints = std::move(endpoints);
  return config;
}

config::Endpoint endpoint(const std::string& host, std::uint16_t port) {
  config::Endpoint made;
  made.host = host;
  made.port = port;
  made.ip = IpAddress::parse(host);
  return made;
}

OperatorOverrides::Place place(const std::string& upstream, const std::string& address) {
  return {upstream, *SocketAddress::parse(address)};
}

TEST(OperatorOverrides, AreKeptByUpstreamAndAddress) {
  OperatorOverrides overrides;
  EXPECT_EQ(overrides.state_of(place("app", "127.0.0.1:1")), OperatorState::active);
  overrides.set(place("app", "127.0.0.1:1"), {OperatorState::drain, "ada", "kernel", {}});
  overrides.set(place("app", "[::1]:1"), {OperatorState::disabled, "ada", "", {}});
  EXPECT_EQ(overrides.state_of(place("app", "127.0.0.1:1")), OperatorState::drain);
  EXPECT_EQ(overrides.state_of(place("app", "[::1]:1")), OperatorState::disabled);
  EXPECT_EQ(overrides.state_of(place("app", "127.0.0.1:2")), OperatorState::active);
  EXPECT_EQ(overrides.state_of(place("other", "127.0.0.1:1")), OperatorState::active);
  EXPECT_EQ(overrides.find(place("app", "127.0.0.1:1"))->reason, "kernel");
  overrides.set(place("app", "127.0.0.1:1"), {OperatorState::active, "ada", "", {}});
  EXPECT_EQ(overrides.find(place("app", "127.0.0.1:1")), nullptr);
}

TEST(OperatorOverrides, AreForgottenWithTheEndpoint) {
  OperatorOverrides overrides;
  overrides.set(place("app", "127.0.0.1:1"), {OperatorState::drain, "ada", "", {}});
  overrides.set(place("app", "127.0.0.1:2"), {OperatorState::drain, "ada", "", {}});
  EXPECT_TRUE(overrides.forget_gone(config_with("app", {endpoint("127.0.0.1", 1), endpoint("127.0.0.1", 2)}))
                  .empty());
  const auto gone = overrides.forget_gone(config_with("app", {endpoint("127.0.0.1", 2)}));
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_EQ(gone[0].first, place("app", "127.0.0.1:1"));
  EXPECT_EQ(gone[0].second.who, "ada");
  // An address that a name had, or may have again.
  EXPECT_TRUE(overrides.forget_gone(config_with("app", {endpoint("app.internal", 2)})).empty());
  EXPECT_EQ(overrides.forget_gone(config_with("app", {endpoint("app.internal", 3)})).size(), 1u);
  overrides.set(place("app", "127.0.0.1:1"), {OperatorState::drain, "ada", "", {}});
  EXPECT_EQ(overrides.forget_gone(config_with("other", {endpoint("127.0.0.1", 1)})).size(), 1u);
}

TEST(OperatorOverrides, AreBounded) {
  OperatorOverrides overrides;
  for (std::size_t i = 0; i < OperatorOverrides::overrides_max; ++i) {
    SocketAddress address = *SocketAddress::parse("10.0.0.1:1");
    address.port = static_cast<std::uint16_t>(i);
    ASSERT_TRUE(overrides.has_room_for({"app", address}));
    overrides.set({"app", address}, {OperatorState::drain, "ada", "", {}});
  }
  EXPECT_FALSE(overrides.has_room_for(place("other", "10.0.0.1:1")));
  EXPECT_TRUE(overrides.has_room_for(place("app", "10.0.0.1:1"))) << "it may still be enabled";
  overrides.set(place("app", "10.0.0.1:1"), {});
  EXPECT_TRUE(overrides.has_room_for(place("other", "10.0.0.1:1")));
}

TEST(DrainWait, EndsWhenNothingIsInFlight) {
  DrainWait wait(Milliseconds(60'000));
  EXPECT_EQ(wait.saw("drain", 2, Milliseconds(0)).next, DrainWait::Next::look_again);
  EXPECT_EQ(wait.saw("drain", 1, Milliseconds(50)).next, DrainWait::Next::look_again);
  EXPECT_EQ(wait.saw("drain", 0, Milliseconds(100)).next, DrainWait::Next::drained);
  EXPECT_EQ(DrainWait(Milliseconds(1)).saw("disabled", 0, Milliseconds(9)).next, DrainWait::Next::drained)
      << "late, but done";
}

TEST(DrainWait, EndsWithItsTimeAndWithTheEndpointsReturn) {
  DrainWait wait(Milliseconds(1000));
  EXPECT_EQ(wait.saw("drain", 1, Milliseconds(999)).next, DrainWait::Next::look_again);
  EXPECT_EQ(wait.saw("drain", 1, Milliseconds(1000)).next, DrainWait::Next::timed_out);
  for (const char* state : {"healthy", "ejected", "half_open", "active", "?"}) {
    EXPECT_EQ(wait.saw(state, 0, Milliseconds(10)).next, DrainWait::Next::taken_back) << state;
  }
}

TEST(DrainWait, LooksLessAndLessOften) {
  DrainWait wait(Milliseconds(10'000));
  Milliseconds elapsed{}, last{};
  int looks = 0;
  for (;; ++looks) {
    const DrainWait::Step step = wait.saw("drain", 1, elapsed);
    if (step.next != DrainWait::Next::look_again) break;
    ASSERT_GT(step.pause.count(), 0);
    ASSERT_LE(step.pause, DrainWait::pause_max);
    last = step.pause;
    elapsed += step.pause;
  }
  EXPECT_EQ(elapsed, Milliseconds(10'000)) << "not one look past the end";
  EXPECT_LE(looks, 20);
  EXPECT_LE(last, DrainWait::pause_max);
}

TEST(DrainWait, SaysWhatIsNew) {
  DrainWait wait(Milliseconds(300'000));
  EXPECT_EQ(wait.saw("drain", 3, Milliseconds(0)).progress, "3 in flight, 0s of 5m");
  EXPECT_EQ(wait.saw("drain", 3, Milliseconds(1000)).progress, "");
  EXPECT_EQ(wait.saw("drain", 2, Milliseconds(2500)).progress, "2 in flight, 2s of 5m");
  EXPECT_EQ(wait.saw("drain", 2, Milliseconds(12'499)).progress, "");
  EXPECT_EQ(wait.saw("drain", 2, Milliseconds(12'500)).progress, "2 in flight, 12s of 5m");
}

struct Printed {
  ClientOutcome outcome = ClientOutcome::done;
  std::string out, err;
};

Printed run(const AdminFixture& admin, const EndpointSetting& setting, bool as_json = false) {
  std::ostringstream out, err;
  Printed printed;
  printed.outcome = set_endpoint({admin.address(), ""}, setting, as_json, out, err);
  printed.out = out.str();
  printed.err = err.str();
  return printed;
}

/// Three requests are in flight at first, one less with every look.
AdminBackend draining_backend() {
  AdminBackend backend = scripted_backend();
  const auto left = std::make_shared<std::uint64_t>(3);
  backend.set_endpoint = [left](const EndpointCall& call, const Reply<EndpointOutcome>& reply) {
    EndpointOutcome outcome;
    outcome.report = {call.upstream, call.address, "drain", *left, {}};
    reply(outcome);
  };
  backend.endpoint = [left](const EndpointCall& call) {
    EndpointOutcome outcome;
    outcome.report = {call.upstream, call.address, "drain", --*left, {}};
    return outcome;
  };
  return backend;
}

TEST(EndpointClient, AsksAndPrints) {
  const AdminFixture admin;
  const Printed done = run(admin, {"blue", "[::1]:9001", OperatorState::drain, "kernel"});
  EXPECT_EQ(done.outcome, ClientOutcome::done) << done.err;
  EXPECT_EQ(done.out, "blue/[::1]:9001: drain, 2 in flight\n");
  const Printed as_json = run(admin, {"blue", "[::1]:9001", OperatorState::disabled, ""}, true);
  EXPECT_THAT(as_json.out, HasSubstr(R"("address":"[::1]:9001","state":"disabled","in_flight":2)"));
  const Printed refused = run(admin, {"red", "[::1]:9001", OperatorState::drain, ""});
  EXPECT_EQ(refused.outcome, ClientOutcome::refused);
  EXPECT_EQ(refused.err, "weir: no upstream is named 'red'\n");
}

TEST(EndpointClient, WaitsUntilNothingIsInFlight) {
  const AdminFixture admin(draining_backend());
  const Printed done = run(admin, {"blue", "[::1]:9001", OperatorState::drain, "", true});
  EXPECT_EQ(done.outcome, ClientOutcome::done) << done.err;
  EXPECT_EQ(done.out, "blue/[::1]:9001: drain, 0 in flight\n");
  EXPECT_THAT(done.err, HasSubstr("waiting for blue/[::1]:9001: 3 in flight, 0s of 5m\n"));
  EXPECT_THAT(done.err, HasSubstr("1 in flight"));
}

TEST(EndpointClient, SaysHowManyAreLeft) {
  const AdminFixture admin;
  const Printed late = run(admin, {"blue", "[::1]:9001", OperatorState::drain, "", true, Milliseconds(10)});
  EXPECT_EQ(late.outcome, ClientOutcome::refused);
  EXPECT_THAT(late.err, HasSubstr("still 2 in flight after 10ms"));
  EXPECT_EQ(late.out, "");
}

}  // namespace
}  // namespace weir::control
