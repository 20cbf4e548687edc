// One check at a time against a scripted endpoint: what passes, what fails and why, and which connections are kept.
#include "server/prober.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "support/behaviours.hpp"
#include "support/full_backlog.hpp"
#include "support/loop.hpp"
#include "support/test_certificates.hpp"

namespace weir::server {
namespace {

using namespace weir::testing;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ProberTest : public ::testing::Test {
 protected:
  std::shared_ptr<upstream::EndpointState> state_at(const std::string& address) {
    auto& state = states_[address];
    if (!state) {
      state = std::make_shared<upstream::EndpointState>("app", address, *SocketAddress::parse(address), 0);
    }
    return state;
  }
  CheckTarget target_at(const std::string& address) {
    CheckTarget target;
    target.endpoint = state_at(address);
    target.host = "127.0.0.1";
    target.authority = "app.test:80";
    target.settings.timeout = scaled(2s);
    return target;
  }
  CheckOutcome check(const CheckTarget& target) {
    CheckOutcome outcome;
    const auto held = std::make_shared<const CheckTarget>(target);
    loop_.run(check_once(held, outcome));
    return outcome;
  }
  CheckOutcome check(const ScriptableEndpoint& endpoint) { return check(target_at(endpoint.address())); }
  void expect_failed(const CheckOutcome& outcome, const std::string& detail) {
    EXPECT_EQ(outcome.result, CheckResult::failed);
    EXPECT_THAT(outcome.detail, HasSubstr(detail));
  }
  void expect_passed(const CheckOutcome& outcome) {
    EXPECT_EQ(outcome.result, CheckResult::passed) << outcome.detail;
  }

  Loop loop_;
  BufferPool buffers_;
  std::map<std::string, std::shared_ptr<upstream::EndpointState>> states_;
  Prober prober_{loop_.reactor(), buffers_};

 private:
  Task<> check_once(std::shared_ptr<const CheckTarget> target, CheckOutcome& outcome) {
    outcome = co_await prober_.check(std::move(target));
  }
};

TEST_F(ProberTest, AsksAndJudgesByTheStatus) {
  ScriptableEndpoint endpoint(
      behave::sequence({behave::status(200), behave::status(399), behave::status(400), behave::status(503)}));
  EXPECT_EQ(check(endpoint).detail, "status 200");
  expect_passed(check(endpoint));
  expect_failed(check(endpoint), "status 400");
  const CheckOutcome last = check(endpoint);
  expect_failed(last, "status 503");
  EXPECT_GT(last.took, Duration::zero());
  EXPECT_EQ(endpoint.connection_count(), 1U) << "one connection for all of them";
}

TEST_F(ProberTest, SendsWhatTheSettingsSay) {
  ScriptableEndpoint endpoint(behave::status(204));
  CheckTarget target = target_at(endpoint.address());
  target.settings.path = "/ready?deep=1";
  target.settings.expect = {{204, 204}};
  expect_passed(check(target));
  const std::string bytes = endpoint.bytes();
  EXPECT_THAT(bytes, StartsWith("GET /ready?deep=1 HTTP/1.1\r\nHost: app.test:80\r\nUser-Agent: weir/"));
  EXPECT_THAT(bytes, HasSubstr("Accept: */*\r\n"));
  EXPECT_TRUE(bytes.ends_with("\r\n\r\n"));
  target.settings.expect = {{200, 200}};
  expect_failed(check(target), "status 204");
}

TEST_F(ProberTest, ReadsTheBodyToKeepTheConnection) {
  ScriptableEndpoint endpoint(behave::sequence(
      {behave::ok(std::string(40'000, 'x')),
       behave::respond("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
       behave::respond("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")}));
  for (int i = 0; i < 3; ++i) expect_passed(check(endpoint));
  EXPECT_EQ(endpoint.connection_count(), 1U);
}

TEST_F(ProberTest, ALongBodyCostsTheConnectionAndNotTheVerdict) {
  ScriptableEndpoint endpoint(behave::ok(std::string(Prober::body_bytes_max * 4, 'x')));
  expect_passed(check(endpoint));
  expect_passed(check(endpoint));
  EXPECT_EQ(endpoint.connection_count(), 2U);
}

TEST_F(ProberTest, ABodyThatNeverEndsCostsTheConnectionAndNotTheVerdict) {
  ScriptableEndpoint endpoint(behave::respond("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"));
  CheckTarget target = target_at(endpoint.address());
  target.settings.timeout = 100ms;
  expect_passed(check(target));
  expect_passed(check(target));
  EXPECT_EQ(endpoint.connection_count(), 2U);
}

TEST_F(ProberTest, ADrainingEndpointIsCheckedOverTheSameConnection) {
  ScriptableEndpoint endpoint(behave::ok());
  const CheckTarget target = target_at(endpoint.address());
  target.endpoint->out.fetch_or(upstream::out_drain);
  for (int i = 0; i < 3; ++i) expect_passed(check(target));
  EXPECT_EQ(endpoint.connection_count(), 1U);
}

TEST_F(ProberTest, KeepsNoConnectionWhereTheUpstreamDoesNot) {
  ScriptableEndpoint endpoint(behave::ok());
  CheckTarget target = target_at(endpoint.address());
  target.reuse = false;
  expect_passed(check(target));
  expect_passed(check(target));
  EXPECT_EQ(endpoint.connection_count(), 2U);
  EXPECT_THAT(endpoint.bytes(), HasSubstr("Connection: close\r\n"));
}

TEST_F(ProberTest, AKeptConnectionThatDiedIsReplacedWithoutAFailure) {
  // The second request of each connection is answered with its end.
  ScriptableEndpoint endpoint(ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request()) return;
    connection.send(behave::ok_message("fine"));
    connection.read_request();
  }));
  for (int i = 0; i < 4; ++i) expect_passed(check(endpoint));
  EXPECT_EQ(endpoint.connection_count(), 4U);
}

TEST_F(ProberTest, AFreshConnectionThatDiesIsAFailureAtOnce) {
  ScriptableEndpoint closing(behave::close()), resetting(behave::reset());
  expect_failed(check(closing), "closed before the end of a response head");
  EXPECT_EQ(closing.request_count(), 1U);
  prober_.disconnect();
  expect_failed(check(resetting), "closed before the end of a response head");
  EXPECT_EQ(resetting.request_count(), 1U);
}

TEST_F(ProberTest, RefusedAndSilentEndpointsFail) {
  std::string gone;
  {
    ScriptableEndpoint endpoint(behave::ok());
    gone = endpoint.address();
  }
  expect_failed(check(target_at(gone)), "connection refused");

  ScriptableEndpoint silent(behave::hang());
  CheckTarget target = target_at(silent.address());
  target.settings.timeout = 100ms;
  const CheckOutcome outcome = check(target);
  expect_failed(outcome, "no answer in 100ms");
  EXPECT_GE(outcome.took, 90ms);
}

TEST_F(ProberTest, WhatIsNoHttpFails) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"not http at all\r\n\r\n", "not an HTTP/1 response"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "more than one Content-Length"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(EndpointCall::head_bytes_max, 'x') + "\r\n\r\n", "too large"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "101"},
      {"HTTP/1.1 20", "closed before the end of a response head"},
  };
  for (const auto& [raw, detail] : cases) {
    ScriptableEndpoint endpoint(behave::respond_then_close(raw));
    prober_.disconnect();
    expect_failed(check(endpoint), detail);
  }
}

TEST_F(ProberTest, InterimResponsesAreNotTheVerdict) {
  const std::string hint = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  std::string many;
  for (unsigned i = 0; i <= EndpointCall::interim_responses_max; ++i) many += hint;
  ScriptableEndpoint some(behave::respond(hint + hint + behave::ok_message("fine")));
  expect_passed(check(some));
  prober_.disconnect();
  ScriptableEndpoint endless(behave::respond(many));
  expect_failed(check(endless), "too many interim responses");
}

TEST_F(ProberTest, ATcpCheckOnlyConnects) {
  ScriptableEndpoint endpoint(behave::ok());
  CheckTarget target = target_at(endpoint.address());
  target.settings.type = config::HealthCheck::Type::tcp;
  expect_passed(check(target));
  expect_passed(check(target));
  endpoint.wait_for_connections(2);
  EXPECT_EQ(endpoint.request_count(), 0U);
  EXPECT_EQ(endpoint.bytes(), "");
  endpoint.stop();
  expect_failed(check(target), "connection refused");
}

TEST_F(ProberTest, TakenBackItSaysNothing) {
  ScriptableEndpoint silent(behave::hang());
  Timer cancel{[](void* prober) { static_cast<Prober*>(prober)->cancel(); }, &prober_};
  loop_.reactor().arm(cancel, Clock::now() + 50ms);
  EXPECT_EQ(check(silent).result, CheckResult::skipped);
  silent.behave(behave::ok());
  expect_passed(check(silent));
}

TEST_F(ProberTest, GoesOverTheUpstreamsTls) {
  const TempDir directory;
  const TestCa ca;
  LeafOptions leaf;
  leaf.dns = {"app.test"};
  const CertificateFiles files = ca.issue_files(directory, "app", leaf);
  EndpointOptions options;
  options.tls = true;
  options.tls_options.cert_file = files.cert;
  options.tls_options.key_file = files.key;
  ScriptableEndpoint endpoint(behave::ok(), options);
  config::UpstreamTls tls;
  tls.ca = directory.write("ca.crt", ca.pem());
  tls.server_name = "app.test";
  CheckTarget target = target_at(endpoint.address());
  target.tls = *tls::ClientContext::build(tls);
  expect_passed(check(target));
  expect_passed(check(target));
  EXPECT_EQ(endpoint.connection_count(), 1U);

  prober_.disconnect();
  target.settings.type = config::HealthCheck::Type::tcp;
  EXPECT_EQ(check(target).detail, "TLS handshake done");
  tls.server_name = "other.test";
  target.tls = *tls::ClientContext::build(tls);
  expect_failed(check(target), "TLS: ");
  EXPECT_EQ(endpoint.request_count(), 2U);
}

}  // namespace
}  // namespace weir::server
