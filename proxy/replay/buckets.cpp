#include "replay/buckets.hpp"

#include <algorithm>
#include <boost/container/static_vector.hpp>
#include <set>
#include <string>

#include "limit/limiter.hpp"
#include "replay/unlogged.hpp"
#include "route/readings.hpp"

namespace weir::replay {
namespace {

using Kind = config::RateLimitKey::Kind;

constexpr std::size_t keys_min = 1'024;
// Between two runs the same, so that a replay can be repeated.
constexpr SipKey secret{0x7765697220726570u, 0x6c6179206b657973u};

std::set<std::string> routes_with(const config::Config& config, const std::string& limit) {
  std::set<std::string> routes;
  for (const config::Route& route : config.routes) {
    for (const std::size_t index : route.rate_limits) {
      if (config.rate_limits[index].name == limit) routes.insert(route.name);
    }
  }
  return routes;
}

bool is_alike(const config::Config& config, const config::Config& other, const config::RateLimit& limit) {
  const auto found = std::ranges::find(other.rate_limits, limit.name, &config::RateLimit::name);
  return found != other.rate_limits.end() && *found == limit &&
         routes_with(config, limit.name) == routes_with(other, limit.name);
}

bool is_in_log(const config::RateLimitKey& part) {
  return part.kind == Kind::header ? is_logged(part.name) : part.kind != Kind::cookie;
}

limit::TokenBucket tokens_of(const config::RateLimit& limit) {
  return limit::TokenBucket::make(limit.rate.count, limit.rate.period, limit.burst)
      .value_or(limit::TokenBucket());
}

}  // namespace

Buckets::Limit::Limit(const config::RateLimit& limit, std::size_t keys)
    : config(&limit), key(limit), table(limit::BucketTable::make(keys, secret, tokens_of(limit))) {
  logged = std::ranges::all_of(limit.key, is_in_log);
  needs_client = std::ranges::any_of(limit.key, [](const config::RateLimitKey& part) {
    return part.kind == Kind::client_ip || part.kind == Kind::header;  // a missing header becomes the address
  });
}

Buckets::Buckets(const config::Config& config, const config::Config& other) {
  const std::size_t all = std::max<std::size_t>(config.rate_limits.size() + other.rate_limits.size(), 1);
  const std::size_t room = bucket_bytes_max / limit::BucketTable::bytes_per_key / all;
  limits_.reserve(config.rate_limits.size());
  for (const config::RateLimit& limit : config.rate_limits) {
    limits_.emplace_back(limit, std::clamp<std::size_t>(room, keys_min, std::max(limit.max_keys, keys_min)));
    limits_.back().alike = is_alike(config, other, limit);
  }
}

Buckets::Decision Buckets::decide(const LoggedRequest& request, const Asked& asked, const Verdict& verdict) {
  Decision decision;
  if (verdict.route->rate_limits.empty()) return decision;
  fields_.clear();
  add_logged_fields(request, fields_);
  const limit::KeySource source{request.client_ip, asked.host,
                                route::key_path(asked.path, asked.decoded_path), verdict.route->name,
                                fields_};
  boost::container::static_vector<limit::Demand, limit::demands_max> demands;
  boost::container::static_vector<const config::RateLimit*, limit::demands_max> met;
  for (const std::size_t index : verdict.route->rate_limits) {
    Limit& limit = limits_[index];
    if (!limit.logged || !limit.table || (limit.needs_client && !asked.client_known)) {
      if (limit.config->shadow) continue;
      const bool refused = request.limit == limit.config->name && request.limit_decision == "refused";
      if (!limit.alike) decision.unknown = limit.config;
      if (limit.alike && refused) decision.refused_by = limit.config;
      continue;
    }
    const auto key = limit.key.key_of(source, secret);
    if (key.outcome == limit::KeyRule::Outcome::refuse && !limit.config->shadow)
      decision.refused_by = limit.config;
    if (key.outcome != limit::KeyRule::Outcome::found) continue;
    demands.emplace_back(*limit.table, key.hash, limit.config->shadow);
    met.push_back(limit.config);
  }
  if (decision.refused_by != nullptr) return decision;
  limit::take_all({demands.data(), demands.size()},
                  static_cast<limit::Nanoseconds>(std::max<std::int64_t>(request.ts_ns, 0)));
  for (std::size_t i = 0; i < demands.size() && decision.refused_by == nullptr; ++i) {
    if (!demands[i].has_token && !demands[i].shadow) decision.refused_by = met[i];
  }
  return decision;
}

std::uint64_t Buckets::evictions() const {
  std::uint64_t all = 0;
  for (const Limit& limit : limits_) all += limit.table ? limit.table->evictions() : 0;
  return all;
}

}  // namespace weir::replay
