#include "route/table.hpp"

#include <gtest/gtest.h>

#include "unit/route/routes.hpp"

namespace weir::route {
namespace {

using Kind = config::HeaderMatch::Kind;

std::size_t find(const std::vector<config::Route>& routes, const Request& request) {
  return RouteTable(routes).find(request);
}

struct PathCase {
  config::PathMatch rule;
  const char* path;
  bool matches;
};

class PathRule : public testing::TestWithParam<PathCase> {};

TEST_P(PathRule, Covers) {
  const std::size_t expected = GetParam().matches ? 0 : no_route;
  EXPECT_EQ(find({route({}, GetParam().rule)}, get("h", GetParam().path)), expected)
      << GetParam().rule.text << " on " << GetParam().path;
}

INSTANTIATE_TEST_SUITE_P(
    Prefix, PathRule,
    testing::Values(PathCase{prefix("/"), "/", true}, PathCase{prefix("/"), "/a/b", true},
                    PathCase{prefix("/"), "*", true}, PathCase{prefix("/api"), "*", false},
                    PathCase{prefix("/api"), "/api", true}, PathCase{prefix("/api"), "/api/", true},
                    PathCase{prefix("/api"), "/api/x", true}, PathCase{prefix("/api"), "/apix", false},
                    PathCase{prefix("/api"), "/ap", false}, PathCase{prefix("/api"), "/", false},
                    PathCase{prefix("/api"), "/x/api", false}, PathCase{prefix("/api"), "/API", false},
                    PathCase{prefix("/api/"), "/api", false}, PathCase{prefix("/api/"), "/api/", true},
                    PathCase{prefix("/api/"), "/api/x", true}, PathCase{prefix("/api/"), "/apix/", false},
                    PathCase{prefix("/a/b/c"), "/a/b/c/d/e", true}, PathCase{prefix("/a/b/c"), "/a/b", false},
                    PathCase{prefix("/a/b/c"), "/a/b/", false},
                    PathCase{prefix("/a%2Cb"), "/a%2Cb/c", true}));

INSTANTIATE_TEST_SUITE_P(Exact, PathRule,
                         testing::Values(PathCase{exact("/health"), "/health", true},
                                         PathCase{exact("/health"), "/health/", false},
                                         PathCase{exact("/health"), "/health/x", false},
                                         PathCase{exact("/health"), "/healt", false},
                                         PathCase{exact("/health/"), "/health/", true},
                                         PathCase{exact("/health/"), "/health", false},
                                         PathCase{exact("/"), "/", true}, PathCase{exact("/"), "/x", false},
                                         PathCase{exact("/"), "*", false}));

INSTANTIATE_TEST_SUITE_P(Expression, PathRule,
                         testing::Values(PathCase{expression("/v[12]/.*"), "/v2/x", true},
                                         PathCase{expression("/v[12]/.*"), "/v3/x", false},
                                         PathCase{expression("/v[12]"), "/v1/x", false},
                                         PathCase{expression("/v[12]"), "/x/v1", false},
                                         PathCase{expression("(?i)/LOGO"), "/logo", true},
                                         PathCase{expression("(broken"), "(broken", false}));

struct HostCase {
  const char* pattern;
  const char* host;
  bool matches;
};

class HostRule : public testing::TestWithParam<HostCase> {};

TEST_P(HostRule, Covers) {
  const std::size_t expected = GetParam().matches ? 0 : no_route;
  EXPECT_EQ(find({route({GetParam().pattern}, prefix("/"))}, get(GetParam().host, "/x")), expected)
      << GetParam().pattern << " on " << GetParam().host;
}

INSTANTIATE_TEST_SUITE_P(All, HostRule,
                         testing::Values(HostCase{"example.com", "example.com", true},
                                         HostCase{"example.com", "www.example.com", false},
                                         HostCase{"example.com", "example.co", false},
                                         HostCase{"example.com", "", false},
                                         HostCase{"*.example.com", "www.example.com", true},
                                         HostCase{"*.example.com", "a.b.example.com", true},
                                         HostCase{"*.example.com", "example.com", false},
                                         HostCase{"*.example.com", ".example.com", false},
                                         HostCase{"*.example.com", "wwwexample.com", false},
                                         HostCase{"*.example.com", "www.example.com.evil", false},
                                         HostCase{"*.com", "example.com", true},
                                         HostCase{"*.com", "com", false}, HostCase{"[::1]", "[::1]", true},
                                         HostCase{"127.0.0.1", "127.0.0.1", true}));

TEST(RouteTable, EmptyHasNoRoute) {
  EXPECT_EQ(find({}, get("h", "/")), no_route);
}

TEST(RouteTable, FirstInFileOrderWinsNotTheMostSpecific) {
  const std::vector<config::Route> general_first{route({}, prefix("/")), route({"a.b"}, exact("/x"))};
  EXPECT_EQ(find(general_first, get("a.b", "/x")), 0u);
  const std::vector<config::Route> special_first{route({"a.b"}, exact("/x")), route({}, prefix("/"))};
  EXPECT_EQ(find(special_first, get("a.b", "/x")), 0u);
  EXPECT_EQ(find(special_first, get("a.b", "/y")), 1u);
  EXPECT_EQ(find(special_first, get("c", "/x")), 1u);
}

TEST(RouteTable, OrderHoldsAcrossAllKindsOfIndex) {
  const std::vector<config::Route> routes{
      route({"x.y.example.com"}, exact("/only")),        // 0
      route({"*.y.example.com"}, expression("/re/.*")),  // 1
      route({}, exact("/re/any")),                       // 2
      route({"*.example.com"}, prefix("/re")),           // 3
      route({"x.y.example.com"}, prefix("/")),           // 4
      route({}, prefix("/")),                            // 5
  };
  const RouteTable table(routes);
  EXPECT_EQ(table.find(get("x.y.example.com", "/only")), 0u);
  EXPECT_EQ(table.find(get("x.y.example.com", "/re/any")), 1u);
  EXPECT_EQ(table.find(get("z.example.com", "/re/any")), 2u);
  EXPECT_EQ(table.find(get("z.example.com", "/re/else")), 3u);
  EXPECT_EQ(table.find(get("x.y.example.com", "/re")), 3u);
  EXPECT_EQ(table.find(get("x.y.example.com", "/other")), 4u);
  EXPECT_EQ(table.find(get("y.example.com", "/only")), 5u);
}

TEST(RouteTable, SeveralHostsOnOneRoute) {
  const RouteTable table({route({"a.com", "*.a.com", "b.com"}, prefix("/"))});
  for (const char* host : {"a.com", "x.a.com", "b.com"}) EXPECT_EQ(table.find(get(host, "/")), 0u) << host;
  for (const char* host : {"x.b.com", "c.com", ""}) EXPECT_EQ(table.find(get(host, "/")), no_route) << host;
}

TEST(RouteTable, AHostTooLongForANameMeetsOnlyRoutesForAnyHost) {
  std::string host = "example.com";
  while (host.size() <= host_bytes_max) host.insert(0, "a.");
  const RouteTable table({route({"*.example.com"}, prefix("/")), route({}, prefix("/"))});
  EXPECT_EQ(table.find(get(host, "/")), 1u);
  EXPECT_EQ(table.find(get(std::string_view(host).substr(host.size() - host_bytes_max), "/")), 0u);
}

TEST(RouteTable, DeepPathsEndWhereTheRulesEnd) {
  std::string path;
  for (int i = 0; i < 4000; ++i) path += "/a";
  const RouteTable table({route({}, prefix("/a/a/a")), route({}, exact(path))});
  EXPECT_EQ(table.find(get("h", path)), 0u);
  EXPECT_EQ(RouteTable({route({}, exact(path))}).find(get("h", path)), 0u);
  EXPECT_EQ(RouteTable({route({}, exact(path))}).find(get("h", path + "/")), no_route);
}

TEST(RouteTable, Methods) {
  config::Route writes = route({}, prefix("/"));
  writes.match.methods = {"POST", "PUT"};
  const RouteTable table({writes, route({}, prefix("/"))});
  Request request = get("h", "/");
  EXPECT_EQ(table.find(request), 1u);
  request.method = "PUT";
  EXPECT_EQ(table.find(request), 0u);
  request.method = "put";  // methods are case-sensitive
  EXPECT_EQ(table.find(request), 1u);
}

TEST(RouteTable, Listeners) {
  config::Route inner = route({}, prefix("/"));
  inner.match.listeners = {1, 70};
  const RouteTable table({inner});
  for (const std::size_t listener : {0, 1, 2, 70}) {
    Request request = get("h", "/");
    request.listener = listener;
    EXPECT_EQ(table.find(request), listener == 1 || listener == 70 ? 0u : no_route) << listener;
  }
}

TEST(RouteTable, Schemes) {
  config::Route plain = route({}, prefix("/")), secure = route({}, prefix("/"));
  plain.match.scheme = config::Scheme::http;
  secure.match.scheme = config::Scheme::https;
  const RouteTable table({plain, secure});
  Request request = get("h", "/");
  request.scheme = "https";
  EXPECT_EQ(table.find(request), 1u);
  EXPECT_EQ(table.explain(0, request).back().text, "scheme https: not http");
  EXPECT_EQ(table.explain(1, request).back().text, "scheme https");
  request.scheme = "http";
  EXPECT_EQ(table.find(request), 0u);
}

struct HeaderCase {
  Kind kind;
  const char* value;
  std::vector<http::Field> fields;
  bool matches;
};

class HeaderRule : public testing::TestWithParam<HeaderCase> {};

TEST_P(HeaderRule, Holds) {
  config::Route canary = route({}, prefix("/"));
  canary.match.headers = {header("X-Canary", GetParam().kind, GetParam().value)};
  Request request = get("h", "/");
  request.fields = &GetParam().fields;
  EXPECT_EQ(find({canary}, request), GetParam().matches ? 0u : no_route);
}

INSTANTIATE_TEST_SUITE_P(
    All, HeaderRule,
    testing::Values(HeaderCase{Kind::present, "", {}, false},
                    HeaderCase{Kind::present, "", {field("X-Other", "1")}, false},
                    HeaderCase{Kind::present, "", {field("X-Canary", "")}, true},
                    HeaderCase{Kind::present, "", {field("x-cANARY", "any")}, true},
                    HeaderCase{Kind::present, "", {field("X-Canary2", "1")}, false},
                    HeaderCase{Kind::exact, "yes", {field("x-canary", "yes")}, true},
                    HeaderCase{Kind::exact, "yes", {field("X-Canary", "Yes")}, false},
                    HeaderCase{Kind::exact, "yes", {field("X-Canary", "yes, no")}, false},
                    HeaderCase{Kind::exact, "yes", {field("X-Canary", "no"), field("X-Canary", "yes")}, true},
                    HeaderCase{Kind::exact, "", {field("X-Canary", "")}, true},
                    HeaderCase{Kind::regex, "y(es)?", {field("X-Canary", "y")}, true},
                    HeaderCase{Kind::regex, "y(es)?", {field("X-Canary", "yesno")}, false},
                    HeaderCase{Kind::regex, ".*", {}, false},
                    HeaderCase{Kind::regex, "(broken", {field("X-Canary", "(broken")}, false},
                    HeaderCase{Kind::regex, "b", {field("X-Canary", "a"), field("x-canary", "b")}, true}));

TEST(RouteTable, AllConditionsMustHold) {
  config::Route both = route({"a.com"}, prefix("/x"));
  both.match.methods = {"GET"};
  both.match.headers = {header("A", Kind::present), header("B", Kind::exact, "2")};
  both.match.listeners = {0};
  const RouteTable table({both, route({}, prefix("/"))});
  const std::vector<http::Field> one{field("a", "1")};
  const std::vector<http::Field> two{field("a", "1"), field("b", "2")};
  Request request = get("a.com", "/x");
  EXPECT_EQ(table.find(request), 1u);
  request.fields = &one;
  EXPECT_EQ(table.find(request), 1u);
  request.fields = &two;
  EXPECT_EQ(table.find(request), 0u);
  request.listener = 1;
  EXPECT_EQ(table.find(request), 1u);
}

TEST(RouteTable, ManyRoutesOfOnePathFallThroughInOrder) {
  std::vector<config::Route> routes;
  for (int i = 0; i < 5; ++i) {
    routes.push_back(route({"a.com"}, exact("/x")));
    routes.back().match.headers = {header("N", Kind::exact, std::to_string(i))};
  }
  const RouteTable table(routes);
  const std::vector<http::Field> fields{field("n", "3")};
  Request request = get("a.com", "/x");
  EXPECT_EQ(table.find(request), no_route);
  request.fields = &fields;
  EXPECT_EQ(table.find(request), 3u);
}

TEST(RouteTable, TenThousandHostsAndPrefixes) {
  std::vector<config::Route> routes;
  for (int i = 0; i < 10'000; ++i) {
    const std::string number = std::to_string(i);
    routes.push_back(i % 2 == 0 ? route({"host" + number + ".example.com"}, prefix("/"))
                                : route({"one.com"}, prefix("/p" + number)));
  }
  const RouteTable table(routes);
  EXPECT_EQ(table.find(get("host9998.example.com", "/")), 9998u);
  EXPECT_EQ(table.find(get("one.com", "/p9999/x")), 9999u);
  EXPECT_EQ(table.find(get("one.com", "/p9998/x")), no_route);
}

TEST(RouteTable, SurvivesAMove) {
  RouteTable first({route({}, prefix("/a"))});
  RouteTable second(std::move(first));
  EXPECT_EQ(second.find(get("h", "/a")), 0u);
  second = RouteTable({route({}, prefix("/b"))});
  EXPECT_EQ(second.find(get("h", "/a")), no_route);
}

}  // namespace
}  // namespace weir::route
