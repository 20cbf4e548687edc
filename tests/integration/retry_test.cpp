// Retries: what is tried again for each value of retry.on, what becomes of a response that is not used, and what
// the access log has of every attempt. Which endpoint is taken out: retry_health_test.cpp. How many at once:
// retry_budget_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "support/behaviours.hpp"
#include "support/full_backlog.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* no_health = "passive_health: { consecutive_failures: 0 }, ";

ConfigText retrying(const std::vector<std::string>& endpoints, const std::string& retry,
                    const std::string& timeouts = "timeouts: {}") {
  ConfigText config = config_for(endpoints);
  config.app = no_health + timeouts + ", retry: { " + retry + " }";
  return config;
}

/// `outcome` of each attempt of a log line, with its status where it has one: `retried 503`.
std::vector<std::string> outcomes(const boost::json::object& line) {
  std::vector<std::string> found;
  for (const boost::json::value& attempt : line.at("attempts").as_array()) {
    std::string text(attempt.at("outcome").as_string());
    if (const auto* status = attempt.as_object().if_contains("status")) {
      text += ' ' + std::to_string(status->as_int64());
    }
    found.push_back(text);
  }
  return found;
}

/// The first log line among `count` with more than one attempt.
boost::json::object line_with_retry(WeirProcess& weir, std::size_t count) {
  for (const boost::json::object& line : weir.access_log(count)) {
    if (line.at("attempts").as_array().size() > 1) return line;
  }
  throw TestFailure("no request was tried twice");
}

struct Reason {
  const char* word;
  RequestBehaviour behaviour;
  int status;  // that a client gets without a retry
  const char* outcome;
};

void PrintTo(const Reason& reason, std::ostream* out) {
  *out << reason.word;
}

class RetryOn : public ::testing::TestWithParam<Reason> {
 protected:
  ScriptableEndpoint bad_{GetParam().behaviour};
  ScriptableEndpoint good_{behave::ok("good")};
  const std::string timeouts_ = "timeouts: { response: 150ms }";
};

TEST_P(RetryOn, IsTriedElsewhereWhereNamed) {
  WeirProcess weir(
      retrying({bad_.address(), good_.address()}, std::string("on: [") + GetParam().word + "]", timeouts_));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(weir.get("/").body, "good");
  EXPECT_GE(bad_.request_count(), 1U);
  EXPECT_EQ(weir.metric("weir_upstream_retries_total", "outcome=\"succeeded\""), bad_.request_count());
  const boost::json::object line = line_with_retry(weir, 4);
  EXPECT_THAT(outcomes(line), ElementsAre(GetParam().outcome, "ok 200"));
  EXPECT_EQ(line.at("endpoint").as_string(), good_.address());
  const boost::json::object first = line.at("attempts").as_array().at(0).as_object();
  EXPECT_EQ(first.at("endpoint").as_string(), bad_.address());
  EXPECT_TRUE(first.contains("connect_ms"));
}

TEST_P(RetryOn, IsNotTriedAgainOtherwise) {
  WeirProcess weir(retrying({bad_.address(), good_.address()}, "on: [connect]", timeouts_));
  int failed = 0;
  for (int i = 0; i < 4; ++i) failed += weir.get("/").status == GetParam().status ? 1 : 0;
  EXPECT_GE(failed, 1);
  EXPECT_EQ(bad_.request_count() + good_.request_count(), 4U);
}

TEST_P(RetryOn, APostIsNotTriedAgain) {
  WeirProcess weir(
      retrying({bad_.address(), good_.address()}, std::string("on: [") + GetParam().word + "]", timeouts_));
  int failed = 0;
  for (int i = 0; i < 4; ++i) {
    failed += weir.connect().exchange("POST", "/", "once").status == GetParam().status ? 1 : 0;
  }
  EXPECT_GE(failed, 1);
  EXPECT_EQ(bad_.request_count() + good_.request_count(), 4U);
}

INSTANTIATE_TEST_SUITE_P(
    Each, RetryOn,
    ::testing::Values(Reason{"reset_before_response", behave::reset(), 502, "upstream_reset"},
                      Reason{"timeout", behave::hang(), 504, "response_timeout"},
                      Reason{"invalid_response", behave::respond_then_close("not http at all\r\n\r\n"), 502,
                             "response_malformed"},
                      Reason{"500", behave::status(500), 500, "retried 500"},
                      Reason{"502", behave::status(502), 502, "retried 502"},
                      Reason{"503", behave::status(503), 503, "retried 503"},
                      Reason{"504", behave::status(504), 504, "retried 504"}),
    [](const auto& reason) { return std::string("On_") + reason.param.word; });

TEST(Retries, GoToDifferentEndpointsOnly) {
  ScriptableEndpoint a(behave::reset()), b(behave::reset()), c(behave::reset());
  WeirProcess weir(retrying({a.address(), b.address(), c.address()}, "attempts: 5"));
  const Response response = weir.get("/");
  EXPECT_EQ(response.status, 502);
  EXPECT_THAT(response.fields.get("Proxy-Status"), HasSubstr("no other endpoint is left"));
  EXPECT_EQ(a.request_count(), 1U);
  EXPECT_EQ(b.request_count(), 1U);
  EXPECT_EQ(c.request_count(), 1U);
  const boost::json::object line = weir.access_log(1)[0];
  EXPECT_THAT(outcomes(line),
              ElementsAre("upstream_reset", "upstream_reset", "upstream_reset", "no_other_endpoint"));
  EXPECT_FALSE(line.at("attempts").as_array().at(3).as_object().contains("endpoint"));
  EXPECT_EQ(weir.metric("weir_upstream_retries_total", "outcome=\"no_other_endpoint\""), 1);
  EXPECT_EQ(weir.metric("weir_upstream_retries_total", "outcome=\"failed\""), 2);  // each is counted
}

TEST(Retries, TheOnlyEndpointsStatusIsPassedOnAndSaysWhy) {
  ScriptableEndpoint only(behave::respond("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"));
  WeirProcess weir(retrying({only.address()}, "on: [503]"));
  const Response response = weir.get("/");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "busy");
  const boost::json::object line = weir.access_log(1)[0];
  EXPECT_THAT(outcomes(line), ElementsAre("ok 503", "no_other_endpoint"));
  EXPECT_EQ(line.at("endpoint").as_string(), only.address());
}

TEST(Retries, AnUnusedResponseThatIsWholeLeavesItsConnectionInUse) {
  ScriptableEndpoint busy(behave::respond("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"));
  ScriptableEndpoint good(behave::ok("good"));
  ConfigText config = retrying({busy.address(), good.address()}, "on: [503]");
  config.server = "workers: 1";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  while (busy.request_count() < 4) EXPECT_EQ(client.get("/").body, "good");
  EXPECT_EQ(busy.connection_count(), 1U);
}

TEST(Retries, AnUnusedResponseThatGoesOnIsNotWaitedFor) {
  // Announces much and then sends it slowly: more than is worth reading for nothing.
  ScriptableEndpoint busy(ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request()) return;
    connection.send("HTTP/1.1 503 Busy\r\nContent-Length: 1000000000\r\n\r\nsome");
    connection.read_to_end();
  }));
  ScriptableEndpoint good(behave::ok("good"));
  WeirProcess weir(retrying({busy.address(), good.address()}, "on: [503]"));
  RawClient client = weir.connect();
  while (busy.request_count() < 2) EXPECT_EQ(client.get("/").body, "good");
  EXPECT_NE(busy.wait_for_end(0), StreamEvent::data);  // closed
}

TEST(Retries, NotOnceTheResponseHasBegun) {
  ScriptableEndpoint half(
      behave::respond_then_reset("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it"));
  ScriptableEndpoint good(behave::ok("good"));
  WeirProcess weir(retrying({half.address(), good.address()},
                            "on: [connect, reset_before_response, timeout, invalid_response]"));
  int cut = 0;
  for (int i = 0; i < 4; ++i) {
    RawClient client = weir.connect();
    client.send_get("/", "Connection: close\r\n");
    const std::string bytes = client.read_to_end().bytes;
    if (bytes.find("half of it") == std::string::npos) continue;
    EXPECT_EQ(bytes.find("good"), std::string::npos);
    ++cut;
    if (cut == 2) break;
  }
  EXPECT_EQ(static_cast<std::size_t>(cut), half.request_count());
}

TEST(Retries, NotOnceAnInterimResponseWentToTheClient) {
  ScriptableEndpoint hinting(
      behave::respond_then_reset("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"));
  ScriptableEndpoint good(behave::ok("good"));
  WeirProcess weir(retrying({hinting.address(), good.address()}, "on: [connect, reset_before_response]"));
  int failed = 0;
  for (int i = 0; i < 4; ++i) failed += weir.get("/").status == 502 ? 1 : 0;
  EXPECT_GE(failed, 1);
  EXPECT_EQ(static_cast<std::size_t>(failed), hinting.request_count());
}

TEST(Retries, AStaleConnectionIsSaidToBeOneAndIsNoFailure) {
  // Closes each connection exactly when it is used for the second time.
  ScriptableEndpoint closing(ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request()) return;
    connection.send(behave::ok_message("first"));
    connection.read_request();
  }));
  ScriptableEndpoint other(behave::ok("other"));
  ConfigText config = config_for({closing.address(), other.address()});
  config.server = "workers: 1";
  config.app = "passive_health: { consecutive_failures: 1 }, retry: { attempts: 0 }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  std::size_t asked = 0;
  for (; closing.request_count() < 2; ++asked) EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(weir.metric("weir_upstream_retries_total", "outcome=\"stale\""), 1);
  EXPECT_EQ(weir.metric("weir_ejections_total"), 0);
  const boost::json::object line = line_with_retry(weir, asked);
  EXPECT_THAT(outcomes(line), ElementsAre("stale_connection", "ok 200"));
  EXPECT_EQ(line.at("endpoint").as_string(), other.address());  // elsewhere, where there is another
}

/// Not stale: it had the request for 1.5 s.
TEST(Retries, AKeptConnectionThatDiesAtWorkIsAFailure) {
  ScriptableEndpoint dying(ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request()) return;
    connection.send(behave::ok_message("first"));
    if (connection.read_request()) connection.pause(std::chrono::milliseconds(1500));
  }));
  ScriptableEndpoint other(behave::ok("other"));
  ConfigText config = config_for({dying.address(), other.address()});
  config.server = "workers: 1";
  config.app = "passive_health: { consecutive_failures: 1, ejection_time: 1h }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  std::size_t asked = 0;
  for (; dying.request_count() < 2; ++asked) EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(weir.metric("weir_upstream_retries_total", "outcome=\"stale\""), 0);
  EXPECT_EQ(weir.metric("weir_upstream_retries_total", "outcome=\"succeeded\""), 1);
  EXPECT_EQ(weir.metric("weir_ejections_total"), 1);
  EXPECT_THAT(outcomes(line_with_retry(weir, asked)), ElementsAre("upstream_reset", "ok 200"));
}

TEST(Retries, AFurtherTryPrefersAnEndpointThatWasNotTried) {
  ScriptableEndpoint closing(ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request()) return;
    connection.send(behave::ok_message("first"));
    connection.read_request();
  }));
  ScriptableEndpoint resetting(behave::reset()), good(behave::ok("third"));
  ConfigText config = config_for({closing.address(), resetting.address(), good.address()});
  config.server = "workers: 1";
  config.app =
      "balance: random_two, passive_health: { consecutive_failures: 0 }, retry: { attempts: 2, budget: { "
      "min_per_second: 100 } }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  constexpr std::size_t requests = 400;
  for (std::size_t i = 0; i < requests; ++i) EXPECT_EQ(client.get("/").status, 200);
  std::size_t seen = 0;
  for (const boost::json::object& line : weir.access_log(requests)) {
    const auto found = outcomes(line);
    if (found.size() != 3 || found[0] != "stale_connection" || found[1] != "upstream_reset") continue;
    ++seen;
    EXPECT_EQ(line.at("endpoint").as_string(), good.address());
  }
  EXPECT_GE(seen, 1U);
}

TEST(Retries, TheOnlyEndpointIsAskedAgainAfterAStaleConnection) {
  ScriptableEndpoint closing(ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request()) return;
    connection.send(behave::ok_message("first"));
    connection.read_request();
  }));
  ConfigText config = retrying({closing.address()}, "attempts: 0");
  config.server = "workers: 1";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.get("/").body, "first");
  const auto lines = weir.access_log(5);
  EXPECT_THAT(outcomes(lines[1]), ElementsAre("stale_connection", "ok 200"));
}

TEST(Retries, AfterAStaleConnectionAndADeadEndpointTheFirstMayStillAnswer) {
  ScriptableEndpoint closing(ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request()) return;
    connection.send(behave::ok_message("first"));
    connection.read_request();
  }));
  ConfigText config = retrying({closing.address(), refused_address()}, "attempts: 1");
  config.server = "workers: 1";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  for (int i = 0; i < 8; ++i) EXPECT_EQ(client.get("/").body, "first");
  EXPECT_GE(weir.metric("weir_upstream_retries_total", "outcome=\"stale\""), 1);
}

TEST(Retries, AfterAStaleConnectionAnEjectedEndpointIsNoBetterOne) {
  ScriptableEndpoint closing(ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request()) return;
    connection.send(behave::ok_message("first"));
    connection.read_request();
  }));
  ScriptableEndpoint broken(behave::status(503));
  ConfigText config = config_for({closing.address(), broken.address()});
  config.server = "workers: 1";
  config.app = "passive_health: { consecutive_failures: 1, ejection_time: 1h }, retry: { attempts: 0 }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  while (broken.request_count() == 0) client.get("/");
  for (int i = 0; i < 6; ++i) EXPECT_EQ(client.get("/").body, "first");
  EXPECT_EQ(broken.request_count(), 1U);
}

TEST(Retries, AResponseIsNotGivenUpForAnEjectedEndpoint) {
  ScriptableEndpoint answering(behave::ok("good")), broken(behave::reset());
  ConfigText config = config_for({answering.address(), broken.address()});
  config.server = "workers: 1";
  config.app = "passive_health: { consecutive_failures: 1, ejection_time: 1h }, retry: { on: [503] }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  int asked = 1;
  for (; broken.request_count() == 0; ++asked) client.get("/");
  answering.behave(behave::respond("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"));
  const Response response = client.get("/");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "busy");
  EXPECT_EQ(broken.request_count(), 1U);
  const auto lines = weir.access_log(static_cast<std::size_t>(asked));
  EXPECT_THAT(outcomes(lines.back()), ElementsAre("ok 503", "no_other_endpoint"));
}

class TotalTimeout : public ::testing::Test {
 protected:
  static ConfigText config_of(const std::string& one, const std::string& other, const std::string& timeouts) {
    ConfigText config = config_for({one, other});
    config.app =
        "passive_health: { consecutive_failures: 1 }, retry: { on: [timeout, connect] }, timeouts: { " +
        timeouts + " }";
    return config;
  }
};

TEST_F(TotalTimeout, OfAnEndpointThatHangsIsItsFailure) {
  ScriptableEndpoint one(behave::hang()), other(behave::hang());
  WeirProcess weir(config_of(one.address(), other.address(), "response: 1m, total: 200ms"));
  EXPECT_EQ(weir.get("/").status, 504);
  EXPECT_EQ(weir.metric("weir_ejections_total"), 1);
  EXPECT_EQ(one.request_count() + other.request_count(), 1U);  // nothing is left for another try
  EXPECT_THAT(outcomes(weir.access_log(1)[0]), ElementsAre("total_timeout"));
}

TEST_F(TotalTimeout, OfAnEndpointThatCannotBeReachedIsItsFailure) {
  const FullBacklog one, other;
  WeirProcess weir(config_of(one.address(), other.address(), "connect: 1m, total: 200ms"));
  EXPECT_EQ(weir.get("/").status, 504);
  EXPECT_EQ(weir.metric("weir_ejections_total"), 1);
  const boost::json::object attempt = weir.access_log(1)[0].at("attempts").as_array().at(0).as_object();
  EXPECT_GE(attempt.at("connect_ms").to_number<double>(), 150);
}

TEST_F(TotalTimeout, OfASlowClientIsNoFailureOfTheEndpoint) {
  ScriptableEndpoint one(behave::echo()), other(behave::echo());
  WeirProcess weir(config_of(one.address(), other.address(), "total: 200ms"));
  RawClient client = weir.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome");
  client.read_response();
  EXPECT_EQ(weir.metric("weir_ejections_total"), 0);
}

TEST_F(TotalTimeout, InTheMiddleOfAResponseIsNoFailureOfTheEndpoint) {
  const std::string message = "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + std::string(10000, 'x');
  // The head is in the first piece; the rest takes two seconds.
  ScriptableEndpoint one(behave::slow(message, 100, 20ms)), other(behave::slow(message, 100, 20ms));
  WeirProcess weir(config_of(one.address(), other.address(), "total: 1s"));
  RawClient client = weir.connect();
  client.send_get("/");
  EXPECT_LT(client.read_to_end().bytes.size(), message.size());
  const boost::json::object line = weir.access_log(1)[0];
  EXPECT_EQ(line.at("reason"), "total_timeout");
  EXPECT_THAT(outcomes(line), ElementsAre("total_timeout 200"));
  EXPECT_EQ(weir.metric("weir_ejections_total"), 0);
}

TEST_F(TotalTimeout, IsOverAllAttempts) {
  ScriptableEndpoint one(behave::hang()), other(behave::hang());
  WeirProcess weir(config_of(one.address(), other.address(), "response: 400ms, total: 600ms"));
  EXPECT_EQ(weir.get("/").status, 504);
  EXPECT_EQ(one.request_count() + other.request_count(), 2U);
  EXPECT_THAT(outcomes(weir.access_log(1)[0]), ElementsAre("response_timeout", "total_timeout"));
}

}  // namespace
}  // namespace weir::testing
