#include "admin/live_view.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "admin/generation_tag.hpp"
#include "admin/json_objects.hpp"
#include "admin/problems.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;
using observe::TrafficHistory;
using observe::WorkerMetrics;

/// With two places behind the point, and none where it is whole.
json::value number(double value) {
  const double rounded = std::round(value * 100) / 100;
  if (rounded == std::floor(rounded)) return static_cast<std::int64_t>(rounded);
  return rounded;
}

json::value milliseconds(double seconds) {
  return number(seconds * 1000);
}

void add_quantiles(json::object& shown, const observe::TrafficRates& rates) {
  if (rates.p50) shown["p50_ms"] = milliseconds(*rates.p50);
  if (rates.p95) shown["p95_ms"] = milliseconds(*rates.p95);
  if (rates.p99) shown["p99_ms"] = milliseconds(*rates.p99);
}

/// `now`: nullptr where there is no history of it.
void add_traffic(json::object& shown, const TrafficHistory::Now* now) {
  if (now == nullptr) return;
  shown["requests"] = now->totals.requests;
  shown["rps"] = number(now->rates.requests);
  shown["client_errors_ps"] = number(now->rates.client_errors);
  shown["failed_ps"] = number(now->rates.failed);
  add_quantiles(shown, now->rates);
}

json::object process_of(const LiveFacts& facts) {
  const StatusReport& status = facts.status;
  return {{"version", status.version},
          {"commit", status.commit},
          {"pid", status.pid},
          {"boot", facts.boot_mark},
          {"state", state_name(status.state)},
          {"started", time_text(status.started)},
          {"workers", status.workers},
          {"token_needed", facts.has_token},
          {"overload", to_object(status.overload)}};
}

json::object config_of(const LiveFacts& facts) {
  const StatusReport& status = facts.status;
  json::object shown{{"generation", status.generation},
                     {"tag", generation_tag(facts.boot_mark, status.generation)},
                     {"hash", status.config_hash},
                     {"files", json::array(status.config_files.begin(), status.config_files.end())},
                     {"last_reload", last_reload(status)},
                     {"guard", to_object(status.guard)}};
  if (facts.last_changes) shown["changes"] = to_object(*facts.last_changes);
  return shown;
}

json::object traffic_of(const LiveFacts& facts, const TrafficHistory& history) {
  json::object shown;
  add_traffic(shown, &history.all());
  shown["in_flight"] = history.all().totals.in_flight;
  std::int64_t active = 0, idle = 0;
  for (const ListenerReport& listener : facts.status.listeners) {
    active += listener.active;
    idle += listener.idle;
  }
  shown["connections"] = {{"active", active}, {"idle", idle}};
  return shown;
}

json::object pause_of(const PauseReport& pause) {
  return {{"who", pause.who},
          {"reason", pause.reason},
          {"until", time_text(pause.until)},
          {"waiting", pause.waiting},
          {"queue", pause.queue}};
}

json::object routes_of(const LiveFacts& facts, const TrafficHistory& history) {
  json::object shown;
  std::size_t place = 0;
  for (const LiveRoute& route : facts.routes) {
    json::object one{{"place", place++},
                     {"match", route.match},
                     {"action", route.action},
                     {"upstreams", json::array(route.upstreams.begin(), route.upstreams.end())}};
    const TrafficHistory::Now* const now = history.route(route.name);
    add_traffic(one, now);
    if (now != nullptr) one["in_flight"] = now->totals.in_flight;
    shown[route.name] = std::move(one);
  }
  for (const PauseReport& pause : facts.status.pauses) {
    json::value* const route = shown.if_contains(pause.route);
    if (pause.paused && route != nullptr) route->get_object()["pause"] = pause_of(pause);
  }
  return shown;
}

json::object endpoint_of(const UpstreamReport& upstream, const EndpointReport& endpoint,
                         const TrafficHistory& history) {
  json::object shown = to_object(endpoint);
  if (const TrafficHistory::Now* const now = history.endpoint(upstream.name, endpoint.address)) {
    shown["requests"] = now->totals.requests;
    shown["failures"] = now->totals.failed;
    shown["rps"] = number(now->rates.requests);
    shown["failed_ps"] = number(now->rates.failed);
    add_quantiles(shown, now->rates);
  }
  return shown;
}

json::object upstreams_of(const LiveFacts& facts, const TrafficHistory& history, std::size_t& left_out) {
  json::object shown;
  std::size_t place = 0, room = TrafficHistory::endpoints_max;
  for (const UpstreamReport& upstream : facts.upstreams) {
    json::object endpoints;
    std::size_t row = 0;
    for (const EndpointReport& endpoint : upstream.endpoints) {
      if (room == 0) {
        ++left_out;
        continue;
      }
      --room;
      json::object one = endpoint_of(upstream, endpoint, history);
      one["place"] = row++;
      endpoints[endpoint.address] = std::move(one);
    }
    json::object one{{"place", place++},
                     {"protocol", upstream.protocol},
                     {"balance", upstream.balance},
                     {"panic", upstream.panic},
                     {"queue", {{"waiting", upstream.waiting}, {"max", upstream.queue_max}}},
                     {"endpoints", std::move(endpoints)}};
    add_traffic(one, history.upstream(upstream.name));
    shown[upstream.name] = std::move(one);
  }
  return shown;
}

json::object splits_of(const LiveFacts& facts, SystemTime now) {
  json::object shown;
  for (const SplitReport& split : facts.splits) {
    json::object one = to_object(split, now);
    one.erase("ttl_seconds");  // `expires` says the same, and does not change each second
    one.erase("route");
    shown[split.route] = std::move(one);
  }
  return shown;
}

json::object rollouts_of(const LiveFacts& facts) {
  json::object shown;
  for (const RolloutReport& rollout : facts.rollouts) {
    json::object one = to_object(rollout);
    one.erase("route");
    shown[rollout.route] = std::move(one);
  }
  return shown;
}

json::object limits_of(const LiveFacts& facts, const LimitRates& rates) {
  json::object shown;
  std::size_t place = 0;
  for (const LiveLimit& limit : facts.limits) {
    json::object one{{"place", place++},
                     {"mode", limit.is_shadow ? "shadow" : "refuse"},
                     {"keys", limit.keys},
                     {"evictions", limit.evictions}};
    if (const LimitRates::Rate* const rate = rates.find(limit.name)) {
      one["refused"] = rate->refused;
      one["shadow"] = rate->shadow;
      one["refused_ps"] = number(rate->refused_per_second);
      one["shadow_ps"] = number(rate->shadow_per_second);
    }
    shown[limit.name] = std::move(one);
  }
  return shown;
}

json::object listeners_of(const LiveFacts& facts) {
  json::object shown;
  std::size_t place = 0;
  for (const ListenerReport& listener : facts.status.listeners) {
    shown[listener.name] = {{"place", place++},      {"address", listener.address},
                            {"tls", listener.tls},   {"active", listener.active},
                            {"idle", listener.idle}, {"accepted", listener.connections_total}};
  }
  return shown;
}

json::array workers_of(const LiveFacts& facts) {
  json::array shown;
  for (const LiveWorker& worker : facts.workers) {
    shown.push_back({{"requests", worker.requests},
                     {"rps", number(worker.per_second)},
                     {"connections", worker.connections}});
  }
  return shown;
}

json::array certificates_of(const LiveFacts& facts) {
  json::array shown;
  for (const observe::CertificateFacts& certificate : facts.certificates) {
    shown.push_back({{"listener", certificate.listener},
                     {"subject", certificate.subject},
                     {"not_after", time_text(certificate.not_after)}});
  }
  return shown;
}

/// What is no JSON is left out: a line of the file may have been cut.
json::array audit_of(const LiveFacts& facts) {
  json::array shown;
  for (const std::string& line : facts.audit) {
    boost::system::error_code error;
    json::value entry = json::parse(line, error);
    if (!error && entry.is_object()) shown.push_back(std::move(entry));
  }
  return shown;
}

template <class Value, class Shown>
void add_points(json::object& shown, std::string_view key, const std::vector<std::optional<Value>>& points,
                Shown show) {
  const bool is_empty =
      std::ranges::all_of(points, [](const auto& point) { return !point || *point == Value{}; });
  if (is_empty) return;
  json::array list;
  list.reserve(points.size());
  for (const auto& point : points) list.push_back(point ? show(*point) : json::value(nullptr));
  shown[key] = std::move(list);
}

json::object points_object(const observe::TrafficPoints& points) {
  json::object shown;
  const auto count = [](std::uint64_t value) { return json::value(value); };
  add_points(shown, "requests", points.requests, count);
  add_points(shown, "failed", points.failed, count);
  add_points(shown, "p95_ms", points.p95, milliseconds);
  return shown;
}

json::object points_by_name(const std::vector<std::pair<std::string, observe::TrafficPoints>>& all) {
  json::object shown;
  for (const auto& [name, points] : all) {
    json::object one = points_object(points);
    if (!one.empty()) shown[name] = std::move(one);
  }
  return shown;
}

}  // namespace

void LimitRates::add(const WorkerMetrics& merged, const observe::NameTable& names,
                     const std::vector<LiveLimit>& limits, TimePoint now) {
  const double elapsed = last_ ? std::chrono::duration<double>(now - *last_).count() : 0;
  last_ = now;
  std::map<observe::NameId, observe::LimitCounters> counted;  // over all routes
  for (const auto& [pair, counters] : merged.limits) counted[WorkerMetrics::first_of(pair)].merge(counters);
  std::map<std::string, Rate> rates;
  for (const LiveLimit& limit : limits) {
    const observe::LimitCounters& total = counted[names.find(limit.name)];
    Rate rate{total.refused, total.shadow, 0, 0};
    const auto before = rates_.find(limit.name);
    if (before != rates_.end() && elapsed > 0) {
      const auto per_second = [elapsed](std::uint64_t after, std::uint64_t earlier) {
        return static_cast<double>(after - std::min(earlier, after)) / elapsed;
      };
      rate.refused_per_second = per_second(rate.refused, before->second.refused);
      rate.shadow_per_second = per_second(rate.shadow, before->second.shadow);
    }
    rates.emplace(limit.name, rate);
  }
  rates_ = std::move(rates);
}

const LimitRates::Rate* LimitRates::find(const std::string& limit) const {
  const auto found = rates_.find(limit);
  return found == rates_.end() ? nullptr : &found->second;
}

std::vector<LiveWorker> WorkerRates::add(const WorkerMetrics& merged, TimePoint now) {
  const double elapsed = last_ ? std::chrono::duration<double>(now - *last_).count() : 0;
  last_ = now;
  std::vector<LiveWorker> workers(merged.shares.size());
  for (const WorkerMetrics::Share& share : merged.shares) {
    if (share.worker >= workers.size()) continue;
    LiveWorker& worker = workers[share.worker];
    worker.requests = share.requests;
    worker.connections = share.connections;
    if (elapsed > 0 && share.worker < before_.size())
      worker.per_second = static_cast<double>(share.requests - before_[share.worker]) / elapsed;
  }
  before_.clear();
  for (const LiveWorker& worker : workers) before_.push_back(worker.requests);
  return workers;
}

json::object live_view(const LiveFacts& facts, const TrafficHistory& history, const LimitRates& limits,
                       SystemTime now) {
  std::size_t endpoints_left_out = 0;
  json::object view{{"at", time_text(now)},
                    {"process", process_of(facts)},
                    {"config", config_of(facts)},
                    {"problems", problems(facts, now)},
                    {"traffic", traffic_of(facts, history)},
                    {"routes", routes_of(facts, history)},
                    {"rollouts", rollouts_of(facts)},
                    {"splits", splits_of(facts, now)},
                    {"upstreams", upstreams_of(facts, history, endpoints_left_out)},
                    {"limits", limits_of(facts, limits)},
                    {"workers", workers_of(facts)},
                    {"listeners", listeners_of(facts)},
                    {"certificates", certificates_of(facts)},
                    {"audit", audit_of(facts)}};
  view["left_out"] = {{"routes", facts.left_out.routes},
                      {"upstreams", facts.left_out.upstreams},
                      {"endpoints", endpoints_left_out}};
  return view;
}

json::object history_object(const TrafficHistory& history) {
  return {{"seconds", history.size()},
          {"all", points_object(history.points_of_all())},
          {"routes", points_by_name(history.points_of_routes())},
          {"upstreams", points_by_name(history.points_of_upstreams())}};
}

}  // namespace weir::control
