// What a split leaves in metrics and in the access log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "observe/access_log.hpp"
#include "observe/collector.hpp"

namespace weir::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(SplitMetrics, WeightsAndRequestsByReason) {
  NameTable names;
  const NameId api = names.intern("api"), green = names.intern("green");
  WorkerMetrics one, two;
  one.split_chosen(api, green, 0);
  one.split_chosen(api, green, 0);
  two.split_chosen(api, green, 0);
  two.split_chosen(api, green, 2);
  two.split_chosen(api, green, 3);
  one.merge(two);
  ScrapeInput input;
  input.splits = {{"api", "blue", 90}, {"api", "green", 0}};
  const std::string text = metrics_text(one, names, input);
  for (const char* line : {R"(weir_split_weight{route="api",upstream="blue"} 90)",
                           R"(weir_split_weight{route="api",upstream="green"} 0)",
                           R"(weir_split_requests_total{route="api",upstream="green",why="weight"} 3)",
                           R"(weir_split_requests_total{route="api",upstream="green",why="override"} 1)",
                           R"(weir_split_requests_total{route="api",upstream="green",why="failover"} 1)"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("why=\"affinity\"")));
}

TEST(SplitMetrics, TheAccessLogSaysTargetAndWhy) {
  AccessRecord record;
  std::string line;
  append_access_line(line, record);
  EXPECT_THAT(line, Not(HasSubstr("split")));
  record.split = {"green", "override"};
  append_access_line(line, record);
  EXPECT_THAT(line, HasSubstr(R"("split":{"target":"green","why":"override"})"));
}

}  // namespace
}  // namespace weir::observe
