// Calls and requests over HTTP/2 on both sides while Weir changes: reloads, weights set at run time, a drain. None of
// them fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <vector>

#include "integration/grpc_rig.hpp"
#include "support/steady_load.hpp"

namespace weir::testing {
namespace {

constexpr ExitStatus exited_well{0, 0};

/// Calls and GETs, several at once on a connection that is kept for a while.
void ask(SteadyLoad& load, std::uint16_t port) {
  constexpr int rounds_a_connection = 50;
  constexpr int streams_a_round = 8;
  Http2Client client(port);
  for (int round = 0; round < rounds_a_connection && !load.stopped(); ++round) {
    std::vector<std::uint32_t> calls, gets;
    for (int i = 0; i < streams_a_round; ++i) {
      calls.push_back(client.start_request(client.fields_of("POST", grpc_path, grpc::call_fields()), false));
      client.send_data(calls.back(), grpc::message("one"), false);
      gets.push_back(client.start_get("/bytes/20000"));
    }
    for (const std::uint32_t call : calls) client.send_data(call, grpc::message("two"));
    for (const std::uint32_t call : calls) load.count(grpc_status_of(client.wait_end(call)) == "0");
    for (const std::uint32_t get : gets) load.count(client.wait_end(get).body.size() == 20'000);
  }
}

/// Calls of gRPC are echoed, GETs answered by their path.
Http2Script mixed() {
  const Http2Script calls = grpc::echo(), gets = scripts::by_path();
  Http2Script script;
  script.head = [=](const Http2EndpointStream& stream) {
    if (stream.request().method == "POST") calls.head(stream);
  };
  script.data = calls.data;
  script.end = [=](const Http2EndpointStream& stream) {
    (stream.request().method == "POST" ? calls : gets).end(stream);
  };
  return script;
}

class GrpcTraffic : public GrpcRig {
 protected:
  GrpcTraffic() : GrpcRig(mixed()) {}

  /// Upstreams `app` and `green`, and a route `api` with weights for them. `step` makes one that differs.
  ConfigText config(int step = 0) const {
    ConfigText made = h2c_config({endpoint_.address()});
    made.server = "workers: 2, shutdown_timeout: 10s";
    made.upstreams = {"green: { endpoints: [ \"" + green_.address() + "\" ], protocol: h2c }"};
    made.default_route = false;
    made.routes = {
        "{ name: api, max_in_flight: " + std::to_string(10'000 + step) +
        ", split: { targets: [ { upstream: app, weight: 100 }, { upstream: green, weight: 0 } ] } }"};
    return made;
  }
  void set_weights(int app) const {
    ProcessOptions options;
    options.arguments = {"split",
                         "set",
                         "api",
                         "app=" + std::to_string(app),
                         "green=" + std::to_string(100 - app),
                         "--reason",
                         "step",
                         "--admin",
                         "127.0.0.1:" + std::to_string(weir_->admin_port())};
    const Finished set = run_to_end(weir_binary(), options);
    ASSERT_EQ(set.status, exited_well) << set.errors;
  }

  Http2Endpoint green_{mixed()};
};

TEST_F(GrpcTraffic, WeightsSetUnderLoadLoseNoStream) {
  start(config());
  SteadyLoad load(3, [port = weir_->port()](SteadyLoad& it) { ask(it, port); });
  eventually("the load runs", [&] { return load.answered() > 100; });
  for (int step = 1; step <= 20; ++step) {
    const int before = load.answered();
    set_weights(step % 2 == 1 ? 0 : 50);
    eventually("it goes on", [&] { return load.answered() > before + 20 || load.failed() > 0; });
  }
  load.stop();
  EXPECT_EQ(load.failed(), 0);
  EXPECT_GT(green_.request_count(), 100U);
  EXPECT_EQ(failures(), 0);
}

TEST_F(GrpcTraffic, ReloadsUnderLoadLoseNoStream) {
  start(config());
  Http2Client client = this->client();
  const std::uint32_t stream = start_call(client);
  client.send_data(stream, grpc::message("begin"), false);
  client.wait_body(stream, grpc::message("begin").size());
  SteadyLoad load(3, [port = weir_->port()](SteadyLoad& it) { ask(it, port); });
  eventually("the load runs", [&] { return load.answered() > 100; });
  for (int step = 1; step <= 20; ++step) {
    const int before = load.answered();
    weir_->write_config(config(step).yaml());
    ASSERT_EQ(weir_->admin("/api/v1/reload", "POST").status, 200);
    eventually("it goes on", [&] { return load.answered() > before + 20 || load.failed() > 0; });
  }
  load.stop();
  EXPECT_EQ(load.failed(), 0);
  client.send_data(stream, grpc::message("end"));
  const Http2Response& response = client.wait_end(stream);
  EXPECT_THAT(grpc::messages(response.body), ::testing::ElementsAre("begin", "end"))
      << "it was there all the time";
  EXPECT_EQ(grpc_status_of(response), "0");
}

/// Streams that began before GOAWAY, or that it covers, end well; a call that runs for long does, too.
TEST_F(GrpcTraffic, ADrainEndsNoCall) {
  start(config());
  Http2Client client = this->client();
  std::vector<std::uint32_t> calls;
  for (int i = 0; i < 20; ++i) {
    calls.push_back(start_call(client));
    client.send_data(calls.back(), grpc::message("begin"), false);
  }
  for (const std::uint32_t call : calls) client.wait_body(call, grpc::message("begin").size());
  weir_->signal(SIGTERM);
  client.wait_goaway(2);
  for (const std::uint32_t call : calls) client.send_data(call, grpc::message("end"));
  for (const std::uint32_t call : calls) EXPECT_EQ(grpc_status_of(client.wait_end(call)), "0");
  EXPECT_EQ(weir_->process().wait_exit(), exited_well);
}

}  // namespace
}  // namespace weir::testing
