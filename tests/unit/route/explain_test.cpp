#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "route/table.hpp"
#include "unit/route/routes.hpp"

namespace weir::route {
namespace {

using Kind = config::HeaderMatch::Kind;
using testing::ElementsAre;

std::vector<std::string> explain(const config::Route& given, const Request& request,
                                 const std::vector<std::string>& listeners = {}) {
  std::vector<std::string> lines;
  for (const Finding& finding : RouteTable({given}).explain(0, request, listeners)) {
    lines.push_back((finding.holds ? "+ " : "- ") + finding.text);
  }
  return lines;
}

TEST(Explain, Hosts) {
  const Request request = get("api.example.com", "/");
  EXPECT_THAT(explain(route({"*.example.com"}, prefix("/")), request),
              ElementsAre("+ host api.example.com: matches *.example.com", "+ path /: under /"));
  EXPECT_THAT(explain(route({"a.com", "api.example.com"}, prefix("/")), request),
              ElementsAre("+ host api.example.com: matches api.example.com", "+ path /: under /"));
  EXPECT_THAT(explain(route({"a.com"}, prefix("/")), request),
              ElementsAre("- host api.example.com: does not match a.com", "+ path /: under /"));
  EXPECT_THAT(explain(route({"a.com", "b.com"}, prefix("/")), request),
              ElementsAre("- host api.example.com: matches none of a.com, b.com", "+ path /: under /"));
}

TEST(Explain, Paths) {
  EXPECT_THAT(explain(route({}, prefix("/api")), get("h", "/x")), ElementsAre("- path /x: not under /api"));
  EXPECT_THAT(explain(route({}, prefix("/api")), get("h", "/api/x")),
              ElementsAre("+ path /api/x: under /api"));
  EXPECT_THAT(explain(route({}, exact("/a")), get("h", "/a")), ElementsAre("+ path /a: is /a"));
  EXPECT_THAT(explain(route({}, exact("/a")), get("h", "/b")), ElementsAre("- path /b: is not /a"));
  EXPECT_THAT(explain(route({}, expression("/a+")), get("h", "/aa")),
              ElementsAre("+ path /aa: matches ~/a+"));
  EXPECT_THAT(explain(route({}, expression("/a+")), get("h", "/b")),
              ElementsAre("- path /b: does not match ~/a+"));
}

TEST(Explain, MethodsAndListeners) {
  config::Route given = route({}, prefix("/"));
  given.match.methods = {"POST", "PUT"};
  given.match.listeners = {1, 2};
  EXPECT_THAT(explain(given, get("h", "/"), {"http", "https"}),
              ElementsAre("+ path /: under /", "- method GET: not one of POST, PUT",
                          "- listener http: not one of https, #2"));
  Request request = get("h", "/");
  request.method = "PUT";
  request.listener = 1;
  EXPECT_THAT(explain(given, request), ElementsAre("+ path /: under /", "+ method PUT: one of POST, PUT",
                                                   "+ listener #1: one of #1, #2"));
}

TEST(Explain, Headers) {
  config::Route given = route({}, prefix("/"));
  given.match.headers = {header("X-P", Kind::present), header("X-E", Kind::exact, "yes"),
                         header("X-R", Kind::regex, "a+")};
  const std::vector<http::Field> none;
  const std::vector<http::Field> wrong{field("x-p", ""), field("x-e", "no"), field("x-e", "nay"),
                                       field("x-r", "b")};
  const std::vector<http::Field> right{field("x-p", "1"), field("x-e", "yes"), field("x-r", "aa")};
  Request request = get("h", "/");
  const auto without = explain(given, request);
  request.fields = &none;
  EXPECT_EQ(explain(given, request), without);
  EXPECT_THAT(without, ElementsAre("+ path /: under /", "- header X-P: absent", "- header X-E: absent",
                                   "- header X-R: absent"));
  request.fields = &wrong;
  EXPECT_THAT(explain(given, request), ElementsAre("+ path /: under /", "+ header X-P: present",
                                                   R"(- header X-E: "no", "nay" is not "yes")",
                                                   R"(- header X-R: "b" does not match ~a+)"));
  request.fields = &right;
  EXPECT_THAT(explain(given, request),
              ElementsAre("+ path /: under /", "+ header X-P: present", R"(+ header X-E: "yes" is "yes")",
                          R"(+ header X-R: "aa" matches ~a+)"));
}

}  // namespace
}  // namespace weir::route
