// The retry budget: how many retries there are, what becomes of those that it refuses, and that a brown-out of
// all endpoints is not made worse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

const std::string refused_label = "outcome=\"budget_exhausted\"";

std::string outcome_of(const boost::json::value& attempt) {
  return std::string(attempt.at("outcome").as_string());
}

ConfigText with_budget(const std::vector<std::string>& endpoints, const std::string& retry) {
  ConfigText config = config_for(endpoints);
  config.app = "passive_health: { consecutive_failures: 0 }, retry: { " + retry + " }";
  return config;
}

TEST(RetryBudget, ARefusedRetrySaysSo) {
  ScriptableEndpoint one(behave::reset()), other(behave::reset());
  WeirProcess weir(
      with_budget({one.address(), other.address()}, "budget: { percent: 0, min_per_second: 0 }"));
  const Response response = weir.get("/");
  EXPECT_EQ(response.status, 502);
  EXPECT_THAT(response.fields.get("Proxy-Status"), HasSubstr("error=connection_terminated"));
  EXPECT_THAT(response.fields.get("Proxy-Status"), HasSubstr("the retry budget is used up"));
  EXPECT_EQ(one.request_count() + other.request_count(), 1U);
  const boost::json::object line = weir.access_log(1)[0];
  ASSERT_EQ(line.at("attempts").as_array().size(), 2U);
  EXPECT_EQ(outcome_of(line.at("attempts").as_array()[0]), "upstream_reset");
  EXPECT_EQ(outcome_of(line.at("attempts").as_array()[1]), "budget_exhausted");
  EXPECT_EQ(weir.metric("weir_upstream_retries_total", refused_label), 1);
  EXPECT_EQ(weir.metric("weir_upstream_retries_total"), 1);
}

TEST(RetryBudget, ARefusedStatusIsPassedOn) {
  ScriptableEndpoint one(behave::respond("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"));
  ScriptableEndpoint other(behave::respond("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"));
  WeirProcess weir(
      with_budget({one.address(), other.address()}, "on: [503], budget: { percent: 0, min_per_second: 0 }"));
  RawClient client = weir.connect();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.get("/").body, "busy");
  EXPECT_EQ(one.request_count() + other.request_count(), 3U);
  const boost::json::object line = weir.access_log(3)[0];
  EXPECT_EQ(outcome_of(line.at("attempts").as_array().at(0)), "ok");
  EXPECT_EQ(outcome_of(line.at("attempts").as_array().at(1)), "budget_exhausted");
}

TEST(RetryBudget, IsNotAskedWhereNoEndpointWasReached) {
  ScriptableEndpoint good(behave::ok("good"));
  WeirProcess weir(
      with_budget({refused_address(), good.address()}, "budget: { percent: 0, min_per_second: 0 }"));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(weir.get("/").body, "good");
  EXPECT_GE(weir.metric("weir_upstream_retries_total", "outcome=\"succeeded\""), 1);
  EXPECT_EQ(weir.metric("weir_upstream_retries_total", refused_label), 0);
}

TEST(RetryBudget, TheFloorIsForTenSeconds) {
  ScriptableEndpoint bad(behave::reset()), good(behave::ok("good"));
  WeirProcess weir(
      with_budget({bad.address(), good.address()}, "budget: { percent: 0, min_per_second: 100 }"));
  RawClient client = weir.connect();
  while (bad.request_count() < 5) EXPECT_EQ(client.get("/").body, "good");
  EXPECT_EQ(weir.metric("weir_upstream_retries_total", refused_label), 0);
  const auto retries = weir.admin_json("/api/v1/upstreams").at("upstreams").at(0).at("retries");
  EXPECT_EQ(retries.at("last_10s").as_int64(), 5);
  EXPECT_EQ(retries.at("allowed").as_int64(), 1000);
}

/// Endpoints that hold every request until its wave's gate is opened, and then answer 503.
class BrownOut : public ::testing::Test {
 protected:
  BrownOut() {
    for (auto& gate : gates_) gate = std::make_shared<Gate>();
    for (int i = 0; i < 5; ++i) {
      endpoints_.push_back(std::make_unique<ScriptableEndpoint>(
          RequestBehaviour([this](EndpointConnection& connection, const Request&) {
            if (!connection.wait(*gates_[wave_])) return;
            connection.send("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
          })));
    }
  }
  ~BrownOut() override {
    for (auto& gate : gates_) gate->open();
  }

  std::vector<std::string> addresses() const {
    std::vector<std::string> found;
    found.reserve(endpoints_.size());
    for (const auto& endpoint : endpoints_) found.push_back(endpoint->address());
    return found;
  }
  std::size_t seen() const {
    std::size_t sum = 0;
    for (const auto& endpoint : endpoints_) sum += endpoint->request_count();
    return sum;
  }
  /// Answers the wave that is held, and waits until all that follows from it is held in its turn. Returns how many
  /// requests came.
  std::size_t answer_wave(const WeirProcess& weir) {
    const std::size_t before = seen();
    const std::size_t answered = wave_++;
    gates_[answered]->open();
    std::size_t after = 0;
    eventually("what is in flight is held", [&] {
      after = seen();
      return weir.metric("http_requests_in_flight") == static_cast<double>(after - before);
    });
    return after - before;
  }
  static std::int64_t spent(const WeirProcess& weir) {
    const auto upstreams = weir.admin_json("/api/v1/upstreams");
    return upstreams.at("upstreams").as_array().at(0).at("retries").at("last_10s").as_int64();
  }

  std::array<std::shared_ptr<Gate>, 4> gates_;
  std::atomic<std::size_t> wave_{0};
  std::vector<std::unique_ptr<ScriptableEndpoint>> endpoints_;
};

TEST_F(BrownOut, AddsNoMoreThanTheBudget) {
  constexpr std::size_t client_count = 64;
  constexpr std::size_t share = client_count * 20 / 100;
  WeirProcess weir(
      with_budget(addresses(), "attempts: 2, on: [503], budget: { percent: 20, min_per_second: 0 }"));
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < client_count; ++i) clients.push_back(weir.connect());
  for (RawClient& client : clients) client.send_get("/");
  eventually("all are held", [&] { return seen() == client_count; });
  EXPECT_EQ(spent(weir), 0);

  const std::size_t retries = answer_wave(weir);
  EXPECT_GE(retries, 1U);
  EXPECT_LE(retries, share);
  EXPECT_EQ(spent(weir), static_cast<std::int64_t>(retries));
  // They make no room for further ones.
  const std::size_t further = answer_wave(weir);
  EXPECT_LE(retries + further, share);
  answer_wave(weir);

  for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 503);
  EXPECT_LE(seen(), client_count + share);
  EXPECT_GE(weir.metric("weir_upstream_retries_total", refused_label),
            static_cast<double>(client_count - share));
}

TEST_F(BrownOut, OverAndOverIsCountedExactly) {
  WeirProcess weir(with_budget(addresses(), "attempts: 2, on: [503], budget: { min_per_second: 0 }"));
  for (auto& gate : gates_) gate->open();
  constexpr std::size_t client_count = 64, rounds = 20;
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < client_count; ++i) clients.push_back(weir.connect());
  for (std::size_t round = 0; round < rounds; ++round) {
    for (RawClient& client : clients) client.send_get("/");
    for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 503);
  }
  EXPECT_LE(seen(), client_count * rounds * 12 / 10);
  // Every request beyond the clients' own is a retry that was counted.
  EXPECT_EQ(static_cast<double>(seen() - client_count * rounds),
            weir.metric("weir_upstream_retries_total", "outcome=\"failed\""));
}

}  // namespace
}  // namespace weir::testing
