// What copies of requests leave in metrics.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "observe/collector.hpp"
#include "route/mirror.hpp"

namespace weir::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MirrorMetrics, EveryOutcomeOverAllWorkers) {
  NameTable names;
  const NameId api = names.intern("api"), green = names.intern("green");
  const auto index = [](route::MirrorOutcome outcome) { return static_cast<std::size_t>(outcome); };
  WorkerMetrics one, two;
  one.mirrored(api, green).by_outcome[index(route::MirrorOutcome::answered)] = 2;
  two.mirrored(api, green).by_outcome[index(route::MirrorOutcome::answered)] = 3;
  two.mirrored(api, green).by_outcome[index(route::MirrorOutcome::skipped_busy)] = 1;
  one.merge(two);
  const std::string text = metrics_text(one, names, {});
  const std::string series = R"(weir_mirror_requests_total{route="api",upstream="green",outcome=)";
  EXPECT_THAT(text, HasSubstr(series + "\"answered\"} 5\n"));
  EXPECT_THAT(text, HasSubstr(series + "\"failed\"} 0\n"));
  EXPECT_THAT(text, HasSubstr(series + "\"skipped_body\"} 0\n"));
  EXPECT_THAT(text, HasSubstr(series + "\"skipped_busy\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(series + "\"skipped_incomplete\"} 0\n"));
}

TEST(MirrorMetrics, CallsOfGrpcByTheirStatus) {
  NameTable names;
  const NameId api = names.intern("api"), green = names.intern("green");
  WorkerMetrics one, two;
  one.mirrored(api, green).grpc.add(grpc::Status::unavailable);
  two.mirrored(api, green).grpc.add(grpc::Status::unavailable);
  two.mirrored(api, green).grpc.add(std::nullopt);
  one.merge(two);
  const std::string text = metrics_text(one, names, {});
  const std::string series = R"(weir_mirror_grpc_requests_total{route="api",upstream="green",grpc_status=)";
  EXPECT_THAT(text, HasSubstr(series + "\"unavailable\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(series + "\"none\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr(series + "\"ok\"}")));
  EXPECT_THAT(text, Not(HasSubstr("weir_grpc_requests_total{"))) << "these are what clients got";
}

TEST(MirrorMetrics, NothingWithoutAMirror) {
  EXPECT_THAT(metrics_text({}, {}, {}), Not(HasSubstr("weir_mirror_requests_total{")));
}

}  // namespace
}  // namespace weir::observe
