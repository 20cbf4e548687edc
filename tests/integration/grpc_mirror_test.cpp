// Copies of gRPC calls: judged by the status that they end with, as calls are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/grpc_rig.hpp"

namespace weir::testing {
namespace {

using Stream = Http2EndpointStream;

class GrpcMirror : public GrpcRig {
 protected:
  GrpcMirror() {
    ConfigText config = h2c_config({endpoint_.address()});
    config.upstreams = {
        "green: { endpoints: [ \"" + green_.address() + "\", \"" + other_.address() +
        "\" ], protocol: h2c, passive_health: { consecutive_failures: 3, ejection_time: 1h } }"};
    config.route = "mirror: { upstream: green, percent: 100 }";
    start(config);
  }
  double copies(const std::string& status) const {
    return weir_->metric("weir_mirror_grpc_requests_total", "grpc_status=\"" + status + "\"");
  }

  Http2Endpoint green_{grpc::unary("green")}, other_{grpc::unary("other")};
};

TEST_F(GrpcMirror, CopiesAreCountedByTheirStatus) {
  for (Http2Endpoint* const each : {&green_, &other_}) each->behave(grpc::unary("copy", 5));
  EXPECT_EQ(grpc_status_of(call()), "0");
  weir_->wait_for_metric("weir_mirror_grpc_requests_total", "grpc_status=\"not_found\"", 1);
  for (Http2Endpoint* const each : {&green_, &other_}) each->behave(grpc::trailers_only(7));
  call();
  weir_->wait_for_metric("weir_mirror_grpc_requests_total", "grpc_status=\"permission_denied\"", 1);
  for (Http2Endpoint* const each : {&green_, &other_}) each->behave(scripts::ok("no gRPC"));
  call();
  weir_->wait_for_metric("weir_mirror_grpc_requests_total", "grpc_status=\"none\"", 1);
  EXPECT_EQ(weir_->metric("weir_mirror_requests_total", "outcome=\"answered\""), 3);
  EXPECT_EQ(calls("ok"), 3) << "what clients got";
  EXPECT_EQ(weir_->metric("weir_grpc_requests_total"), 3);
}

TEST_F(GrpcMirror, OtherCopiesAreNotCountedThere) {
  get("/not/grpc");
  weir_->wait_for_metric("weir_mirror_requests_total", "outcome=\"answered\"", 1);
  EXPECT_EQ(weir_->metric("weir_mirror_grpc_requests_total"), 0);
}

TEST_F(GrpcMirror, UnavailableTakesAnEndpointOut) {
  green_.behave(grpc::unary("beginning", 14));
  for (int i = 1; i <= 12; ++i) {
    call();
    weir_->wait_for_metric("weir_mirror_requests_total", "outcome=\"answered\"", i);
  }
  EXPECT_EQ(copies("unavailable"), 3);
  EXPECT_EQ(weir_->metric("weir_endpoint_up", "endpoint=\"" + green_.address() + "\""), 0);
  EXPECT_EQ(weir_->metric("weir_upstream_failures_total", "kind=\"grpc_unavailable\""), 3);
}

/// Tries of the original are none of the copy's (gRFC A6), which is sent when the last of them has the whole request.
TEST_F(GrpcMirror, ACopyCountsNoTriesOfItsOriginal) {
  const std::string name = "grpc-previous-rpc-attempts";
  Http2Endpoint second(grpc::unary("second"));
  ConfigText config = h2c_config({endpoint_.address(), second.address()},
                                 "balance: round_robin, passive_health: { consecutive_failures: 0 }, "
                                 "retry: { attempts: 1, on: [ grpc_unavailable ] }");
  config.upstreams = {"green: { endpoints: [ \"" + green_.address() + "\" ], protocol: h2c }"};
  config.route = "mirror: { upstream: green, percent: 100 }";
  start(config);
  Http2Script refuses;
  refuses.head = [](const Stream& stream) {
    h2::FieldLines lines = grpc::head();
    lines.emplace_back("grpc-status", "14");
    stream.head(lines, true);
    stream.reset(h2::no_error);
  };
  endpoint_.behave(refuses);
  std::vector<std::string> tried, copied;
  for (std::size_t i = 0; i < 4; ++i) {
    const h2::FieldLines given = i < 2 ? h2::FieldLines{} : h2::FieldLines{{name, "3"}};
    Http2Client client = this->client();
    const std::uint32_t call = start_call(client, given);
    second.wait_for_requests(i + 1);  // the last try runs
    client.send_data(call, grpc::message("hello"));
    EXPECT_EQ(grpc_status_of(client.wait_end(call)), "0");
    green_.wait_for_requests(i + 1);
    tried.push_back(second.request(i).fields.get(name));
    copied.push_back(green_.request(i).fields.get(name));
    EXPECT_LE(green_.request(i).fields.values(name).size(), 1U);
  }
  EXPECT_THAT(tried, ::testing::Contains(::testing::AnyOf("1", "4"))) << "some were retries";
  EXPECT_THAT(copied, ::testing::ElementsAre("", "", "3", "3"));
}

/// A copy that is cut, or gets no answer, ends with the status that Weir would have answered.
TEST_F(GrpcMirror, CopiesThatFailHaveAStatusToo) {
  for (Http2Endpoint* const each : {&green_, &other_}) each->behave(scripts::reset(h2::cancel));
  for (int i = 0; i < 12; ++i) call();
  weir_->wait_for_metric("weir_mirror_grpc_requests_total", "grpc_status=\"cancelled\"", 12);
  EXPECT_EQ(weir_->metric("weir_endpoint_up", "endpoint=\"" + green_.address() + "\""), 1);
}

}  // namespace
}  // namespace weir::testing
