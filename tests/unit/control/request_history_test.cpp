#include "control/request_history.hpp"

#include <gtest/gtest.h>

namespace weir::control {
namespace {

using rollout::RequestCount;

TEST(RequestCounts, AreByRouteWithoutThoseWhoseClientLeft) {
  observe::WorkerMetrics metrics;
  const auto finish = [&metrics](observe::NameId route, int status, int times) {
    for (int i = 0; i < times; ++i) {
      metrics.request_started(route);
      metrics.request_finished(route, 9, http::Method::get, status, 0.001);
    }
  };
  finish(1, 200, 5);
  finish(1, 404, 2);
  finish(1, 502, 3);
  finish(1, 499, 7);
  finish(2, 0, 1);
  finish(observe::no_name, 505, 4);
  RouteCounts counts;
  std::size_t place = 0;
  while (!count_some(metrics, place, 2, counts)) {
  }
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts[1], (RequestCount{10, 3}));
  EXPECT_EQ(counts[2], (RequestCount{1, 1}));
}

TEST(RequestHistory, KeepsWhatCameBetween) {
  RequestHistory history;
  history.skip({{1, {100, 50}}});
  history.add({{1, {110, 51}}, {2, {4, 0}}});
  history.add({{1, {110, 51}}, {2, {6, 1}}});
  EXPECT_EQ(history.of(1), (std::vector<RequestCount>{{10, 1}, {0, 0}}));
  EXPECT_EQ(history.of(2), (std::vector<RequestCount>{{4, 0}, {2, 1}}));
  EXPECT_EQ(history.of_all(), (std::vector<RequestCount>{{14, 1}, {2, 1}}));
  EXPECT_EQ(history.of(3), (std::vector<RequestCount>(2)));
}

TEST(RequestHistory, IsBounded) {
  RequestHistory history;
  for (std::uint64_t i = 1; i <= 200; ++i) history.add({{1, {i, 0}}});
  EXPECT_EQ(history.of(1).size(), RequestHistory::stretches_max);
}

// A name's number may be given to another route, which begins at 0.
TEST(RequestHistory, ACountThatFellBeginsAnew) {
  EXPECT_EQ(difference({{1, {3, 1}}}, {{1, {100, 0}}}), (RouteCounts{{1, {3, 1}}}));
  EXPECT_TRUE(difference({{1, {3, 1}}}, {{1, {3, 1}}}).empty());
}

}  // namespace
}  // namespace weir::control
