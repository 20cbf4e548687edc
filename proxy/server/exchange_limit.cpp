// Whether the route's rate limits admit the request: decided before any upstream work and before its body is read.
#include <algorithm>
#include <boost/container/static_vector.hpp>

#include "limit/limiter.hpp"
#include "route/readings.hpp"
#include "server/exchange_decide.hpp"
#include "server/worker.hpp"

namespace weir::server {
namespace {

static_assert(limit::demands_max >= config::rate_limits_per_route_max);

using Demands = boost::container::static_vector<limit::Demand, limit::demands_max>;
using Met = boost::container::static_vector<const LimitRuntime*, limit::demands_max>;  // one a demand

void append_list(std::string& out, std::string_view start, std::string_view member) {
  out.append(out.ends_with("\r\n") || out.empty() ? start : ", ").append(member);
}

/// Limits in shadow and silent ones do not show.
bool shows(const LimitRuntime& limit) {
  return limit.config->headers && !limit.config->shadow;
}

/// What the limits are, for the answer, whatever it will be.
void write_policies(std::string& out, const Met& met) {
  for (const LimitRuntime* limit : met) {
    if (shows(*limit)) append_list(out, "RateLimit-Policy: ", limit->policy);
  }
  if (!out.empty()) out += "\r\n";
}

/// Where the client stands; behind the policies.
void write_states(std::string& out, const Met& met, const Demands& demands, limit::Nanoseconds now) {
  if (out.empty()) return;
  std::uint64_t retry_after = 0;
  for (std::size_t i = 0; i < demands.size(); ++i) {
    if (!shows(*met[i])) continue;
    const limit::Nanoseconds until_next = demands[i].until_next(now);
    append_list(out, "RateLimit: ", {});
    limit::append_limit_member(out, met[i]->config->name, demands[i].tokens(now), until_next);
    if (!demands[i].has_token) retry_after = std::max(retry_after, limit::seconds_of(until_next));
  }
  out += "\r\n";
  if (retry_after != 0) out.append("Retry-After: ").append(std::to_string(retry_after)).append("\r\n");
}

}  // namespace

/// Counts, and remembers for the log: a refusal before what only would have been one.
void Decider::note_limited(const LimitRuntime& limit) {
  auto& counters = context_.worker.metrics().limit(limit.name, decided_.route->name);
  if (limit.config->shadow) {
    ++counters.shadow;
    if (decided_.limited_by == nullptr) decided_.limited_by = &limit;
  } else {
    ++counters.refused;
    if (decided_.refused_by == nullptr) decided_.limited_by = decided_.refused_by = &limit;
  }
}

/// From all of the route's limits, or from none.
Result<void> Decider::take_tokens() {
  const limit::KeySource source{decided_.forwarded.client_ip, decided_.host,
                                route::key_path(decided_.path, decided_.decoded_path),
                                decided_.route->config->name, context_.head.fields};
  Demands demands;
  Met met;
  Met without_key;
  for (const LimitRuntime* limit : decided_.route->limits) {
    const auto key = limit->key.key_of(source, limit->table->secret());
    if (key.outcome == limit::KeyRule::Outcome::refuse) {
      note_limited(*limit);
      without_key.push_back(limit);
    }
    if (key.outcome != limit::KeyRule::Outcome::found) continue;
    demands.emplace_back(*limit->table, key.hash, limit->config->shadow);
    met.push_back(limit);
  }
  if (decided_.refused_by == nullptr) {
    // Not the loop's time: it may be a whole turn old, and who waited as told must be admitted.
    const limit::Nanoseconds now = limit::nanoseconds_of(Clock::now());
    limit::take_all({demands.data(), demands.size()}, now);
    for (std::size_t i = 0; i < demands.size(); ++i) {
      if (!demands[i].has_token) note_limited(*met[i]);
    }
    write_policies(decided_.limit_fields, met);
    write_states(decided_.limit_fields, met, demands, now);
  } else {
    write_policies(decided_.limit_fields, without_key);  // no bucket was looked at
  }
  if (decided_.refused_by == nullptr) return {};
  return client_error(ErrorKind::rate_limited, "rate limit " + decided_.refused_by->config->name);
}

}  // namespace weir::server
