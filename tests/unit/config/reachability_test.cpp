#include "config/reachability.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace weir::config {
namespace {

using Kind = PathMatch::Kind;

RouteMatch path(Kind kind, const std::string& text) {
  RouteMatch match;
  match.path = {kind, text};
  return match;
}

RouteMatch hosts(std::vector<std::string> names) {
  RouteMatch match;
  match.hosts = std::move(names);
  return match;
}

RouteMatch header(const std::string& name, HeaderMatch::Kind kind, const std::string& value = "") {
  RouteMatch match;
  match.headers = {{name, kind, value}};
  return match;
}

std::vector<Shadow> unreachable(const std::vector<RouteMatch>& matches) {
  std::vector<const RouteMatch*> pointers;
  pointers.reserve(matches.size());
  for (const RouteMatch& match : matches) pointers.push_back(&match);
  return find_unreachable(pointers);
}

struct Case {
  RouteMatch earlier, later;
  bool covered;
};

void check(const std::vector<Case>& cases) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(covers(cases[i].earlier, cases[i].later), cases[i].covered) << "case " << i;
    // The index comes to the same conclusion.
    EXPECT_EQ(unreachable({cases[i].earlier, cases[i].later}).size(), cases[i].covered ? 1U : 0U)
        << "case " << i;
  }
}

TEST(Reachability, Paths) {
  check({
      {path(Kind::prefix, "/"), path(Kind::prefix, "/"), true},
      {path(Kind::prefix, "/"), path(Kind::exact, "/a/b"), true},
      {path(Kind::prefix, "/"), path(Kind::regex, "/a.*"), true},
      {path(Kind::prefix, "/a"), path(Kind::exact, "/a"), true},
      {path(Kind::prefix, "/a"), path(Kind::exact, "/a/"), true},
      {path(Kind::prefix, "/a"), path(Kind::prefix, "/a/b"), true},
      {path(Kind::prefix, "/a"), path(Kind::prefix, "/a/"), true},
      {path(Kind::prefix, "/a/"), path(Kind::exact, "/a/"), true},
      {path(Kind::prefix, "/a/"), path(Kind::prefix, "/a/b"), true},
      {path(Kind::prefix, "/a/"), path(Kind::prefix, "/a"), false},
      {path(Kind::prefix, "/a/"), path(Kind::exact, "/a"), false},
      {path(Kind::prefix, "/a"), path(Kind::exact, "/ab"), false},
      {path(Kind::prefix, "/a"), path(Kind::prefix, "/"), false},
      {path(Kind::prefix, "/a"), path(Kind::regex, "/a/b"), false},
      {path(Kind::exact, "/a"), path(Kind::exact, "/a"), true},
      {path(Kind::exact, "/a"), path(Kind::exact, "/b"), false},
      {path(Kind::exact, "/a"), path(Kind::prefix, "/a"), false},
      {path(Kind::regex, "/a.*"), path(Kind::regex, "/a.*"), true},
      {path(Kind::regex, "/.*"), path(Kind::regex, "/a.*"), false},  // certain only of itself
      {path(Kind::regex, "/a"), path(Kind::exact, "/a"), false},
  });
}

TEST(Reachability, Hosts) {
  check({
      {hosts({}), hosts({"a.x"}), true},
      {hosts({}), hosts({"*.x"}), true},
      {hosts({"a.x"}), hosts({}), false},
      {hosts({"a.x"}), hosts({"a.x"}), true},
      {hosts({"a.x"}), hosts({"b.x"}), false},
      {hosts({"*.x"}), hosts({"a.x"}), true},
      {hosts({"*.x"}), hosts({"b.a.x"}), true},
      {hosts({"*.x"}), hosts({"*.a.x"}), true},
      {hosts({"*.x"}), hosts({"*.x"}), true},
      {hosts({"*.x"}), hosts({"x"}), false},
      {hosts({"*.a.x"}), hosts({"*.x"}), false},
      {hosts({"*.x"}), hosts({"ax"}), false},
      {hosts({"a.x", "b.x"}), hosts({"b.x"}), true},
      {hosts({"b.x"}), hosts({"a.x", "b.x"}), false},
      {hosts({"a.x", "*.y"}), hosts({"c.y", "a.x"}), true},
  });
}

TEST(Reachability, Headers) {
  using HK = HeaderMatch::Kind;
  RouteMatch both = header("X-A", HK::exact, "1");
  both.headers.push_back({"x-b", HK::exact, "2"});
  check({
      {RouteMatch{}, header("X-A", HK::present), true},
      {header("X-A", HK::present), RouteMatch{}, false},
      {header("X-A", HK::present), header("x-a", HK::exact, "1"), true},
      {header("X-A", HK::present), header("x-a", HK::regex, "1"), true},
      {header("X-A", HK::exact, "1"), header("x-a", HK::exact, "1"), true},
      {header("X-A", HK::exact, "1"), header("x-a", HK::exact, "2"), false},
      {header("X-A", HK::exact, "1"), header("x-a", HK::present), false},
      {header("X-A", HK::regex, "1"), header("x-a", HK::exact, "1"), false},
      {header("X-B", HK::present), both, true},
      {both, header("X-B", HK::exact, "2"), false},
      {both, both, true},
  });
}

TEST(Reachability, MethodsAndListeners) {
  RouteMatch get, get_post, first, all_listeners;
  get.methods = {"GET"};
  get_post.methods = {"POST", "GET"};
  first.listeners = {0};
  all_listeners.listeners = {1, 0};
  check({
      {RouteMatch{}, get, true},
      {get, RouteMatch{}, false},
      {get_post, get, true},
      {get, get_post, false},
      {RouteMatch{}, first, true},
      {all_listeners, first, true},
      {first, all_listeners, false},
      {first, RouteMatch{}, false},
      {get, first, false},
  });
}

TEST(Reachability, Schemes) {
  RouteMatch any, plain, secure;
  plain.scheme = Scheme::http;
  secure.scheme = Scheme::https;
  check({
      {any, plain, true},
      {any, secure, true},
      {secure, any, false},
      {secure, secure, true},
      {plain, secure, false},
      {secure, plain, false},
  });
}

TEST(Reachability, NamesTheFirstRouteThatCovers) {
  const auto found =
      unreachable({path(Kind::prefix, "/a"), path(Kind::prefix, "/"), path(Kind::exact, "/a/b"),
                   path(Kind::exact, "/b"), path(Kind::prefix, "/")});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].route, 2U);
  EXPECT_EQ(found[0].by, 0U);
  EXPECT_EQ(found[1].route, 3U);
  EXPECT_EQ(found[1].by, 1U);
  EXPECT_EQ(found[2].route, 4U);
  EXPECT_EQ(found[2].by, 1U);
}

TEST(Reachability, LeavesOutWhatIsNull) {
  const RouteMatch all;
  EXPECT_TRUE(find_unreachable({nullptr, &all}).empty());
  EXPECT_EQ(find_unreachable({&all, nullptr, &all}).size(), 1U);
}

/// Large tables, each of a shape that a comparison of every pair would take minutes for.
TEST(Reachability, StaysCloseToLinear) {
  constexpr std::size_t routes = 20'000;
  const std::vector<std::function<RouteMatch(const std::string&)>> shapes = {
      [](const std::string& n) { return path(Kind::prefix, "/p" + n); },
      [](const std::string& n) { return path(Kind::regex, "/p" + n); },
      [](const std::string& n) { return hosts({"h" + n + ".example.com"}); },
      [](const std::string& n) { return header("X-Tenant", HeaderMatch::Kind::exact, n); },
      [](const std::string& n) {
        RouteMatch match;
        match.methods = {"M" + n};  // nothing distinguishes them: the cap holds
        return match;
      },
  };
  for (const auto& shape : shapes) {
    std::vector<RouteMatch> matches;
    for (std::size_t i = 0; i < routes; ++i) matches.push_back(shape(std::to_string(i)));
    EXPECT_TRUE(unreachable(matches).empty());
    matches.push_back(matches.front());
    EXPECT_EQ(unreachable(matches).size(), 1U);
  }
}

}  // namespace
}  // namespace weir::config
