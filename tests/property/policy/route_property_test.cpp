// The route table against the obvious way to do it: every route in order, every condition by its definition.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/rng.hpp"
#include "route/table.hpp"
#include "unit/route/routes.hpp"

namespace weir::route {
namespace {

template <class T, std::size_t N>
T pick(Rng& rng, const T (&choices)[N]) {
  return choices[rng() % N];
}

// Few names, so that rules and requests meet often.
constexpr const char* hosts[] = {"a.com", "b.a.com", "c.b.a.com", "d.net",
                                 "com",   "",        "x.d.net",   "a.com.d.net"};
constexpr const char* patterns[] = {"a.com", "b.a.com", "*.a.com", "*.b.a.com", "*.com", "d.net", "*.net"};
constexpr const char* segments[] = {"x", "y", "xy", "api", "v1"};
constexpr const char* methods[] = {"GET", "POST", "PUT", "BREW"};
constexpr const char* names[] = {"X-A", "x-a", "X-B"};
constexpr const char* values[] = {"1", "2", ""};
// Expression and the same by hand.
struct Expression {
  const char* text;
  bool (*matches)(std::string_view);
};
constexpr Expression expressions[] = {
    {"/x/.*", [](std::string_view path) { return path.starts_with("/x/"); }},
    {".*y", [](std::string_view path) { return path.ends_with("y"); }},
    {"[^v]*", [](std::string_view path) { return path.find('v') == path.npos; }},
    {"/(api|v1)/?",
     [](std::string_view path) {
       return path == "/api" || path == "/api/" || path == "/v1" || path == "/v1/";
     }},
};

std::string random_path(Rng& rng) {
  std::string path;
  for (std::uint64_t depth = rng() % 4; depth > 0; --depth) path.append("/").append(pick(rng, segments));
  if (path.empty() || rng() % 4 == 0) path += "/";
  return path;
}

config::PathMatch random_rule(Rng& rng) {
  switch (rng() % 5) {
    case 0:
      return exact(random_path(rng));
    case 1:
      return expression(pick(rng, expressions).text);
    case 2:
      return prefix("/");
    default:
      return prefix(random_path(rng));
  }
}

config::Route random_route(Rng& rng) {
  config::Route made = route({}, random_rule(rng));
  for (std::uint64_t n = rng() % 3; n > 0; --n) made.match.hosts.push_back(pick(rng, patterns));
  if (rng() % 3 == 0) made.match.methods.push_back(pick(rng, methods));
  if (rng() % 3 == 0) made.match.methods.push_back(pick(rng, methods));
  if (rng() % 3 == 0) {
    const auto kind = static_cast<config::HeaderMatch::Kind>(rng() % 3);
    made.match.headers.push_back(header(pick(rng, names), kind, pick(rng, values)));
  }
  if (rng() % 4 == 0) made.match.listeners.push_back(rng() % 3);
  return made;
}

bool naive_host(const std::string& pattern, std::string_view host) {
  if (pattern[0] != '*') return pattern == host;
  const std::string tail = pattern.substr(1);
  return host.size() > tail.size() && host.substr(host.size() - tail.size()) == tail;
}

bool naive_path(const config::PathMatch& rule, std::string_view path) {
  if (rule.kind == config::PathMatch::Kind::exact) return rule.text == path;
  if (rule.kind == config::PathMatch::Kind::prefix) {
    const std::string with_slash = rule.text.back() == '/' ? rule.text : rule.text + "/";
    return path == rule.text || path.starts_with(with_slash);
  }
  return std::ranges::find(expressions, rule.text, &Expression::text)->matches(path);
}

bool naive_header(const config::HeaderMatch& rule, const std::vector<http::Field>& fields) {
  return std::ranges::any_of(fields, [&](const http::Field& given) {
    std::string a(given.name), b(rule.name);
    std::ranges::transform(a, a.begin(), ::tolower);
    std::ranges::transform(b, b.begin(), ::tolower);
    // The values are no operators, so as expressions they mean themselves.
    return a == b && (rule.kind == config::HeaderMatch::Kind::present || given.value == rule.value);
  });
}

bool naive_match(const config::RouteMatch& rule, const Request& request) {
  const auto host_holds = [&](const std::string& pattern) { return naive_host(pattern, request.host); };
  const auto header_holds = [&](const config::HeaderMatch& match) {
    return naive_header(match, *request.fields);
  };
  return (rule.hosts.empty() || std::ranges::any_of(rule.hosts, host_holds)) &&
         naive_path(rule.path, request.path) &&
         (rule.methods.empty() || std::ranges::count(rule.methods, request.method) > 0) &&
         std::ranges::all_of(rule.headers, header_holds) &&
         (rule.listeners.empty() || std::ranges::count(rule.listeners, request.listener) > 0);
}

bool all_hold(const std::vector<Finding>& findings) {
  return std::ranges::all_of(findings, &Finding::holds);
}

void check_one_table(std::uint64_t seed) {
  Rng rng(seed);
  std::vector<config::Route> routes;
  for (std::uint64_t n = 1 + rng() % 40; n > 0; --n) routes.push_back(random_route(rng));
  const RouteTable table(routes);
  for (int i = 0; i < 50; ++i) {
    const std::string path = random_path(rng);
    std::vector<http::Field> fields;
    for (std::uint64_t n = rng() % 3; n > 0; --n)
      fields.push_back(field(pick(rng, names), pick(rng, values)));
    const Request request{pick(rng, hosts), path, pick(rng, methods), &fields, rng() % 3};

    const auto naive = std::ranges::find_if(
        routes, [&](const config::Route& candidate) { return naive_match(candidate.match, request); });
    const std::size_t expected =
        naive == routes.end() ? no_route : static_cast<std::size_t>(naive - routes.begin());
    ASSERT_EQ(table.find(request), expected)
        << "seed " << seed << ": " << request.method << ' ' << request.host << path;
    for (std::size_t index = 0; index < routes.size(); ++index) {
      ASSERT_EQ(all_hold(table.explain(index, request)), naive_match(routes[index].match, request))
          << "seed " << seed << ", route " << index;
    }
  }
}

TEST(RouteProperty, FindsWhatAWalkThroughTheFileFinds) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    check_one_table(seed);
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace weir::route
