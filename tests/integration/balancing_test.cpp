// Which endpoint gets a request: exact least connections over all workers, weights, round robin.
#include <gtest/gtest.h>

#include <map>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

/// A few endpoints that hold every request until their gate opens.
struct Held {
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  ScriptableEndpoint endpoint{behave::gated(gate, behave::ok())};
};

TEST(Balancing, LeastConnectionsIsExactOverAllWorkers) {
  Held a, b, c;
  ConfigText config = config_for({a.endpoint.address(), b.endpoint.address(), c.endpoint.address()});
  config.server = "workers: 4";
  WeirProcess weir(config);
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < 30; ++i) {
    clients.push_back(weir.connect());
    clients.back().send_get("/");
    const std::size_t seen = i + 1;
    eventually("the request arrives", [&] {
      return a.endpoint.request_count() + b.endpoint.request_count() + c.endpoint.request_count() == seen;
    });
  }
  EXPECT_EQ(a.endpoint.request_count(), 10U);
  EXPECT_EQ(b.endpoint.request_count(), 10U);
  EXPECT_EQ(c.endpoint.request_count(), 10U);
  for (Held* each : {&a, &b, &c}) each->gate->open();
  for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 200);
}

TEST(Balancing, LeastConnectionsFollowsWeights) {
  Held light, heavy;
  WeirProcess weir(config_for({"{ address: \"" + light.endpoint.address() + "\", weight: 1 }",
                               "{ address: \"" + heavy.endpoint.address() + "\", weight: 3 }"}));
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < 20; ++i) {
    clients.push_back(weir.connect());
    clients.back().send_get("/");
    eventually("the request arrives",
               [&] { return light.endpoint.request_count() + heavy.endpoint.request_count() == i + 1; });
  }
  EXPECT_EQ(light.endpoint.request_count(), 5U);
  EXPECT_EQ(heavy.endpoint.request_count(), 15U);
  light.gate->open();
  heavy.gate->open();
  for (RawClient& client : clients) EXPECT_EQ(client.read_response().status, 200);
}

// One request at a time, over two workers: the lighter one is not forgotten. A request may still count for a moment
// after its answer, so the shares are not exact here.
TEST(Balancing, LeastConnectionsFollowsWeightsAtLowLoad) {
  ScriptableEndpoint light(behave::ok("light")), heavy(behave::ok("heavy"));
  ConfigText config = config_for({"{ address: \"" + light.address() + "\", weight: 1 }",
                                  "{ address: \"" + heavy.address() + "\", weight: 3 }"});
  config.server = "workers: 2";
  WeirProcess weir(config);
  for (int i = 0; i < 80; ++i) EXPECT_EQ(weir.get("/").status, 200);
  EXPECT_GE(light.request_count(), 10U);
  EXPECT_LE(light.request_count(), 30U);
}

TEST(Balancing, LeastConnectionsAvoidsTheBusyEndpoint) {
  Held busy;
  ScriptableEndpoint idle(behave::ok("idle"));
  WeirProcess weir(config_for({busy.endpoint.address(), idle.address()}));
  RawClient waiting = weir.connect();
  RawClient other = weir.connect();
  // One request ends up at the busy endpoint and stays there; all others then go to the idle one.
  waiting.send_get("/");
  eventually("the request arrives",
             [&] { return busy.endpoint.request_count() + idle.request_count() == 1; });
  if (busy.endpoint.request_count() == 0) {
    waiting.read_response();
    waiting.send_get("/");
    busy.endpoint.wait_for_requests(1);
  }
  for (int i = 0; i < 10; ++i) EXPECT_EQ(other.get("/").body, "idle");
  EXPECT_EQ(busy.endpoint.request_count(), 1U);
  busy.gate->open();
  EXPECT_EQ(waiting.read_response().status, 200);
}

TEST(Balancing, TiesRotate) {
  OriginProcess one("one"), two("two");
  ConfigText config = config_for({one.address(), two.address()});
  config.server = "workers: 1";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  std::map<std::string, int> answers;
  for (int i = 0; i < 20; ++i) ++answers[origin_name(client.get("/"))];
  EXPECT_EQ(answers["one"], 10);
  EXPECT_EQ(answers["two"], 10);
}

TEST(Balancing, RoundRobinTakesTurnsByWeight) {
  OriginProcess one("one"), two("two");
  ConfigText config = config_for({"{ address: \"" + one.address() + "\", weight: 1 }",
                                  "{ address: \"" + two.address() + "\", weight: 2 }"});
  config.app = "balance: round_robin";
  config.server = "workers: 1";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  std::map<std::string, int> answers;
  for (int i = 0; i < 30; ++i) ++answers[origin_name(client.get("/"))];
  EXPECT_EQ(answers["one"], 10);
  EXPECT_EQ(answers["two"], 20);
}

TEST(Balancing, NamesAreResolved) {
  OriginProcess origin("resolved");
  WeirProcess weir(config_for("localhost:" + std::to_string(origin.port())));
  eventually("the name is resolved", [&] { return weir.get("/").status == 200; });
}

TEST(Balancing, StartsWithANameThatDoesNotResolve) {
  WeirProcess weir(config_for("does-not-exist.invalid:80"));
  const Response response = weir.get("/");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(weir.stop(), (ExitStatus{0, 0}));
}

}  // namespace
}  // namespace weir::testing
