// Failing endpoints: what is tried again, where, and who is taken out and comes back.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <tuple>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

std::string up(const std::string& address) {
  return "endpoint=\"" + address + "\"";
}

std::string chunk(const std::string& data) {
  return fmt::format("{:x}\r\n{}\r\n", data.size(), data);
}

TEST(Health, AnEndpointThatBreaksInTheBodyIsEjected) {
  const std::string cut = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this";
  ScriptableEndpoint bad(behave::respond_then_close(cut)), good(behave::ok("good"));
  ConfigText config = config_for({bad.address(), good.address()});
  config.app = "balance: round_robin, passive_health: { consecutive_failures: 3, ejection_time: 1h }";
  WeirProcess weir(config);
  int broken = 0;
  for (int i = 0; i < 20; ++i) {
    RawClient client = weir.connect();
    client.send_get("/", "Connection: close\r\n");
    broken += client.read_to_end().bytes.find("good") == std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(broken, 3);
  EXPECT_EQ(weir.metric("weir_endpoint_up", up(bad.address())), 0);
}

TEST(Retry, ARefusedConnectionIsTriedElsewhere) {
  ScriptableEndpoint good(behave::ok("good"));
  WeirProcess weir(config_for({refused_address(), good.address()}));
  for (int i = 0; i < 10; ++i) {
    RawClient client = weir.connect();
    EXPECT_EQ(client.get("/").body, "good");
    EXPECT_EQ(client.exchange("POST", "/", "body").body, "good");  // nothing was sent: safe for any method
  }
}

TEST(Retry, AResetBeforeTheResponseIsTriedElsewhereWhenIdempotent) {
  ScriptableEndpoint bad(behave::reset()), good(behave::ok("good"));
  ConfigText config = config_for({bad.address(), good.address()});
  config.app = "passive_health: { consecutive_failures: 0 }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.get("/").body, "good");
  EXPECT_GE(bad.request_count(), 1U);
  EXPECT_GE(weir.metric("weir_upstream_retries_total", "outcome=\"succeeded\""), 1);
}

TEST(Retry, APostIsNotSentTwice) {
  ScriptableEndpoint bad(behave::reset()), good(behave::ok("good"));
  ConfigText config = config_for({bad.address(), good.address()});
  config.app = "passive_health: { consecutive_failures: 0 }";
  config.server = "workers: 1";
  WeirProcess weir(config);
  int failed = 0;
  for (int i = 0; i < 10; ++i) failed += weir.connect().exchange("POST", "/", "once").status == 502 ? 1 : 0;
  EXPECT_EQ(bad.request_count() + good.request_count(), 10U);  // each at one endpoint only
  EXPECT_EQ(static_cast<std::size_t>(failed), bad.request_count());
}

TEST(Retry, APostIsSentAgainWhereThatIsAllowedWithItsBody) {
  ScriptableEndpoint bad(behave::reset()), good(behave::echo());
  ConfigText config = config_for({bad.address(), good.address()});
  config.app = "passive_health: { consecutive_failures: 0 }, retry: { non_idempotent: true }";
  WeirProcess weir(config);
  const std::string body(50'000, 'b');
  for (int i = 0; i < 6; ++i) EXPECT_EQ(weir.connect().exchange("POST", "/", body).body, body);
  EXPECT_GE(bad.request_count(), 1U);
}

TEST(Retry, ABodySentAgainCountsOnce) {
  // Takes the beginning of the body and breaks off in the middle of it.
  ScriptableEndpoint bad(ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request_head()) return;
    connection.read_some();
    connection.reset();
  }));
  ScriptableEndpoint good(behave::echo());
  ConfigText config = config_for({bad.address(), good.address()});
  config.app = "passive_health: { consecutive_failures: 0 }, retry: { non_idempotent: true }";
  config.http = "limits: { body_bytes: 1000 }";
  WeirProcess weir(config);
  const auto post = [&weir](const std::string& first, const std::string& second) {
    RawClient client = weir.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(first));
    EXPECT_TRUE(client.stays_silent_for(200ms));  // by now the first endpoint has broken off
    client.send(chunk(second) + "0\r\n\r\n");
    return client.read_response();
  };
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(post(std::string(600, 'a'), std::string(300, 'b')).body.size(), 900U);
    EXPECT_EQ(post(std::string(800, 'a'), std::string(300, 'b')).status, 413);
  }
  EXPECT_GE(bad.request_count(), 2U);
  for (const boost::json::object& line : weir.access_log(8)) {
    if (line.at("status") == 200) {
      EXPECT_EQ(line.at("bytes_in"), 900);
    }
  }
}

TEST(Retry, ABodyTooLargeToKeepIsNotSentAgain) {
  ScriptableEndpoint bad(behave::reset()), good(behave::ok("good"));
  ConfigText config = config_for({bad.address(), good.address()});
  config.app =
      "passive_health: { consecutive_failures: 0 }, retry: { non_idempotent: true, buffer_bytes: 1KiB }";
  WeirProcess weir(config);
  const std::string body(300'000, 'b');
  int failed = 0;
  for (int i = 0; i < 6; ++i) failed += weir.connect().exchange("PUT", "/", body).status == 502 ? 1 : 0;
  EXPECT_EQ(static_cast<std::size_t>(failed), bad.request_count());
  EXPECT_GE(failed, 1);
}

TEST(Retry, StopsAfterItsAttempts) {
  ScriptableEndpoint a(behave::reset()), b(behave::reset()), c(behave::reset());
  ConfigText config = config_for({a.address(), b.address(), c.address()});
  config.app = "retry: { attempts: 1 }";
  WeirProcess weir(config);
  const Response response = weir.get("/");
  EXPECT_EQ(response.status, 502);
  EXPECT_THAT(response.fields.get("Proxy-Status"), HasSubstr("error=connection_terminated"));
  EXPECT_EQ(a.request_count() + b.request_count() + c.request_count(), 2U);
  EXPECT_EQ(weir.access_log(1)[0].at("attempts").as_array().size(), 2U);
}

TEST(Retry, AStatusIsTriedElsewhereOnlyWhereNamed) {
  ScriptableEndpoint busy(behave::status(503)), good(behave::ok("good"));
  ConfigText config = config_for({busy.address(), good.address()});
  config.app = "passive_health: { consecutive_failures: 0 }, retry: { on: [connect, 503] }";
  WeirProcess weir(config);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(weir.get("/").body, "good");
  EXPECT_GE(busy.request_count(), 1U);

  ConfigText plain = config_for(busy.address());
  WeirProcess other(plain);
  EXPECT_EQ(other.get("/").status, 503);  // passed on as it came
}

TEST(Errors, AreDistinct) {
  const std::vector<std::tuple<RequestBehaviour, int, std::string>> cases{
      {behave::reset(), 502, "connection_terminated"},
      {behave::close(), 502, "connection_terminated"},
      {behave::respond_then_close("not http at all\r\n\r\n"), 502, "http_protocol_error"},
      {behave::respond_then_close(
           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
       502, "http_protocol_error"},
      {behave::respond_then_close("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), 502,
       "http_protocol_error"},
      {behave::respond_then_close("HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x') + "\r\n\r\n"), 502,
       "http_response_header_section_size"},
  };
  for (const auto& [behaviour, status, type] : cases) {
    ScriptableEndpoint endpoint(behaviour);
    ConfigText config = config_for(endpoint.address());
    config.app = "retry: { attempts: 0 }";
    WeirProcess weir(config);
    const Response response = weir.get("/");
    EXPECT_EQ(response.status, status) << type;
    EXPECT_THAT(response.fields.get("Proxy-Status"), HasSubstr("error=" + type));
  }
  ConfigText unused = config_for(refused_address());
  WeirProcess weir(unused);
  const Response refused = weir.get("/");
  EXPECT_EQ(refused.status, 502);
  EXPECT_THAT(refused.fields.get("Proxy-Status"), HasSubstr("error=connection_refused"));
}

TEST(Health, AFailingEndpointIsEjectedAndComesBack) {
  ScriptableEndpoint flaky(behave::status(503)), good(behave::ok("good"));
  ConfigText config = config_for({flaky.address(), good.address()});
  config.app = "passive_health: { consecutive_failures: 3, ejection_time: 1s }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  while (flaky.request_count() < 3) client.get("/");
  weir.wait_for_metric("weir_endpoint_up", up(flaky.address()), 0);
  EXPECT_EQ(weir.metric("weir_ejections_total", up(flaky.address())), 1);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get("/").body, "good");
  EXPECT_EQ(flaky.request_count(), 3U);

  flaky.behave(behave::ok("back"));
  eventually("the endpoint is asked again", [&] { return client.get("/").body == "back"; });
  weir.wait_for_metric("weir_endpoint_up", up(flaky.address()), 1);
}

TEST(Health, AProbeThatFailsEjectsAgain) {
  ScriptableEndpoint broken(behave::status(502)), good(behave::ok("good"));
  ConfigText config = config_for({broken.address(), good.address()});
  config.app = "passive_health: { consecutive_failures: 2, ejection_time: 300ms }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  while (broken.request_count() < 2) client.get("/");
  eventually("it is probed", [&] {
    client.get("/");
    return broken.request_count() == 3;
  });
  const std::size_t seen = broken.request_count();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.get("/").body, "good");
  EXPECT_LE(broken.request_count(), seen + 1);  // one failed probe is enough to be out again
}

TEST(Health, TheLastEndpointIsNeverEjected) {
  ScriptableEndpoint only(behave::status(503));
  ConfigText config = config_for(only.address());
  config.app = "passive_health: { consecutive_failures: 1 }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  for (std::size_t i = 1; i <= 10; ++i) {
    EXPECT_EQ(client.get("/").status, 503);
    EXPECT_EQ(only.request_count(), i);
  }
  EXPECT_EQ(weir.metric("weir_endpoint_up", up(only.address())), 1);
}

TEST(Health, SuccessesInBetweenResetTheCount) {
  ScriptableEndpoint mixed(behave::sequence({behave::status(503), behave::status(503), behave::ok(),
                                             behave::status(503), behave::status(503), behave::ok()})),
      other(behave::ok());
  ConfigText config = config_for({mixed.address(), other.address()});
  config.app = "passive_health: { consecutive_failures: 3 }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  while (mixed.request_count() < 8) client.get("/");
  EXPECT_EQ(weir.metric("weir_ejections_total"), 0);
}

TEST(Health, KillingOneEndpointUnderLoadFailsNoGet) {
  OriginProcess one("one"), two("two");
  WeirProcess weir(config_for({one.address(), two.address()}));
  std::vector<RawClient> clients;
  clients.reserve(8);
  for (int i = 0; i < 8; ++i) clients.push_back(weir.connect());
  for (int round = 0; round < 60; ++round) {
    if (round == 20) one.process().signal(SIGKILL);
    for (RawClient& client : clients) client.send_get("/delay/5");
    for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 200) << round;
  }
}

}  // namespace
}  // namespace weir::testing
