// What calls of gRPC leave in metrics and the access log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "observe/access_log.hpp"
#include "observe/collector.hpp"
#include "observe/series_life.hpp"

namespace weir::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(GrpcMetrics, CountsTheStatusesOverAllWorkers) {
  NameTable names;
  const NameId api = names.intern("api"), blue = names.intern("blue");
  WorkerMetrics one, two;
  one.grpc_finished(api, blue, grpc::Status::ok);
  two.grpc_finished(api, blue, grpc::Status::ok);
  two.grpc_finished(api, blue, grpc::Status::deadline_exceeded);
  two.grpc_finished(api, blue, std::nullopt);
  one.grpc_finished(no_name, no_name, grpc::Status::unimplemented);
  one.merge(two);
  const std::string text = metrics_text(one, names, {});
  const std::string series = R"(weir_grpc_requests_total{route="api",upstream="blue",grpc_status=)";
  EXPECT_THAT(text, HasSubstr(series + "\"ok\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(series + "\"deadline_exceeded\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(series + "\"none\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("\"unavailable\"")));
  EXPECT_THAT(text,
              HasSubstr(R"(weir_grpc_requests_total{route="",upstream="",grpc_status="unimplemented"} 1)"));
}

TEST(GrpcMetrics, NothingWithoutACall) {
  EXPECT_THAT(metrics_text({}, {}, {}), Not(HasSubstr("weir_grpc_requests_total{")));
}

TEST(GrpcMetrics, GoWithTheirNames) {
  WorkerMetrics metrics;
  metrics.grpc_finished(1, 2, grpc::Status::ok);
  metrics.grpc_finished(3, 4, grpc::Status::ok);
  std::vector<bool> gone(5, false);
  gone[2] = true;
  std::vector<NameId> busy;
  WorkerMetrics::Walk walk;
  EXPECT_TRUE(metrics.forget_some(gone, busy, walk, 1000));
  EXPECT_EQ(metrics.grpc_calls.size(), 1U);

  SeriesLife life;
  NamesInUse in_use;
  in_use.routes = {3};
  in_use.upstreams = {4};
  life.prune(metrics, in_use);
  EXPECT_EQ(metrics.grpc_calls.size(), 1U);
  life.hide({4});
  life.prune(metrics, {});
  EXPECT_EQ(metrics.grpc_calls.size(), 0U);
}

TEST(GrpcLog, TheStatusIsANumber) {
  AccessRecord record;
  record.status = 200;
  record.grpc_status = 14;
  std::string line;
  append_access_line(line, record);
  EXPECT_THAT(line, HasSubstr(R"("status":200,"grpc_status":14,)"));
  record.grpc_status = 0;
  line.clear();
  append_access_line(line, record);
  EXPECT_THAT(line, HasSubstr(R"("grpc_status":0,)"));
}

TEST(GrpcLog, NoStatusNoField) {
  std::string line;
  append_access_line(line, {});
  EXPECT_THAT(line, Not(HasSubstr("grpc_status")));
}

}  // namespace
}  // namespace weir::observe
