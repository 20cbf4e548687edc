// max_connections, the queue behind it, and max_requests: exact over all workers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

/// Of the lines that have one.
std::vector<std::string> reasons(const std::vector<boost::json::object>& lines) {
  std::vector<std::string> found;
  for (const boost::json::object& line : lines) {
    if (const boost::json::value* reason = line.if_contains("reason"))
      found.emplace_back(reason->as_string());
  }
  return found;
}

/// One endpoint that holds each request until the test lets it go on, with two places.
class Queues : public ::testing::Test {
 protected:
  ConfigText with(const std::string& app, const std::string& limit = "max_connections: 2") {
    ConfigText config = config_for("{ address: \"" + endpoint_.address() + "\", " + limit + " }");
    config.server = "workers: 2";
    config.app = app;
    return config;
  }
  RawClient asking(const WeirProcess& weir, const std::string& path = "/") {
    RawClient client = weir.connect();
    client.send_get(path);
    return client;
  }
  /// Two requests that take both places.
  std::vector<RawClient> fill(const WeirProcess& weir) {
    std::vector<RawClient> clients;
    for (std::size_t i = 0; i < 2; ++i) {
      clients.push_back(asking(weir));
      endpoint_.wait_for_requests(i + 1);
    }
    return clients;
  }
  static void wait_for_queue(const WeirProcess& weir, double length) {
    weir.wait_for_metric("weir_queue_requests", "upstream=\"app\"", length);
  }

  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  ScriptableEndpoint endpoint_{behave::gated(gate_, behave::ok())};
};

TEST_F(Queues, WithoutAQueueAFullEndpointIsAnsweredAtOnce) {
  WeirProcess weir(with(""));
  auto running = fill(weir);
  for (int i = 0; i < 6; ++i) {
    const Response refused = weir.get("/");
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.fields.get("Retry-After"), "1");
    EXPECT_THAT(refused.fields.get("Proxy-Status"), HasSubstr("error=connection_limit_reached"));
  }
  EXPECT_EQ(endpoint_.request_count(), 2U);
  EXPECT_EQ(weir.metric("weir_upstream_refused_total", "reason=\"endpoint_busy\""), 6);
  gate_->open();
  for (RawClient& client : running) EXPECT_EQ(client.read_response().status, 200);
  EXPECT_EQ(weir.get("/").status, 200);
  EXPECT_THAT(reasons(weir.access_log(9)), Contains("endpoint_busy"));
}

TEST_F(Queues, WaitingRequestsAreServedInTheEnd) {
  WeirProcess weir(with("queue: { max: 20, timeout: 60s }"));
  auto clients = fill(weir);
  for (int i = 0; i < 12; ++i) clients.push_back(asking(weir));
  wait_for_queue(weir, 12);
  EXPECT_EQ(endpoint_.request_count(), 2U);
  const auto shown = weir.admin_json("/api/v1/upstreams").at("upstreams").at(0);
  EXPECT_EQ(shown.at("queue").at("waiting"), 12);
  gate_->open();
  for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 200);
  wait_for_queue(weir, 0);
  EXPECT_EQ(weir.metric("weir_queue_total", "outcome=\"served\""), 12);
  int waited = 0;
  for (const auto& line : weir.access_log(14)) waited += line.contains("queue_ms") ? 1 : 0;
  EXPECT_EQ(waited, 12);
}

TEST_F(Queues, IsFirstComeFirstServed) {
  ConfigText config = with("queue: { max: 20, timeout: 60s }", "max_connections: 1");
  config.server = "workers: 1";
  WeirProcess weir(config);
  std::vector<RawClient> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(asking(weir, "/" + std::to_string(i)));
    if (i == 0) endpoint_.wait_for_requests(1);
    wait_for_queue(weir, i);
  }
  gate_->open();
  for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 200);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(endpoint_.request(i).target, "/" + std::to_string(i));
}

TEST_F(Queues, IsBoundedOverAllWorkers) {
  WeirProcess weir(with("queue: { max: 3, timeout: 60s }"));
  auto clients = fill(weir);
  for (int i = 0; i < 3; ++i) clients.push_back(asking(weir));
  wait_for_queue(weir, 3);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(weir.get("/").status, 503);
  EXPECT_EQ(weir.metric("weir_queue_total", "outcome=\"full\""), 5);
  gate_->open();
  for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 200);
  EXPECT_THAT(reasons(weir.access_log(10)), Contains("queue_full"));
}

TEST_F(Queues, GivesUpInTime) {
  WeirProcess weir(with("queue: { max: 3, timeout: 50ms }"));
  auto running = fill(weir);
  const Response late = weir.get("/");
  EXPECT_EQ(late.status, 503);
  EXPECT_EQ(late.fields.get("Retry-After"), "1");
  EXPECT_EQ(weir.metric("weir_queue_total", "outcome=\"timeout\""), 1);
  EXPECT_EQ(endpoint_.request_count(), 2U);
  const auto line = weir.access_log(1).front();
  EXPECT_EQ(line.at("reason"), "queue_timeout");
  EXPECT_GT(line.at("queue_ms").to_number<double>(), 0);
  gate_->open();
  for (RawClient& client : running) EXPECT_EQ(client.read_response().status, 200);
}

TEST_F(Queues, TheTotalTimeoutCountsWaiting) {
  WeirProcess weir(with("queue: { max: 3, timeout: 60s }, timeouts: { total: 60s }"));
  ConfigText config = with("queue: { max: 3, timeout: 60s }");
  auto running = fill(weir);
  config.route = "timeouts: { total: 50ms }";
  weir.reload(config);
  EXPECT_EQ(weir.get("/").status, 504);
  gate_->open();
  for (RawClient& client : running) EXPECT_EQ(client.read_response().status, 200);
}

TEST_F(Queues, AWaitThatEndsMakesRoom) {
  WeirProcess weir(with("queue: { max: 1, timeout: 60s }"));
  auto running = fill(weir);
  RawClient leaving = asking(weir);
  wait_for_queue(weir, 1);
  leaving.close();
  wait_for_queue(weir, 0);
  RawClient waiting = asking(weir);
  wait_for_queue(weir, 1);
  EXPECT_EQ(weir.metric("weir_queue_total", "outcome=\"left\""), 1);
  gate_->open();
  for (RawClient& client : running) EXPECT_EQ(client.read_response().status, 200);
  EXPECT_EQ(waiting.read_response().status, 200);
  EXPECT_EQ(endpoint_.request_count(), 3U);
}

TEST_F(Queues, ABodyWaitsWithItsRequest) {
  ScriptableEndpoint echo(behave::gated(gate_, behave::echo()));
  ConfigText config = config_for("{ address: \"" + echo.address() + "\", max_connections: 1 }");
  config.app = "queue: { max: 1, timeout: 60s }";
  WeirProcess weir(config);
  RawClient running = asking(weir);
  echo.wait_for_requests(1);
  RawClient waiting = weir.connect();
  waiting.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234");
  wait_for_queue(weir, 1);
  gate_->open();
  EXPECT_EQ(running.read_response().status, 200);
  waiting.send("56789");
  EXPECT_EQ(waiting.read_response("POST").body, "0123456789");
}

/// `app` has an endpoint that fails each request as given, and then the gated one with a single place, which a request
/// takes right away.
class QueuedRetries : public Queues {
 protected:
  static constexpr const char* busy = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";

  ConfigText failing(RequestBehaviour how, const std::string& queue, const std::string& retry = "{}") {
    broken_.behave(std::move(how));
    ConfigText config =
        config_for({broken_.address(), "{ address: \"" + endpoint_.address() + "\", max_connections: 1 }"});
    config.server = "workers: 2";
    config.app = "passive_health: { consecutive_failures: 0 }, retry: " + retry + queue;
    return config;
  }
  /// The request that has the place: whichever it tried first, it ended there.
  RawClient occupy(const WeirProcess& weir) {
    RawClient running = asking(weir);
    endpoint_.wait_for_requests(1);
    return running;
  }

  ScriptableEndpoint broken_{behave::reset()};
};

TEST_F(QueuedRetries, ARetryWaitsForAnEndpointThatItDidNotTry) {
  WeirProcess weir(failing(behave::reset(), ", queue: { max: 5, timeout: 60s }"));
  RawClient running = occupy(weir);
  const std::size_t before = broken_.request_count();
  RawClient waiting = asking(weir);
  wait_for_queue(weir, 1);
  EXPECT_EQ(broken_.request_count(), before + 1);
  gate_->open();
  EXPECT_EQ(running.read_response().status, 200);
  EXPECT_EQ(waiting.read_response().status, 200);
  EXPECT_EQ(broken_.request_count(), before + 1) << "the one that it tried has room all the time";
  const auto lines = weir.access_log(2);
  const auto& line = lines[lines.back().contains("queue_ms") ? 1 : 0];  // two workers: either may be the last
  EXPECT_EQ(line.at("attempts").as_array().size(), 2U);
  EXPECT_TRUE(line.contains("queue_ms"));
  EXPECT_EQ(weir.metric("weir_queue_total", "outcome=\"served\""), 1);
}

TEST_F(QueuedRetries, ARetryWaitsNoLongerThanTheQueueAllows) {
  WeirProcess weir(failing(behave::reset(), ", queue: { max: 5, timeout: 50ms }"));
  RawClient running = occupy(weir);
  EXPECT_EQ(weir.get("/").status, 503);
  EXPECT_EQ(weir.access_log(1).front().at("reason"), "queue_timeout");
  gate_->open();
  EXPECT_EQ(running.read_response().status, 200);
}

TEST_F(QueuedRetries, AResponseIsPassedOnWhereNoOtherHasRoom) {
  WeirProcess weir(failing(behave::respond(busy), "", "{ on: [503] }"));
  RawClient running = occupy(weir);
  const Response response = weir.get("/");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "busy");
  const auto line = weir.access_log(1).front();
  EXPECT_EQ(line.at("attempts").as_array().back().at("outcome"), "endpoint_busy");
  EXPECT_EQ(weir.metric("weir_upstream_retries_total", "outcome=\"endpoint_busy\""), 1);
  gate_->open();
  EXPECT_EQ(running.read_response().status, 200);
  EXPECT_EQ(endpoint_.request_count(), 1U);
}

TEST_F(QueuedRetries, AResponseIsPassedOnWhereTheQueueIsFull) {
  WeirProcess weir(failing(behave::respond(busy), ", queue: { max: 1, timeout: 60s }", "{ on: [503] }"));
  RawClient running = occupy(weir);
  RawClient waiting = asking(weir);
  wait_for_queue(weir, 1);
  EXPECT_EQ(weir.get("/").body, "busy");
  gate_->open();
  EXPECT_EQ(running.read_response().status, 200);
  EXPECT_EQ(waiting.read_response().status, 200) << "its first response was given up for the queue";
  EXPECT_EQ(endpoint_.request_count(), 2U);
}

/// Its other endpoint is full, so the one with the stale connection is asked again, on a new one.
TEST_F(Queues, AStaleConnectionWithoutRoomElsewhereIsReplaced) {
  ScriptableEndpoint closing(behave::sequence({behave::ok(), behave::close(), behave::ok("again")}));
  ConfigText config = config_for(
      {closing.address(), "{ address: \"" + endpoint_.address() + "\", max_connections: 1, weight: 100 }"});
  config.server = "workers: 1";
  WeirProcess weir(config);
  RawClient running = asking(weir);
  endpoint_.wait_for_requests(1);
  EXPECT_EQ(weir.get("/").status, 200);
  EXPECT_EQ(weir.get("/").body, "again");
  gate_->open();
  EXPECT_EQ(running.read_response().status, 200);
}

TEST_F(Queues, ANewGenerationIsNotHeldUpByAnOldOne) {
  const auto second_gate = std::make_shared<Gate>();
  ScriptableEndpoint second(behave::gated(second_gate, behave::ok("second")));
  WeirProcess weir(with("queue: { max: 5, timeout: 60s }"));
  auto running = fill(weir);
  RawClient old = asking(weir);
  wait_for_queue(weir, 1);
  ConfigText both = config_for({"{ address: \"" + endpoint_.address() + "\", max_connections: 2 }",
                                "{ address: \"" + second.address() + "\", max_connections: 1 }"});
  both.server = "workers: 2";
  both.app = "queue: { max: 5, timeout: 60s }";
  weir.reload(both);
  RawClient first = asking(weir);
  second.wait_for_requests(1);
  RawClient waiting = asking(weir);
  wait_for_queue(weir, 2);
  second_gate->open();
  EXPECT_EQ(first.read_response().body, "second");
  EXPECT_EQ(waiting.read_response().body, "second");
  EXPECT_EQ(weir.get("/").body, "second");
  EXPECT_EQ(weir.metric("weir_queue_requests", "upstream=\"app\""), 1) << "the old one waits on";
  gate_->open();
  for (RawClient& client : running) EXPECT_EQ(client.read_response().status, 200);
  EXPECT_EQ(old.read_response().status, 200);
}

TEST_F(Queues, AWaitInVainEndsWith503) {
  WeirProcess weir(with("queue: { max: 5, timeout: 60s }"));
  auto running = fill(weir);
  std::vector<RawClient> waiting;
  waiting.reserve(3);
  for (int i = 0; i < 3; ++i) waiting.push_back(asking(weir));
  wait_for_queue(weir, 3);
  RawClient admin(weir.admin_port());
  const std::string body = R"({"state": "drain", "reason": "new kernel"})";
  admin.send("PUT /api/v1/upstreams/app/endpoints/" + endpoint_.address() +
             " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
             body);
  EXPECT_EQ(admin.read_response("PUT").status, 200);
  for (RawClient& client : waiting) {
    const Response response = client.read_response();
    EXPECT_EQ(response.status, 503);
    EXPECT_THAT(response.fields.get("Proxy-Status"), HasSubstr("operators took every endpoint out of use"));
  }
  EXPECT_EQ(weir.metric("weir_queue_total", "outcome=\"no_endpoint\""), 3);
  gate_->open();
  for (RawClient& client : running) EXPECT_EQ(client.read_response().status, 200);
}

TEST_F(Queues, NewRequestsLeaveTheLastPlacesToRetries) {
  ConfigText config = with("queue: { max: 6, timeout: 60s }");
  config.server = "workers: 2, overload: { start_percent: 50 }";
  WeirProcess weir(config);
  auto clients = fill(weir);
  for (int i = 0; i < 3; ++i) clients.push_back(asking(weir));
  wait_for_queue(weir, 3);
  for (int i = 0; i < 4; ++i) {
    const Response shed = weir.get("/");
    EXPECT_EQ(shed.status, 503);
    EXPECT_EQ(shed.fields.get("Retry-After"), "1");
  }
  EXPECT_EQ(weir.metric("weir_queue_total", "outcome=\"shed\""), 4);
  EXPECT_EQ(weir.metric("weir_queue_total", "outcome=\"full\""), 0);
  EXPECT_EQ(weir.metric("weir_overload_shed_total", "reason=\"queue\",what=\"new_request\""), 4);
  gate_->open();
  for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 200);
}

TEST_F(Queues, AReloadThatMakesRoomIsNoticed) {
  WeirProcess weir(with("queue: { max: 5, timeout: 60s }"));
  auto running = fill(weir);
  weir.reload(with("queue: { max: 5, timeout: 60s }, max_requests: 3"));
  RawClient waiting = asking(weir);
  wait_for_queue(weir, 1);
  gate_->open();
  for (RawClient& client : running) EXPECT_EQ(client.read_response().status, 200);
  EXPECT_EQ(waiting.read_response().status, 200);
}

TEST_F(Queues, ADrainLetsWaitingRequestsFinish) {
  WeirProcess weir(with("queue: { max: 5, timeout: 60s }"));
  auto clients = fill(weir);
  clients.push_back(asking(weir));
  wait_for_queue(weir, 1);
  weir.signal(SIGTERM);
  gate_->open();
  for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 200);
  EXPECT_EQ(weir.process().wait_exit(), (ExitStatus{0, 0}));
}

TEST_F(Queues, TheShutdownTimeoutEndsTheWait) {
  ConfigText config = with("queue: { max: 5, timeout: 60s }");
  config.server = "workers: 2, shutdown_timeout: 100ms";
  WeirProcess weir(config);
  auto clients = fill(weir);
  clients.push_back(asking(weir));
  wait_for_queue(weir, 1);
  EXPECT_EQ(weir.stop_busy(), (ExitStatus{0, 0}));
  gate_->open();
}

/// Sixteen clients, three places, two workers: none is lost, none gets more than its place.
TEST(QueueUnderLoad, PlacesAreNeverExceededAndNoWaitIsLost) {
  std::atomic<int> now{0}, most{0};
  const auto count = [&](EndpointConnection& connection, const Request&) {
    const int running = ++now;
    int seen = most;
    while (running > seen && !most.compare_exchange_weak(seen, running)) {
    }
    connection.pause(std::chrono::milliseconds(1));
    --now;
    connection.send(behave::ok_message("ok"));
  };
  ScriptableEndpoint one(RequestBehaviour{count});
  ConfigText config = config_for("{ address: \"" + one.address() + "\", max_connections: 3 }");
  config.server = "workers: 2";
  config.app = "queue: { max: 100, timeout: 60s }";
  WeirProcess weir(config);
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  clients.reserve(16);
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&] {
      RawClient client = weir.connect();
      for (int request = 0; request < 60; ++request) answered += client.get("/").status == 200 ? 1 : 0;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, 960);
  EXPECT_LE(most, 3);
  EXPECT_GT(weir.metric("weir_queue_total", "outcome=\"served\""), 0);
  EXPECT_EQ(weir.metric("weir_queue_total", "outcome=\"timeout\""), 0);
  weir.wait_for_metric("weir_upstream_in_flight", "upstream=\"app\"", 0);
}

TEST_F(Queues, MaxRequestsIsExact) {
  WeirProcess weir(with("max_requests: 2", "max_connections: 0"));
  auto running = fill(weir);
  for (int i = 0; i < 6; ++i) {
    const Response refused = weir.get("/");
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.fields.get("Retry-After"), "1");
    EXPECT_THAT(refused.fields.get("Proxy-Status"), HasSubstr("error=connection_limit_reached"));
  }
  EXPECT_EQ(weir.metric("weir_upstream_refused_total", "reason=\"max_requests\""), 6);
  const auto places_taken = [&] {
    return weir.admin_json("/api/v1/upstreams").at("upstreams").at(0).at("requests").at("running");
  };
  EXPECT_EQ(places_taken(), 2);
  gate_->open();
  for (RawClient& client : running) EXPECT_EQ(client.read_response().status, 200);
  // The reader of an answer may be quicker than the worker that notes its end.
  eventually("the places are free", [&] { return places_taken() == 0; });
  EXPECT_EQ(weir.get("/").status, 200);
  EXPECT_THAT(reasons(weir.access_log(9)), Contains("max_requests"));
}

}  // namespace
}  // namespace weir::testing
