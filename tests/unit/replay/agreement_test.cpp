// What a replay says of a logged request is so: `weir explain`, which has the whole request, says the same of both
// configurations. Over random configurations, changes and requests; seeded.
#include <gmock/gmock.h>

#include <tuple>

#include "core/rng.hpp"
#include "explain/explain.hpp"
#include "replay/replay.hpp"
#include "unit/replay/configs.hpp"

namespace weir::replay {
namespace {

template <class T, std::size_t N>
T pick(Rng& rng, const T (&choices)[N]) {
  return choices[rng() % N];
}

// Few of everything, so that rules and requests meet often.
constexpr const char* hosts[] = {"a.test", "b.a.test", "c.test"};
constexpr const char* patterns[] = {"a.test", "*.a.test", "c.test"};
constexpr const char* prefixes[] = {"/", "/x", "/x/y", "/z"};
constexpr const char* paths[] = {"/",      "/x",     "/x/y/1",   "/z",   "/x//./y",
                                 "/%78/y", "/x%2Fy", "/z%2f%2e", "/../x"};
constexpr const char* methods[] = {"GET", "POST"};
constexpr const char* header_names[] = {"X-A", "X-B", "User-Agent"};
constexpr const char* values[] = {"1", "2"};
constexpr const char* clients[] = {"10.1.2.3", "192.0.2.7", "203.0.113.9"};

config::HeaderMatch random_condition(Rng& rng) {
  config::HeaderMatch match;
  match.name = pick(rng, header_names);
  match.kind = static_cast<config::HeaderMatch::Kind>(rng() % 3);
  if (match.kind != config::HeaderMatch::Kind::present) match.value = pick(rng, values);
  return match;
}

config::Action random_action(Rng& rng) {
  if (rng() % 6 == 0) return config::RedirectAction{"/elsewhere", 302};
  if (rng() % 6 == 0) return config::RespondAction{503, "closed", "text/plain", {}};
  config::ProxyAction action;
  action.upstream = rng() % 2;
  if (rng() % 4 == 0) action.rewrite_path = "/v2";
  return action;
}

config::Route random_route(Rng& rng, const std::string& name) {
  config::Route route;
  route.name = name;
  route.match.path.text = pick(rng, prefixes);
  if (rng() % 3 == 0) route.match.hosts = {pick(rng, patterns)};
  if (rng() % 4 == 0) route.match.methods = {pick(rng, methods)};
  while (rng() % 3 == 0) route.match.headers.push_back(random_condition(rng));
  if (rng() % 6 == 0) route.match.scheme = config::Scheme::http;
  if (rng() % 4 == 0) route.access = {0};
  route.action = random_action(rng);
  return route;
}

config::Config random_config(Rng& rng) {
  config::Config config;
  config::Listener listener;
  listener.name = "http";
  listener.address = *SocketAddress::parse("127.0.0.1:8080");
  if (rng() % 8 == 0) listener.redirect_to_https.emplace();
  listener.path = static_cast<config::PathForm>(rng() % 3);
  config.listeners = {listener};
  for (const char* name : {"blue", "green"}) {
    config::Upstream upstream;
    upstream.name = name;
    upstream.endpoints = {{"127.0.0.1", 9001, IpAddress::parse("127.0.0.1"), 1}};
    config.upstreams.push_back(upstream);
  }
  config.access_lists = {{"office", {*Cidr::parse("10.0.0.0/8")}, {}}};
  for (std::uint64_t n = 1 + rng() % 6; n > 0; --n)
    config.routes.push_back(random_route(rng, "r" + std::to_string(n)));
  return config;
}

void change(config::Config& config, Rng& rng) {
  config::Route& route = config.routes[rng() % config.routes.size()];
  switch (rng() % 9) {
    case 0:
      return std::swap(route, config.routes[rng() % config.routes.size()]);
    case 1:
      route.action = random_action(rng);
      return;
    case 2:
      route.match.headers.push_back(random_condition(rng));
      return;
    case 3:
      return route.match.headers.clear();
    case 4:
      route.access = route.access.empty() ? std::vector<std::size_t>{0} : std::vector<std::size_t>{};
      return;
    case 5:
      config.access_lists[0].allow = {*Cidr::parse("192.0.2.0/24")};
      return;
    case 6:
      route = random_route(rng, route.name);
      return;
    case 7:
      config.listeners[0].path = static_cast<config::PathForm>(rng() % 3);
      return;
    default:
      config.routes.insert(config.routes.begin(), random_route(rng, "new"));
  }
}

/// What the client or the endpoint sees, and by which route.
struct Truth {
  std::string outcome, route, upstream, target;
  std::int64_t status = 0;
  std::string headers;
  bool operator==(const Truth&) const = default;
};

Truth truth_of(const config::Config& config, const control::ExplainRequest& request) {
  const auto explained = control::explain(config, request, true);
  EXPECT_TRUE(explained) << (explained ? "" : explained.error().detail);
  const boost::json::object whole = boost::json::parse(*explained).as_object();
  Truth truth;
  truth.outcome = whole.at("outcome").as_string();
  if (whole.at("route").is_object()) truth.route = whole.at("route").at("name").as_string();
  if (const auto* proxy = whole.if_contains("proxy")) {
    truth.upstream = proxy->at("upstream").as_string();
    truth.target = proxy->at("request").at(0).as_string();
  } else {
    truth.status = whole.at("answer").at("status").as_int64();
    truth.headers = boost::json::serialize(whole.at("answer").at("headers"));
  }
  return truth;
}

std::string reason_of(const Truth& truth) {
  if (truth.outcome == "refused") return "malformed_request";
  return truth.outcome == "proxy" ? "" : truth.outcome;
}

std::string logged(const control::ExplainRequest& request, const Truth& truth, const std::string& host,
                   const std::string& path, const std::string& agent) {
  boost::json::object line{
      {"method", request.method}, {"host", host}, {"path", path}, {"client_ip", request.client_ip}};
  if (!truth.route.empty()) line["route"] = truth.route;
  if (!reason_of(truth).empty()) line["reason"] = reason_of(truth);
  if (!agent.empty()) line["user_agent"] = agent;
  return log_line(line);
}

struct Tally {
  std::uint64_t same = 0, different = 0, unknown = 0;
};

void check_one(std::uint64_t seed, Tally& tally) {
  Rng rng(seed);
  const config::Config old = random_config(rng);
  config::Config now = old;
  for (std::uint64_t n = rng() % 4; n > 0; --n) change(now, rng);
  Replay replay(old, now, 0);
  for (int i = 0; i < 30; ++i) {
    control::ExplainRequest request;
    request.method = pick(rng, methods);
    const std::string host = pick(rng, hosts), path = pick(rng, paths);
    request.url = "http://" + host + path;
    request.client_ip = pick(rng, clients);
    const std::string agent = rng() % 2 == 0 ? pick(rng, values) : "";
    if (!agent.empty()) request.headers.push_back("User-Agent: " + agent);
    for (const char* name : {"X-A", "X-B"}) {
      if (rng() % 2 == 0) request.headers.push_back(std::string(name) + ": " + pick(rng, values));
    }
    const Truth before = truth_of(old, request), after = truth_of(now, request);
    const Report last = replay.report();
    replay.take(logged(request, before, host, path, agent), 1);
    const Report report = replay.report();
    const bool same = report.same != last.same, different = report.different != last.different;
    ASSERT_TRUE(!same || before == after) << "seed " << seed << ": " << request.method << ' ' << request.url
                                          << ", route " << before.route << " and " << after.route;
    ASSERT_TRUE(!different || before != after)
        << "seed " << seed << ": " << request.method << ' ' << request.url;
    ASSERT_EQ(report.misfits, 0u) << "seed " << seed << ": " << request.method << ' ' << request.url;
    tally.same += same ? 1 : 0;
    tally.different += different ? 1 : 0;
    tally.unknown += report.unknown - last.unknown;
  }
}

TEST(ReplayAgreement, WithExplainWhichHasTheWholeRequest) {
  Tally tally;
  for (std::uint64_t seed = 0; seed < 400 && !testing::Test::HasFatalFailure(); ++seed)
    check_one(seed, tally);
  const std::uint64_t all = tally.same + tally.different + tally.unknown;
  EXPECT_GT(tally.different, all / 20) << "changes are seen";
  EXPECT_LT(tally.unknown, all / 5) << "most can be said";
}

}  // namespace
}  // namespace weir::replay
