// What an operator sees when endpoints fail: each transition as one event with its reason and numbers, in the log,
// in metrics, over the admin address and on the command line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "observe/line_buffer.hpp"
#include "support/behaviours.hpp"
#include "support/gate.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string label(const ScriptableEndpoint& endpoint) {
  return "endpoint=\"" + endpoint.address() + "\"";
}

/// Texts of the events of a kind, oldest first.
std::vector<std::string> events(const WeirProcess& weir, const std::string& kind) {
  std::vector<std::string> texts;
  const boost::json::value list = weir.admin_json("/api/v1/events?format=json");
  for (const boost::json::value& event : list.at("events").as_array()) {
    if (event.at("kind").as_string() == std::string_view(kind))
      texts.emplace_back(event.at("text").as_string());
  }
  return texts;
}

/// As reports write it, so that texts compare as times do.
std::string time_now() {
  std::string text;
  observe::LineBuffer(text).timestamp(std::chrono::system_clock::now());
  return text;
}

void get_until(WeirProcess& weir, const std::string& kind) {
  RawClient client = weir.connect();
  eventually("an event " + kind, [&] {
    client.get("/");
    return !events(weir, kind).empty();
  });
}

std::string weir_command(const std::string& command, const WeirProcess& weir) {
  ProcessOptions options;
  options.arguments = {command, "--admin", "127.0.0.1:" + std::to_string(weir.admin_port())};
  const Finished finished = run_to_end(weir_binary(), std::move(options));
  EXPECT_EQ(finished.status, (ExitStatus{0, 0})) << finished.errors;
  return finished.output;
}

TEST(HealthEvents, EjectionFailedProbeAndReturn) {
  ScriptableEndpoint flaky(behave::status(503)), a(behave::ok()), b(behave::ok());
  ConfigText config = config_for({flaky.address(), a.address(), b.address()});
  config.app = "passive_health: { consecutive_failures: 3, ejection_time: 300ms }";
  WeirProcess weir(config);
  get_until(weir, "ejected");
  const std::string name = "app/" + flaky.address();
  EXPECT_EQ(events(weir, "ejected").at(0),
            "ejected " + name + " for 300ms: 3 consecutive failures (status 503 x3), 2 of 3 left");
  get_until(weir, "re_ejected");
  EXPECT_EQ(events(weir, "re_ejected").at(0),
            "ejected " + name +
                " again for 600ms: its probe failed: status 503, the 2nd time in a row, 2 of 3 left");
  flaky.behave(behave::ok());
  get_until(weir, "recovered");
  EXPECT_EQ(events(weir, "recovered").at(0), name + " is back: its probe succeeded, 3 of 3 in use");
  weir.process().wait_for_error_text("is back: its probe succeeded");
  EXPECT_EQ(weir.metric("weir_ejections_total", label(flaky) + ",reason=\"consecutive_failures\""), 1);
  EXPECT_GE(weir.metric("weir_ejections_total", label(flaky) + ",reason=\"probe_failed\""), 1);
  EXPECT_THAT(weir_command("events", weir), HasSubstr("ejected " + name + " for 300ms: 3 consecutive"));
}

/// The verdict about a status that is tried again waits for the end of the request, and the probe with it.
TEST(HealthEvents, AFailedProbeThatIsTriedAgainEjectsAsWell) {
  ScriptableEndpoint flaky(behave::status(503)), a(behave::ok()), b(behave::ok());
  ConfigText config = config_for({flaky.address(), a.address(), b.address()});
  config.app =
      "passive_health: { consecutive_failures: 3, ejection_time: 300ms }, retry: { on: [connect, 503], "
      "budget: { "
      "min_per_second: 100 } }";
  WeirProcess weir(config);
  get_until(weir, "ejected");
  const std::string name = "app/" + flaky.address();
  get_until(weir, "re_ejected");
  EXPECT_EQ(events(weir, "re_ejected").at(0),
            "ejected " + name +
                " again for 600ms: its probe failed: status 503, the 2nd time in a row, 2 of 3 left");
  EXPECT_EQ(flaky.request_count(), 4U);
  EXPECT_GE(weir.metric("weir_ejections_total", label(flaky) + ",reason=\"probe_failed\""), 1);
  flaky.behave(behave::ok());
  get_until(weir, "recovered");
}

TEST(HealthEvents, APostDoesNotProbe) {
  ScriptableEndpoint flaky(behave::reset()), good(behave::ok());
  ConfigText config = config_for({flaky.address(), good.address()});
  config.app = "passive_health: { consecutive_failures: 3, ejection_time: 100ms }";
  WeirProcess weir(config);
  get_until(weir, "ejected");
  const std::size_t before = flaky.request_count();
  ASSERT_EQ(events(weir, "re_ejected").size(), 0U);
  RawClient client = weir.connect();
  const boost::json::value report = weir.admin_json("/api/v1/upstreams");
  const std::string until(report.at("upstreams").at(0).at("endpoints").at(0).at("until").as_string());
  eventually("the probe is due", [&] { return time_now() > until; });
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.exchange("POST", "/", "once").status, 200);
  EXPECT_EQ(flaky.request_count(), before);
  EXPECT_EQ(client.exchange("PUT", "/", "again").status, 200) << "one that may be sent again does";
  EXPECT_EQ(flaky.request_count(), before + 1);
  EXPECT_EQ(events(weir, "re_ejected").size(), 1U);
}

/// A failure by status whose body breaks off as well.
TEST(HealthEvents, OneAttemptIsOneFailure) {
  const std::string cut = "HTTP/1.1 503 Unavailable\r\nContent-Length: 100\r\n\r\nonly this";
  ScriptableEndpoint bad(behave::respond_then_close(cut)), good(behave::ok());
  ConfigText config = config_for({bad.address(), good.address()});
  config.app = "balance: round_robin, passive_health: { consecutive_failures: 3, ejection_time: 1h }";
  WeirProcess weir(config);
  for (int i = 0; i < 20; ++i) {
    RawClient client = weir.connect();
    client.send_get("/", "Connection: close\r\n");
    client.read_to_end();
  }
  EXPECT_EQ(bad.request_count(), 3U);
  ASSERT_EQ(events(weir, "ejected").size(), 1U);
  EXPECT_THAT(events(weir, "ejected").at(0), HasSubstr("3 consecutive failures (status 503 x3)"));
  EXPECT_EQ(weir.metric("weir_upstream_failures_total", label(bad) + ",kind=\"status_503\""), 3);
}

TEST(HealthEvents, StatusSaysWhyAndUntilWhen) {
  ScriptableEndpoint bad(behave::reset()), good(behave::ok());
  ConfigText config = config_for({bad.address(), good.address()});
  config.app = "passive_health: { consecutive_failures: 2, ejection_time: 60s }";
  WeirProcess weir(config);
  EXPECT_THAT(weir_command("status", weir), Not(HasSubstr("consecutive failures")));
  get_until(weir, "ejected");
  EXPECT_THAT(weir_command("status", weir), HasSubstr(": 2 consecutive failures (upstream_reset x2)\n"));
  const boost::json::value report = weir.admin_json("/api/v1/upstreams");
  const boost::json::value& shown = report.at("upstreams").at(0).at("endpoints").at(0);
  EXPECT_EQ(shown.at("state"), "ejected");
  EXPECT_GT(shown.at("until").as_string(), shown.at("since").as_string());
  EXPECT_EQ(shown.at("ejections_in_row"), 1);
}

TEST(HealthEvents, ARateOverTheWindow) {
  std::vector<RequestBehaviour> half;
  half.reserve(200);
  for (int i = 0; i < 200; ++i) half.push_back(i % 2 == 0 ? behave::status(500) : behave::status(503));
  ScriptableEndpoint mixed(behave::sequence(half)), good(behave::ok());
  ConfigText config = config_for({mixed.address(), good.address()});
  config.app =
      "passive_health: { consecutive_failures: 3, failure_rate: 50%, min_requests: 10, window: 60s }";
  WeirProcess weir(config);
  get_until(weir, "ejected");
  EXPECT_EQ(mixed.request_count(), 10U);
  EXPECT_THAT(events(weir, "ejected").at(0),
              HasSubstr(": 50% of 10 requests failed in 1m (status 503 x5), 1 of 2"));
  EXPECT_EQ(weir.metric("weir_ejections_total", "reason=\"failure_rate\""), 1);
}

TEST(HealthEvents, AFaultOfAllIsASharedCause) {
  std::vector<std::unique_ptr<ScriptableEndpoint>> endpoints;
  std::vector<std::string> addresses;
  for (int i = 0; i < 5; ++i) {
    endpoints.push_back(std::make_unique<ScriptableEndpoint>(behave::status(503)));
    addresses.push_back(endpoints.back()->address());
  }
  ConfigText config = config_for(addresses);
  config.app = "passive_health: { max_ejection_percent: 100, ejection_time: 60s, window: 60s }";
  WeirProcess weir(config);
  get_until(weir, "shared_cause");
  EXPECT_THAT(events(weir, "shared_cause").at(0),
              HasSubstr("shared cause in app: 3 of 5 endpoints fail the same way (503) within 1m"));
  RawClient client = weir.connect();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(client.get("/").status, 503);
  EXPECT_EQ(events(weir, "ejected").size(), 2U);
  ASSERT_EQ(events(weir, "shared_cause").size(), 2U);
  EXPECT_THAT(events(weir, "shared_cause").at(1),
              HasSubstr("no endpoint is ejected for it, 2 that were out are back, 5 of 5 left"));
  EXPECT_EQ(weir.metric("weir_endpoint_up"), 5) << "they are no worse than the others";
  EXPECT_GE(weir.metric("weir_ejections_held_total", "reason=\"shared_cause\""), 1);
}

/// A URL that every endpoint answers with 500, tried again on another one each time.
TEST(HealthEvents, OneBadUrlWithRetriesEjectsNoEndpoint) {
  std::vector<std::unique_ptr<ScriptableEndpoint>> endpoints;
  std::vector<std::string> addresses;
  for (int i = 0; i < 4; ++i) {
    endpoints.push_back(std::make_unique<ScriptableEndpoint>(behave::status(500)));
    addresses.push_back(endpoints.back()->address());
  }
  ConfigText config = config_for(addresses);
  config.app =
      "passive_health: { failures: [connect, 500], window: 60s }, retry: { attempts: 1, on: [500], budget: { "
      "min_per_second: 100 } }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  for (int i = 0; i < 40; ++i) EXPECT_EQ(client.get("/bad").status, 500);
  EXPECT_EQ(weir.metric("weir_endpoint_up"), 4);
  EXPECT_TRUE(events(weir, "ejected").empty());
  ASSERT_EQ(events(weir, "request_failure").size(), 1U);
  EXPECT_THAT(events(weir, "request_failure").at(0),
              HasSubstr("request failure in app: 2 of 4 endpoints gave one request the same answer (500)"));
  EXPECT_EQ(weir.metric("weir_ejections_held_total", "reason=\"request\""), 80);
  for (const auto& endpoint : endpoints) endpoint->behave(behave::ok());
  endpoints[1]->behave(behave::status(500));
  for (int i = 0; i < 40; ++i) EXPECT_EQ(client.get("/").status, 200);
  ASSERT_EQ(events(weir, "ejected").size(), 1U) << "one that fails what others serve fails itself";
  EXPECT_THAT(events(weir, "ejected").at(0), HasSubstr("ejected app/" + addresses[1]));
}

/// The same URL many times at once, all to the same endpoint at first: no request has an answer from another one yet.
TEST(HealthEvents, NorDoesOneBadUrlAtOnce) {
  const auto gate = std::make_shared<Gate>();
  std::vector<std::unique_ptr<ScriptableEndpoint>> endpoints;
  std::vector<std::string> addresses;
  for (int i = 0; i < 3; ++i) {
    endpoints.push_back(std::make_unique<ScriptableEndpoint>(behave::gated(gate, behave::status(503))));
    addresses.push_back(endpoints.back()->address());
  }
  ConfigText config = config_for(addresses);
  config.app =
      "balance: hash, hash_key: \"header:X-Key\", passive_health: { window: 60s }, retry: { attempts: 2, on: "
      "[503], "
      "budget: { min_per_second: 100 } }";
  WeirProcess weir(config);
  constexpr std::size_t at_once = 8;
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < at_once; ++i) {
    clients.push_back(weir.connect());
    clients.back().send("GET /bad HTTP/1.1\r\nHost: h\r\nX-Key: one\r\n\r\n");
  }
  eventually("one endpoint has them all", [&] {
    return std::ranges::any_of(endpoints, [](const auto& each) { return each->request_count() == at_once; });
  });
  gate->open();
  for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 503);
  EXPECT_EQ(weir.metric("weir_endpoint_up"), 3);
  EXPECT_TRUE(events(weir, "ejected").empty());
  EXPECT_EQ(weir.get("/").status, 503) << "they are in use";
}

/// One endpoint fails at once and so looks idle; what it failed waits at the other one.
TEST(HealthEvents, OneThatIsDeprioritisedGetsNoNewRequests) {
  const auto gate = std::make_shared<Gate>();
  ScriptableEndpoint quick(behave::status(503)), good(behave::gated(gate, behave::ok()));
  ConfigText config = config_for({quick.address(), good.address()});
  config.app =
      "passive_health: { consecutive_failures: 3, window: 60s }, retry: { attempts: 1, on: [503], "
      "budget: { min_per_second: 100 } }";
  WeirProcess weir(config);
  std::vector<RawClient> clients;
  for (std::size_t i = 1; i <= 12; ++i) {
    clients.push_back(weir.connect());
    clients.back().send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    eventually("it waits at the good one", [&] { return good.request_count() == i; });
  }
  EXPECT_EQ(quick.request_count(), 3U);
  EXPECT_TRUE(events(weir, "ejected").empty()) << "they may all fail yet";
  gate->open();
  for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 200);
  EXPECT_EQ(events(weir, "ejected").size(), 1U);
}

TEST(HealthEvents, FailuresByStatusAreCountedAsSuch) {
  ScriptableEndpoint only(behave::status(503));
  WeirProcess weir(config_for(only.address()));
  for (int i = 0; i < 4; ++i) weir.get("/");
  const boost::json::value report = weir.admin_json("/api/v1/upstreams");
  const boost::json::value& shown = report.at("upstreams").at(0).at("endpoints").at(0);
  EXPECT_EQ(shown.at("consecutive_failures").to_number<int>(), 4);
  EXPECT_EQ(shown.at("failures").to_number<int>(), 4);
  EXPECT_EQ(weir.metric("weir_upstream_failures_total", "kind=\"status_503\""), 4);
}

TEST(HealthEvents, TheUseOfBackupsEndsWithThem) {
  ScriptableEndpoint bad(behave::reset()), spare(behave::ok());
  ConfigText config = config_for({bad.address(), "{ address: \"" + spare.address() + "\", backup: true }"});
  config.app = "passive_health: { consecutive_failures: 1, ejection_time: 60s }";
  WeirProcess weir(config);
  get_until(weir, "backups_in_use");
  config.endpoints = {bad.address(), spare.address()};
  weir.reload(config);
  eventually("its end is an event", [&] { return events(weir, "backups_at_rest").size() == 1; });
  EXPECT_EQ(events(weir, "backups_at_rest").at(0),
            "app: requests go to backups no longer: it has none any more");
}

TEST(HealthEvents, PanicWhenTooFewAreLeft) {
  std::vector<std::unique_ptr<ScriptableEndpoint>> endpoints;
  std::vector<std::string> addresses;
  for (int i = 0; i < 6; ++i) {
    endpoints.push_back(std::make_unique<ScriptableEndpoint>(i == 0 ? behave::ok() : behave::reset()));
    addresses.push_back(endpoints.back()->address());
  }
  ConfigText config = config_for(addresses);
  config.app =
      "balance: round_robin, passive_health: { consecutive_failures: 1, window: 1s, ejection_time: 60s, "
      "max_ejection_percent: 100 }, retry: { attempts: 5, budget: { min_per_second: 100 } }";
  WeirProcess weir(config);
  get_until(weir, "panic");
  EXPECT_THAT(
      events(weir, "panic").at(0),
      HasSubstr("panic in app: only 1 of 6 endpoints can be trusted (5 ejected), so 6 are in use again"));
  EXPECT_EQ(weir.metric("weir_upstream_panic", "upstream=\"app\""), 1);
  const std::size_t before = endpoints[3]->request_count();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(weir.get("/").status, 200) << "a retry goes where something works";
  EXPECT_GT(endpoints[3]->request_count(), before);
}

TEST(HealthEvents, OnlyThePercentageGoes) {
  ScriptableEndpoint refusing(behave::status(502)), busy(behave::status(503)), good(behave::ok());
  ConfigText config = config_for({refusing.address(), busy.address(), good.address()});
  config.app = "passive_health: { ejection_time: 60s }, retry: { attempts: 0 }";
  WeirProcess weir(config);
  get_until(weir, "ejection_held");
  EXPECT_THAT(events(weir, "ejection_held").at(0),
              HasSubstr("would be ejected, but 1 of 3 are out already (max_ejection_percent 50)"));
  EXPECT_EQ(events(weir, "ejected").size(), 1U);
}

TEST(HealthEvents, OneThatServesNoRequestGoesBeyondThePercentage) {
  ScriptableEndpoint busy(behave::status(503)), good(behave::ok());
  ConfigText config = config_for({refused_address(), busy.address(), good.address()});
  config.app =
      "passive_health: { max_ejection_percent: 50, ejection_time: 1h, window: 1s }, retry: { attempts: 0 }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  eventually("both are out", [&] {
    client.get("/");
    return weir.metric("weir_ejections_total") == 2;
  });
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get("/").status, 200);
  EXPECT_THAT(events(weir, "ejected").back(), HasSubstr("beyond max_ejection_percent 50"));
}

TEST(HealthEvents, ALastEndpointThatFailsIsSaidOnce) {
  ScriptableEndpoint only(behave::status(503));
  ConfigText config = config_for(only.address());
  config.app = "passive_health: { window: 60s }";
  WeirProcess weir(config);
  get_until(weir, "ejection_held");
  RawClient client = weir.connect();
  for (int i = 0; i < 20; ++i) client.get("/");
  ASSERT_EQ(events(weir, "ejection_held").size(), 1U);
  EXPECT_EQ(events(weir, "ejection_held").at(0),
            "app/" + only.address() +
                " would be ejected, but no other of 1 is usable: 3 consecutive failures (status 503 x3)");
}

/// The last endpoint that is left after a reload may be one that is out.
TEST(HealthEvents, PanicWhenNoEndpointIsLeft) {
  ScriptableEndpoint bad(behave::status(503)), good(behave::ok());
  ConfigText config = config_for({bad.address(), good.address()});
  config.app = "passive_health: { ejection_time: 60s }";
  WeirProcess weir(config);
  get_until(weir, "ejected");
  EXPECT_EQ(weir.metric("weir_upstream_panic", "upstream=\"app\""), 0);
  bad.behave(behave::ok("answers all the same"));
  config.endpoints = {bad.address()};
  weir.reload(config);
  weir.wait_for_metric("weir_upstream_panic", "upstream=\"app\"", 1);
  EXPECT_EQ(weir.connect().get("/").body, "answers all the same");
  eventually("panic is an event", [&] { return events(weir, "panic").size() == 1; });
  EXPECT_EQ(events(weir, "panic").at(0),
            "panic in app: none of 1 endpoints can be trusted (1 ejected), so the one that is left is in use "
            "again");
  EXPECT_THAT(weir_command("status", weir), HasSubstr("PANIC in app"));
  config.endpoints = {bad.address(), good.address()};
  weir.reload(config);
  eventually("it is over", [&] { return events(weir, "calm").size() == 1; });
  EXPECT_EQ(events(weir, "calm").at(0), "no panic any more in app: 1 of 2 endpoints are in use");
}

TEST(HealthEvents, AStreamSendsThemAsTheyHappenAndEndsAtTheDrain) {
  ScriptableEndpoint bad(behave::status(503)), good(behave::ok());
  ConfigText config = config_for({bad.address(), good.address()});
  config.app = "passive_health: { ejection_time: 60s }";
  WeirProcess weir(config);
  RawClient stream(weir.admin_port());
  stream.send("GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  stream.read_until("retry: 3000\n\n");
  get_until(weir, "ejected");
  EXPECT_THAT(stream.read_until("1 of 2 left\"}\n\n", Deadline()),
              HasSubstr("event: ejected\ndata: {\"id\":1,"));
  weir.signal(SIGTERM);
  EXPECT_TRUE(stream.read_to_end().bytes.ends_with("0\r\n\r\n"));
}

}  // namespace
}  // namespace weir::testing
