#include "route/readings.hpp"

#include <gtest/gtest.h>

#include "http/uri.hpp"
#include "unit/route/routes.hpp"

namespace weir::route {
namespace {

/// Index, `none`, or `refused`.
std::string found(const RouteTable& table, std::string_view path) {
  std::string normalised;
  if (!http::normalise_path(path, normalised)) return "no path";
  Request request;
  request.path = normalised;
  request.method = "GET";
  std::string decoded = "of an earlier request";
  const auto result = find_for_all_readings(table, request, decoded);
  if (!result) return "refused";
  return *result == no_route ? "none" : std::to_string(*result);
}

config::Route route_for(config::PathMatch match) {
  config::Route route;
  route.match.path = std::move(match);
  return route;
}

TEST(Readings, AnEncodedSlashPassesWhereBothReadingsHaveOneRoute) {
  const RouteTable table(
      {route_for(prefix("/admin")), route_for(exact("/api/one")), route_for(prefix("/api"))});
  EXPECT_EQ(found(table, "/api/projects/group%2Fname"), "2");
  EXPECT_EQ(found(table, "/api/%2f"), "2");
  EXPECT_EQ(found(table, "/api%2Fone"), "refused") << "read as a slash it is another route's";
  EXPECT_EQ(found(table, "/api/..%2fadmin"), "refused");
  EXPECT_EQ(found(table, "/admin%2fx"), "refused");
  EXPECT_EQ(found(table, "/admin/a%2Fb"), "0");
  EXPECT_EQ(found(table, "/admin/a%2F..%2F..%2Fapi"), "refused");
  EXPECT_EQ(found(table, "/other%2Fx"), "none");
  EXPECT_EQ(found(table, "/api/..%2f..%2f..%2fetc"), "refused") << "it leaves the root";
}

TEST(SentPath, FollowsTheListenersForm) {
  std::string resolved;
  std::string_view sent;
  ASSERT_TRUE(choose_sent_path(config::PathForm::normalised, "/a/../%7Eb", "/~b", resolved, sent));
  EXPECT_EQ(sent, "/%7Eb");
  ASSERT_TRUE(choose_sent_path(config::PathForm::raw, "/a/../b", "/b", resolved, sent));
  EXPECT_EQ(sent, "/a/../b");
  EXPECT_FALSE(choose_sent_path(config::PathForm::refuse, "/a/%2e%2e/b", "/b", resolved, sent));
  resolved.clear();
  ASSERT_TRUE(choose_sent_path(config::PathForm::refuse, "/a//b", "/a/b", resolved, sent));
  EXPECT_EQ(sent, "/a//b");
}

}  // namespace
}  // namespace weir::route
