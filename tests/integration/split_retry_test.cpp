// A request that its side of a split does not answer gets a try on another side.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

class SplitRetry : public ::testing::Test {
 protected:
  /// One instance is blue's, two are green's.
  ConfigText config(const std::string& green_keys = "", int blue_weight = 1, int green_weight = 1,
                    const std::string& split_keys = "") const {
    ConfigText made = config_for(blue.address());
    made.upstreams = {"green: { endpoints: [ \"" + green.address() + "\", \"" + second_green.address() +
                      "\" ]" + green_keys + " }"};
    made.default_route = false;
    made.routes = {
        "{ name: api, split: { targets: [ { upstream: app, weight: " + std::to_string(blue_weight) +
        " }, { upstream: green, weight: " + std::to_string(green_weight) + " } ]" + split_keys + " } }"};
    return made;
  }
  void kill_green() {
    green.stop();
    second_green.stop();
  }

  ScriptableEndpoint blue{behave::ok("blue")};
  ScriptableEndpoint green{behave::ok("green")}, second_green{behave::ok("green")};
};

TEST_F(SplitRetry, NoClientSeesThatAllInstancesOfASideDied) {
  WeirProcess weir(config(", passive_health: { ejection_time: 100ms, max_ejection_time: 100ms }"));
  RawClient client = weir.connect();
  int from_green = 0;
  for (int i = 0; i < 40; ++i) from_green += client.get("/").body == "green" ? 1 : 0;
  EXPECT_EQ(from_green, 20);
  kill_green();
  // Before green is out, while it is, and when a request tries it again, which one does each 100 ms.
  const auto until = std::chrono::steady_clock::now() + 600ms;
  for (int i = 0; i < 200 || std::chrono::steady_clock::now() < until; ++i) {
    const Response response = client.get("/");
    ASSERT_EQ(response.status, 200) << i;
    ASSERT_EQ(response.body, "blue") << i;
  }
}

TEST_F(SplitRetry, IsAFailoverInTheLogAndLeavesItsTriesThere) {
  WeirProcess weir(config("", 1, 999));
  kill_green();
  ASSERT_EQ(weir.get("/").status, 200);
  const auto line = weir.access_log(1)[0];
  EXPECT_EQ(line.at("upstream"), "app");
  EXPECT_EQ(line.at("split").at("target"), "app");
  EXPECT_EQ(line.at("split").at("why"), "failover");
  const auto& attempts = line.at("attempts").as_array();
  ASSERT_EQ(attempts.size(), 3U) << "both of green, then blue";
  EXPECT_EQ(attempts[0].at("outcome"), "connect_refused");
  EXPECT_EQ(attempts[1].at("outcome"), "connect_refused");
  EXPECT_EQ(attempts[2].at("outcome"), "ok");
}

TEST_F(SplitRetry, TakesTheBodyAlongWhereNothingOfItWasSent) {
  WeirProcess weir(config("", 1, 999));
  kill_green();
  blue.behave(behave::echo());
  EXPECT_EQ(weir.connect().exchange("POST", "/", "abc").body, "abc");
}

TEST_F(SplitRetry, IsNotForWhatMayHaveBeenDone) {
  WeirProcess weir(config("", 1, 999));
  green.behave(behave::reset());
  second_green.behave(behave::reset());
  EXPECT_EQ(weir.connect().exchange("POST", "/", "abc").status, 502);
  EXPECT_EQ(blue.request_count(), 0U);
  EXPECT_EQ(weir.get("/").body, "blue") << "a GET may be sent again";
}

TEST_F(SplitRetry, AResponseStaysWithItsSide) {
  WeirProcess weir(config(", retry: { on: [\"503\"] }", 1, 999));
  green.behave(behave::status(503));
  second_green.behave(behave::status(503));
  EXPECT_EQ(weir.get("/").status, 503);
  EXPECT_EQ(blue.request_count(), 0U);
}

TEST_F(SplitRetry, ASideWithoutAWeightGetsNothing) {
  WeirProcess weir(config("", 0, 1));
  kill_green();
  EXPECT_EQ(weir.get("/").status, 502);
  EXPECT_EQ(blue.request_count(), 0U);
}

TEST_F(SplitRetry, WithoutRetriesThereIsNoOtherSide) {
  WeirProcess weir(config(", retry: { attempts: 0 }", 1, 999));
  kill_green();
  EXPECT_EQ(weir.get("/").status, 502);
  EXPECT_EQ(blue.request_count(), 0U);
}

TEST_F(SplitRetry, AClientThatIsKeptStaysWhereItBelongs) {
  WeirProcess weir(config("", 1, 999, ", affinity: { by: cookie }"));
  kill_green();
  const Response first = weir.get("/");
  EXPECT_EQ(first.body, "blue");
  EXPECT_THAT(first.fields.get("Set-Cookie"), HasSubstr(":green")) << "its side may come back";
}

TEST_F(SplitRetry, ASideThatIsFullTakesNoMore) {
  auto gate = std::make_shared<Gate>();
  blue.behave(behave::gated(gate, behave::ok("blue")));
  ConfigText text = config("", 1, 1);
  text.app = "max_requests: 1";
  WeirProcess weir(text);
  std::vector<RawClient> clients;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(weir.connect());
    clients.back().send_get("/");
  }
  blue.wait_for_requests(1);
  eventually("green has one", [&] { return green.request_count() + second_green.request_count() == 1; });
  kill_green();
  RawClient refused = weir.connect();
  EXPECT_GE(refused.get("/").status, 502);
  EXPECT_GE(refused.get("/").status, 502);
  gate->open();
  EXPECT_EQ(clients[0].read_response().status, 200);
  EXPECT_EQ(clients[1].read_response().status, 200);
  EXPECT_EQ(weir.get("/").status, 200);
}

}  // namespace
}  // namespace weir::testing
