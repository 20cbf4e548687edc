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

/// A copy that is cut, or gets no answer, ends with the status that Weir would have answered.
TEST_F(GrpcMirror, CopiesThatFailHaveAStatusToo) {
  for (Http2Endpoint* const each : {&green_, &other_}) each->behave(scripts::reset(h2::cancel));
  for (int i = 0; i < 12; ++i) call();
  weir_->wait_for_metric("weir_mirror_grpc_requests_total", "grpc_status=\"cancelled\"", 12);
  EXPECT_EQ(weir_->metric("weir_endpoint_up", "endpoint=\"" + green_.address() + "\""), 1);
}

}  // namespace
}  // namespace weir::testing
