// Deciding: which route, which side of a split, which endpoint.
#include <deque>
#include <string>

#include "balance/balance.hpp"
#include "core/rng.hpp"
#include "measure.hpp"
#include "route/table.hpp"
#include "split/split.hpp"

namespace weir::bench {
namespace {

/// Routes that share ten hosts, each with a path prefix of its own, and a last one for everything.
std::vector<config::Route> routes(std::size_t count) {
  std::vector<config::Route> all(count);
  for (std::size_t i = 0; i + 1 < count; ++i) {
    all[i].name = "r" + std::to_string(i);
    all[i].match.hosts = {"h" + std::to_string(i % 10) + ".example.com"};
    all[i].match.path.text = "/api/service-" + std::to_string(i) + "/v1";
  }
  all[count - 1].name = "rest";
  return all;
}

/// The route in the middle of the file, found by host and prefix.
void route_lookup(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const route::RouteTable table(routes(count));
  const std::size_t wanted = count / 2;
  const std::string host = "h" + std::to_string(wanted % 10) + ".example.com";
  const std::string path = "/api/service-" + std::to_string(wanted) + "/v1/items/4711";
  const std::vector<http::Field> fields{{http::FieldId::accept, "Accept", "*/*"}};
  route::Request request;
  request.host = host;
  request.path = path;
  request.method = "GET";
  request.fields = &fields;
  if (table.find(request) != wanted) state.SkipWithError("another route matched");
  measure(state, [&] { benchmark::DoNotOptimize(table.find(request)); });
}
BENCHMARK(route_lookup)->Arg(10)->Arg(100)->Arg(10'000);

/// The last resort: nothing but the catch-all matches.
void route_miss(benchmark::State& state) {
  const route::RouteTable table(routes(static_cast<std::size_t>(state.range(0))));
  const std::vector<http::Field> fields;
  route::Request request;
  request.host = "h3.example.com";
  request.path = "/api/service-x/v1/items/4711";
  request.method = "GET";
  request.fields = &fields;
  measure(state, [&] { benchmark::DoNotOptimize(table.find(request)); });
}
BENCHMARK(route_miss)->Arg(10)->Arg(10'000);

/// Two upstreams, 95 to 5: by turns, or by what the client has with it; and while a rollout compares them.
void split_choice(benchmark::State& state, config::AffinityBy by, bool is_compared) {
  config::Split config;
  config.targets = {{0, 95}, {1, 5}};
  config.affinity.by = by;
  const std::vector<std::string_view> names{"blue", "green"};
  const split::Split rules(config, "api", names);
  const std::vector<std::uint32_t> weights{19, 1};
  const SipKey turn_key{1, 2}, client_key{3, 4};
  const std::vector<http::Field> fields{{http::FieldId::accept, "Accept", "*/*"}};
  split::Shared shared;
  split::Request request;
  request.fields = fields;
  request.client_ip = *IpAddress::parse("203.0.113.9");
  if (is_compared) {
    request.turn_key = &turn_key;
    request.client_key = &client_key;
  }
  Rng rng(1);
  char key[split::cookie_key_digits];
  measure(state, [&] {
    request.random = rng();
    benchmark::DoNotOptimize(rules.choose(request, weights, shared, key).target);
  });
}
BENCHMARK_CAPTURE(split_choice, turns, config::AffinityBy::none, false);
BENCHMARK_CAPTURE(split_choice, compared_turns, config::AffinityBy::none, true);
BENCHMARK_CAPTURE(split_choice, client_ip, config::AffinityBy::client_ip, false);
BENCHMARK_CAPTURE(split_choice, compared_client_ip, config::AffinityBy::client_ip, true);
BENCHMARK_CAPTURE(split_choice, new_cookie, config::AffinityBy::cookie, false);

/// A pick and its end, weights 1 and 2 in turn, one request in flight at every fifth.
void pick(benchmark::State& state, config::Balance policy) {
  std::deque<upstream::EndpointState> endpoints;
  std::vector<upstream::Candidate> candidates;
  for (std::size_t i = 0; i < static_cast<std::size_t>(state.range(0)); ++i) {
    endpoints.emplace_back("app", "127.0.0.1:" + std::to_string(9000 + i), SocketAddress{}, i);
    endpoints.back().in_flight = i % 5 == 0 ? 1 : 0;
    candidates.push_back({&endpoints.back(), 1 + static_cast<std::uint32_t>(i % 2)});
  }
  balance::Shared shared;
  const balance::Rules rules(policy);
  Rng rng(1);
  measure(state, [&] {
    balance::PickRequest request;
    request.now = TimePoint{} + std::chrono::hours(1);
    request.random = request.key = rng();
    const balance::Pick picked = balance::acquire(rules, shared, candidates, request);
    balance::release(*candidates[picked.index].state);
  });
}
BENCHMARK_CAPTURE(pick, least_connections, config::Balance::least_connections)->Arg(3)->Arg(100);
BENCHMARK_CAPTURE(pick, round_robin, config::Balance::round_robin)->Arg(3)->Arg(100);
BENCHMARK_CAPTURE(pick, random_two, config::Balance::random_two)->Arg(3)->Arg(100);
BENCHMARK_CAPTURE(pick, least_latency, config::Balance::least_latency)->Arg(3)->Arg(100);
BENCHMARK_CAPTURE(pick, hash, config::Balance::hash)->Arg(3)->Arg(100);

}  // namespace
}  // namespace weir::bench
