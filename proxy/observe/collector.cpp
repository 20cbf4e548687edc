#include "observe/collector.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "observe/metric_family.hpp"
#include "route/mirror.hpp"
#include "split/split.hpp"

namespace weir::observe {

namespace {

using Families = std::vector<prometheus::MetricFamily>;

constexpr std::array<const char*, 6> status_classes{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

double unix_seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

/// Key of a StableTable whose keys are plain names.
NameId as_name(std::uint64_t key) {
  return static_cast<NameId>(key);
}

/// (upstream, endpoint), or (route, upstream), as labels.
Labels pair_labels(const NameTable& names, std::uint64_t key, const char* first, const char* second) {
  return {{first, names.name(WorkerMetrics::first_of(key))},
          {second, names.name(WorkerMetrics::second_of(key))}};
}

Labels endpoint_labels(const NameTable& names, std::uint64_t key) {
  return pair_labels(names, key, "upstream", "endpoint");
}

Labels with(Labels labels, const char* name, std::string value) {
  labels.push_back({name, std::move(value)});
  return labels;
}

void add_requests(Families& out, const WorkerMetrics& merged, const NameTable& names) {
  auto requests = Family::counter("http_requests_total", "Requests answered, or given up by their client.");
  for (const auto& [packed, count] : merged.requests) {
    const auto key = WorkerMetrics::RequestKey::unpack(packed);
    requests.add({{"route", names.name(key.route)},
                  {"upstream", names.name(key.upstream)},
                  {"method", std::string(http::to_string(key.method))},
                  {"status", key.status == 0 ? "other" : std::to_string(key.status)}},
                 count);
  }
  auto duration = Family::histogram("http_request_duration_seconds",
                                    "Time from a request's first byte to the last byte of its response.");
  for (const auto& [key, histogram] : merged.request_duration) {
    duration.add(pair_labels(names, key, "route", "upstream"), histogram);
  }
  auto in_flight = Family::gauge("http_requests_in_flight", "Requests being worked on.");
  for (const auto& [key, count] : merged.in_flight)
    in_flight.add({{"route", names.name(as_name(key))}}, count);
  out.push_back(std::move(requests).take());
  out.push_back(std::move(duration).take());
  out.push_back(std::move(in_flight).take());
}

/// One series a status that occurred.
void add_statuses(Family& calls, const Labels& labels, const GrpcCounters& counters) {
  for (std::size_t i = 0; i < counters.by_status.size(); ++i) {
    if (counters.by_status[i] == 0) continue;
    const std::string_view status = grpc::to_string(static_cast<grpc::Status>(i));
    calls.add(with(labels, "grpc_status", std::string(status)), counters.by_status[i]);
  }
  if (counters.none != 0) calls.add(with(labels, "grpc_status", "none"), counters.none);
}

void add_grpc(Families& out, const WorkerMetrics& merged, const NameTable& names) {
  auto calls = Family::counter("weir_grpc_requests_total",
                               "Calls of gRPC, by the status that they ended with (none: the endpoint said "
                               "none).");
  for (const auto& [key, counters] : merged.grpc_calls) {
    add_statuses(calls, pair_labels(names, key, "route", "upstream"), counters);
  }
  out.push_back(std::move(calls).take());
}

void add_refusals(Families& out, const WorkerMetrics& merged, const NameTable& names) {
  auto refused = Family::counter("weir_requests_refused_total",
                                 "Requests refused by their route: an access list, or max_in_flight.");
  for (const auto& [key, counters] : merged.refusals) {
    const Labels route{{"route", names.name(as_name(key))}};
    refused.add(with(route, "reason", "access_denied"), counters.access_denied);
    refused.add(with(route, "reason", "max_in_flight"), counters.max_in_flight);
  }
  out.push_back(std::move(refused).take());
}

void add_listeners(Families& out, const WorkerMetrics& merged, const NameTable& names) {
  auto open = Family::gauge("weir_connections", "Open client connections; idle ones wait between requests.");
  auto accepted = Family::counter("weir_connections_total", "Client connections accepted.");
  auto refused = Family::counter("weir_connections_refused_total",
                                 "Client connections refused: server.max_connections, or the "
                                 "listener's connections_per_client, was reached.");
  auto aged = Family::counter("weir_connections_aged_total",
                              "Client connections and tunnels that were ended because of their age, by the "
                              "key of limits.");
  auto handshakes = Family::counter("weir_tls_handshakes_total", "TLS handshakes with clients.");
  auto ended =
      Family::counter("weir_slow_clients_total",
                      "Requests and responses that were cut because of the client's pace, by the key "
                      "of limits.");
  auto discards =
      Family::counter("weir_request_discards_total",
                      "Request bodies that were read and dropped after the answer, by what ended it.");
  auto discarded = Family::counter("weir_request_discarded_bytes_total", "Bytes of these bodies.");
  for (const auto& [key, counters] : merged.listeners) {
    const Labels listener{{"listener", names.name(as_name(key))}};
    open.add(with(listener, "state", "active"), counters.active);
    open.add(with(listener, "state", "idle"), counters.idle);
    accepted.add(listener, counters.connections_total);
    refused.add(with(listener, "reason", "max_connections"), counters.refused_total);
    refused.add(with(listener, "reason", "connections_per_client"), counters.refused_clients);
    aged.add(with(listener, "reason", "connection_max_age"), counters.old_connections);
    aged.add(with(listener, "reason", "tunnel_max_age"), counters.old_tunnels);
    ended.add(with(listener, "reason", "body_idle_timeout"), counters.clients_ended.body_idle_timeout);
    ended.add(with(listener, "reason", "body_min_rate"), counters.clients_ended.body_min_rate);
    ended.add(with(listener, "reason", "send_timeout"), counters.clients_ended.send_timeout);
    ended.add(with(listener, "reason", "response_min_rate"), counters.clients_ended.response_min_rate);
    discards.add(with(listener, "end", "complete"), counters.discards.complete);
    discards.add(with(listener, "end", "client_gone"), counters.discards.client_gone);
    discards.add(with(listener, "end", "discard_bytes"), counters.discards.discard_bytes);
    discards.add(with(listener, "end", "discard_min_rate"), counters.discards.discard_min_rate);
    discards.add(with(listener, "end", "discard_timeout"), counters.discards.discard_timeout);
    discarded.add(listener, counters.discards.bytes);
    for (const auto& [result_version, count] : counters.handshakes) {
      const std::size_t bar = std::min(result_version.find('|'), result_version.size());
      const std::size_t version = std::min(bar + 1, result_version.size());
      const Labels result = with(listener, "result", result_version.substr(0, bar));
      handshakes.add(with(result, "version", result_version.substr(version)), count);
    }
  }
  for (Family* family : {&open, &accepted, &refused, &aged, &handshakes, &ended, &discards, &discarded})
    out.push_back(std::move(*family).take());
}

void add_http2(Families& out, const WorkerMetrics& merged, const NameTable& names) {
  auto connections = Family::counter("weir_http2_connections_total", "Client connections that began HTTP/2.");
  auto closed =
      Family::counter("weir_http2_connections_closed_total",
                      "Client connections of HTTP/2 that were ended because of what the client did.");
  auto rejected = Family::counter("weir_http2_streams_rejected_total",
                                  "Requests of HTTP/2 that were reset instead of being answered.");
  auto delayed = Family::counter("weir_http2_streams_delayed_total",
                                 "Requests of HTTP/2 that waited before they began: others stood still.");
  auto streams =
      Family::gauge("weir_http2_streams",
                    "Requests of HTTP/2 that wait before they begin (waiting), and responses that wait for "
                    "a window of their client (standing).");
  for (const auto& [key, counters] : merged.listeners) {
    const ListenerCounters::Http2& http2 = counters.http2;
    if (http2.connections_total == 0 && http2.closed.begin() == http2.closed.end()) continue;
    const Labels listener{{"listener", names.name(as_name(key))}};
    connections.add(listener, http2.connections_total);
    for (const auto& [reason, count] : http2.closed) closed.add(with(listener, "reason", reason), count);
    rejected.add(with(listener, "reason", "concurrent_streams"), http2.refused_streams);
    rejected.add(with(listener, "reason", "malformed"), http2.malformed_streams);
    rejected.add(with(listener, "reason", "draining"), http2.late_streams);
    rejected.add(with(listener, "reason", "header_bytes"), http2.held_heads);
    delayed.add(listener, http2.delayed_streams);
    streams.add(with(listener, "state", "waiting"), http2.waiting_streams);
    streams.add(with(listener, "state", "standing"), http2.standing_streams);
  }
  for (Family* family : {&connections, &closed, &rejected, &delayed, &streams})
    out.push_back(std::move(*family).take());
}

void add_endpoint_counters(Families& out, const WorkerMetrics& merged, const NameTable& names) {
  auto requests =
      Family::counter("weir_upstream_requests_total",
                      "Requests sent to an endpoint, by class of its response (none: no response).");
  auto duration = Family::histogram("weir_upstream_duration_seconds",
                                    "Time from choosing an endpoint to the last byte of its response.");
  auto connections = Family::gauge("weir_upstream_connections", "Open connections to an endpoint.");
  auto streams =
      Family::gauge("weir_upstream_streams", "Requests that run on connections of HTTP/2 to an endpoint.");
  auto failures =
      Family::counter("weir_upstream_failures_total",
                      "Failed requests to an endpoint, by error or by a status that counts as a failure.");
  auto ejections = Family::counter("weir_ejections_total", "Times that passive health took an endpoint out.");
  auto held = Family::counter("weir_ejections_held_total",
                              "Failures after which an endpoint stayed although its ejection was due, or "
                              "that are not counted because their cause is the request.");
  for (const auto& [key, counters] : merged.endpoints) {
    const Labels endpoint = endpoint_labels(names, key);
    for (std::size_t i = 0; i < status_classes.size(); ++i) {
      if (counters.responses[i] == 0) continue;
      requests.add(with(endpoint, "status", status_classes[i]), counters.responses[i]);
    }
    duration.add(endpoint, counters.duration);
    connections.add(with(endpoint, "state", "active"), counters.active);
    connections.add(with(endpoint, "state", "idle"), counters.idle);
    streams.add(endpoint, counters.streams);
    for (const auto& [kind, count] : counters.failures) failures.add(with(endpoint, "kind", kind), count);
    for (const auto& [reason, count] : counters.ejections)
      ejections.add(with(endpoint, "reason", reason), count);
    for (const auto& [reason, count] : counters.ejections_held)
      held.add(with(endpoint, "reason", reason), count);
  }
  for (Family* family : {&requests, &duration, &connections, &streams, &failures, &ejections, &held}) {
    out.push_back(std::move(*family).take());
  }
}

void add_retries(Families& out, const WorkerMetrics& merged, const NameTable& names) {
  auto retries =
      Family::counter("weir_upstream_retries_total",
                      "Requests sent again (stale: a kept connection had died; unprocessed: the endpoint "
                      "had not looked at them), or not although that was wanted (budget_exhausted, "
                      "no_other_endpoint, endpoint_busy).");
  for (const auto& [key, counters] : merged.upstreams) {
    const Labels upstream{{"upstream", names.name(as_name(key))}};
    retries.add(with(upstream, "outcome", "succeeded"), counters.retries_succeeded);
    retries.add(with(upstream, "outcome", "failed"), counters.retries_failed);
    retries.add(with(upstream, "outcome", "stale"), counters.stale_retries);
    retries.add(with(upstream, "outcome", "unprocessed"), counters.unprocessed_retries);
    retries.add(with(upstream, "outcome", "budget_exhausted"), counters.retries_over_budget);
    retries.add(with(upstream, "outcome", "no_other_endpoint"), counters.retries_without_endpoint);
    retries.add(with(upstream, "outcome", "endpoint_busy"), counters.retries_without_room);
  }
  out.push_back(std::move(retries).take());
}

void add_balancing(Families& out, const WorkerMetrics& merged, const NameTable& names,
                   const std::vector<UpstreamFacts>& upstreams) {
  auto refused =
      Family::counter("weir_upstream_refused_total",
                      "Requests refused by their upstream: max_requests, or every endpoint was at its "
                      "max_connections and there was no queue.");
  auto queued = Family::counter("weir_queue_total",
                                "Requests that came to an upstream's queue, by what became of them.");
  auto backups = Family::counter("weir_backup_requests_total", "Requests sent to backup endpoints.");
  auto zones = Family::counter("weir_other_zone_requests_total", "Requests sent out of the local zone.");
  for (const auto& [key, counters] : merged.upstreams) {
    const Labels upstream{{"upstream", names.name(as_name(key))}};
    refused.add(with(upstream, "reason", "max_requests"), counters.refused_max_requests);
    refused.add(with(upstream, "reason", "endpoint_busy"), counters.refused_endpoint_busy);
    queued.add(with(upstream, "outcome", "served"), counters.queue.served);
    queued.add(with(upstream, "outcome", "timeout"), counters.queue.timeout);
    queued.add(with(upstream, "outcome", "full"), counters.queue.full);
    queued.add(with(upstream, "outcome", "shed"), counters.queue.shed);
    queued.add(with(upstream, "outcome", "left"), counters.queue.left);
    queued.add(with(upstream, "outcome", "no_endpoint"), counters.queue.no_endpoint);
    backups.add(upstream, counters.to_backups);
    zones.add(upstream, counters.to_other_zones);
  }
  auto waiting =
      Family::gauge("weir_queue_requests", "Requests that wait for an endpoint below its max_connections.");
  for (const UpstreamFacts& facts : upstreams) waiting.add({{"upstream", facts.name}}, facts.waiting);
  for (Family* family : {&refused, &queued, &waiting, &backups, &zones})
    out.push_back(std::move(*family).take());
}

void add_splits(Families& out, const WorkerMetrics& merged, const NameTable& names,
                const std::vector<SplitFacts>& splits) {
  auto weights = Family::gauge("weir_split_weight", "Weight in force of a split's upstream.");
  for (const SplitFacts& facts : splits) {
    weights.add({{"route", facts.route}, {"upstream", facts.upstream}}, facts.weight);
  }
  auto requests =
      Family::counter("weir_split_requests_total",
                      "Requests that a split sent to an upstream, by why it was chosen (failover: the "
                      "chosen one was out).");
  for (const auto& [key, counters] : merged.splits) {
    const Labels labels = pair_labels(names, key, "route", "upstream");
    for (std::size_t i = 0; i < split::why_count; ++i) {
      if (counters.by_why[i] == 0) continue;
      requests.add(with(labels, "why", std::string(split::to_string(static_cast<split::Why>(i)))),
                   counters.by_why[i]);
    }
  }
  out.push_back(std::move(weights).take());
  out.push_back(std::move(requests).take());
}

constexpr std::array<std::string_view, 5> rollout_states{"running", "held", "finished", "rolled_back",
                                                         "aborted"};

void add_rollouts(Families& out, const std::vector<RolloutFacts>& rollouts) {
  auto states =
      Family::gauge("weir_rollout_state", "1 for the state of a route's last rollout, 0 for others.");
  auto weight =
      Family::gauge("weir_rollout_weight_percent", "Share of the canary while a route's rollout runs.");
  auto evidence =
      Family::gauge("weir_rollout_evidence",
                    "Evidence that the canary is worse, of what is watched, while a rollout runs.");
  auto units = Family::counter("weir_rollout_units_total",
                               "Requests that rollouts compared, by the side that the split chose first.");
  auto slow = Family::counter("weir_rollout_slow_units_total",
                              "Requests of these that were slower than 95 % on the comparison side before.");
  auto decisions = Family::counter("weir_rollout_decisions_total", "What rollouts did, with the cause.");
  auto dropped = Family::counter("weir_rollout_units_dropped_total",
                                 "Requests that no client was counted for: a worker had no room.");
  for (const RolloutFacts& facts : rollouts) {
    const Labels route{{"route", facts.route}};
    for (const std::string_view state : rollout_states)
      states.add(with(route, "state", std::string(state)), facts.state == state ? 1 : 0);
    if (facts.is_running) weight.add(route, facts.weight_percent);
    for (const auto& [stream, value] : facts.evidence) {
      if (facts.is_running) evidence.add(with(route, "stream", std::string(stream)), value);
    }
    for (std::size_t i = 0; i < facts.sides.size(); ++i) {
      const Labels side = with(route, "side", i == 0 ? "comparison" : "canary");
      units.add(with(side, "outcome", "ok"), facts.sides[i].ok);
      units.add(with(side, "outcome", "failed"), facts.sides[i].failed);
      units.add(with(side, "outcome", "client_error"), facts.sides[i].client_errors);
      slow.add(side, facts.sides[i].slow);
    }
    for (const auto& [decision, count] : facts.decisions)
      decisions.add(with(route, "decision", decision), count);
    dropped.add(route, facts.dropped);
  }
  for (Family* family : {&states, &weight, &evidence, &units, &slow, &decisions, &dropped})
    out.push_back(std::move(*family).take());
}

void add_pauses(Families& out, const std::vector<PauseFacts>& pauses) {
  auto waiting =
      Family::gauge("weir_paused_requests", "Requests that wait because their route is paused, or just was.");
  auto ended =
      Family::counter("weir_pause_requests_total",
                      "Requests that came to a paused route, by what became of them (refused: as many "
                      "waited as may).");
  for (const PauseFacts& facts : pauses) {
    const Labels route{{"route", facts.route}};
    waiting.add(route, facts.waiting);
    ended.add(with(route, "outcome", "let_go"), facts.let_go);
    ended.add(with(route, "outcome", "timeout"), facts.timeout);
    ended.add(with(route, "outcome", "left"), facts.left);
    ended.add(with(route, "outcome", "refused"), facts.refused);
  }
  out.push_back(std::move(waiting).take());
  out.push_back(std::move(ended).take());
}

void add_mirrors(Families& out, const WorkerMetrics& merged, const NameTable& names) {
  static_assert(std::tuple_size_v<decltype(MirrorCounters::by_outcome)> == route::mirror_outcome_count);
  auto requests = Family::counter("weir_mirror_requests_total",
                                  "Requests that a route was to copy to its mirror upstream, by how that "
                                  "ended (skipped: no copy was sent).");
  auto calls = Family::counter("weir_mirror_grpc_requests_total",
                               "Copies of gRPC calls, by the status that they ended with (none: the endpoint "
                               "said none).");
  for (const auto& [key, counters] : merged.mirrors) {
    const Labels labels = pair_labels(names, key, "route", "upstream");
    for (std::size_t i = 0; i < route::mirror_outcome_count; ++i) {
      const auto outcome = static_cast<route::MirrorOutcome>(i);
      requests.add(with(labels, "outcome", std::string(route::to_string(outcome))), counters.by_outcome[i]);
    }
    add_statuses(calls, labels, counters.grpc);
  }
  out.push_back(std::move(requests).take());
  out.push_back(std::move(calls).take());
}

void add_limits(Families& out, const WorkerMetrics& merged, const NameTable& names,
                const std::vector<LimitFacts>& limits) {
  auto limited = Family::counter("weir_rate_limited_total",
                                 "Requests that a rate limit refused, or in shadow would have refused.");
  for (const auto& [key, counters] : merged.limits) {
    const Labels labels = pair_labels(names, key, "limit", "route");
    limited.add(with(labels, "decision", "refused"), counters.refused);
    limited.add(with(labels, "decision", "shadow"), counters.shadow);
  }
  auto keys = Family::gauge("weir_rate_limit_keys", "Buckets that a rate limit holds.");
  auto evictions = Family::counter("weir_rate_limit_evictions_total",
                                   "Buckets forgotten before they were full: max_keys was reached.");
  for (const LimitFacts& facts : limits) {
    keys.add({{"limit", facts.name}}, facts.keys);
    evictions.add({{"limit", facts.name}}, facts.evictions);
  }
  for (Family* family : {&limited, &keys, &evictions}) out.push_back(std::move(*family).take());
}

void add_endpoint_facts(Families& out, const std::vector<EndpointFacts>& endpoints) {
  std::map<std::pair<std::string_view, std::string_view>, std::pair<std::uint64_t, bool>> shown;
  for (const EndpointFacts& facts : endpoints) {
    auto& [in_flight, up] = shown[{facts.upstream, facts.endpoint}];
    in_flight += facts.in_flight;
    up = up || facts.up;
  }
  auto in_flight =
      Family::gauge("weir_upstream_in_flight", "Requests in flight at an endpoint, over all workers.");
  auto up = Family::gauge("weir_endpoint_up",
                          "1: the endpoint is in use; 0: passive health, checks or an operator took it out, "
                          "or it is a name without an address.");
  for (const auto& [names, facts] : shown) {
    const Labels endpoint{{"upstream", std::string(names.first)}, {"endpoint", std::string(names.second)}};
    in_flight.add(endpoint, facts.first);
    up.add(endpoint, facts.second);
  }
  out.push_back(std::move(in_flight).take());
  out.push_back(std::move(up).take());
}

void add_names(Families& out, const ScrapeInput& input) {
  auto lookups =
      Family::counter("weir_dns_lookups_total", "Look-ups of endpoints' names, by how they ended.");
  for (const LookUpCount& each : input.lookups) lookups.add({{"result", each.result}}, each.count);
  auto addresses =
      Family::gauge("weir_dns_name_addresses", "Addresses in use of a name; 0: its endpoints are down.");
  for (const NameFacts& facts : input.names) addresses.add({{"name", facts.name}}, facts.addresses);
  out.push_back(std::move(lookups).take());
  out.push_back(std::move(addresses).take());
}

void add_upstream_facts(Families& out, const std::vector<UpstreamFacts>& upstreams) {
  auto panic = Family::gauge(
      "weir_upstream_panic",
      "1: too few endpoints of the upstream can be trusted, so all that no operator took out are in use.");
  for (const UpstreamFacts& facts : upstreams) panic.add({{"upstream", facts.name}}, facts.panic);
  out.push_back(std::move(panic).take());
}

void add_checks(Families& out, const ScrapeInput& input) {
  std::map<std::pair<std::string_view, std::string_view>, CheckFacts> shown;
  for (const CheckFacts& facts : input.checks) {
    CheckFacts& sum = shown[{facts.upstream, facts.endpoint}];
    sum.passed += facts.passed;
    sum.failed += facts.failed;
    sum.skipped += facts.skipped;
    sum.last_seconds = std::max(sum.last_seconds, facts.last_seconds);
  }
  auto checks = Family::counter("weir_health_checks_total",
                                "Active checks of an endpoint (skipped: they said nothing about it).");
  auto duration = Family::gauge("weir_health_check_duration_seconds", "How long its last active check took.");
  auto waiting = Family::gauge("weir_health_checks_waiting",
                               "Active checks that are due and wait, because too many run at once.");
  for (const auto& [names, facts] : shown) {
    const Labels endpoint{{"upstream", std::string(names.first)}, {"endpoint", std::string(names.second)}};
    checks.add(with(endpoint, "result", "passed"), facts.passed);
    checks.add(with(endpoint, "result", "failed"), facts.failed);
    checks.add(with(endpoint, "result", "skipped"), facts.skipped);
    duration.add(endpoint, facts.last_seconds);
  }
  waiting.add({}, input.checks_waiting);
  for (Family* family : {&checks, &duration, &waiting}) out.push_back(std::move(*family).take());
}

void add_certificates(Families& out, const std::vector<CertificateFacts>& certificates) {
  std::map<std::pair<std::string_view, std::string_view>, std::chrono::system_clock::time_point> shown;
  for (const CertificateFacts& facts : certificates) {
    const auto [it, added] = shown.try_emplace({facts.listener, facts.subject}, facts.not_after);
    if (!added) it->second = std::min(it->second, facts.not_after);
  }
  auto expiry = Family::gauge("weir_certificate_expiry_seconds", "When a certificate expires, in Unix time.");
  for (const auto& [names, not_after] : shown) {
    expiry.add({{"listener", std::string(names.first)}, {"subject", std::string(names.second)}},
               unix_seconds(not_after));
  }
  out.push_back(std::move(expiry).take());
}

void add_gauge(Families& out, const char* name, const char* help, Labels labels, double value) {
  auto family = Family::gauge(name, help);
  family.add(std::move(labels), value);
  out.push_back(std::move(family).take());
}

void add_counter(Families& out, const char* name, const char* help, double value) {
  auto family = Family::counter(name, help);
  family.add({}, value);
  out.push_back(std::move(family).take());
}

void add_overload(Families& out, const WorkerMetrics& merged, const OverloadFacts& facts) {
  constexpr std::array<const char*, shed_count> whats{"keep_alive", "idle_connection", "new_connection"};
  auto shed =
      Family::counter("weir_overload_shed_total",
                      "What was given up near a bound of the process: kept-alive connections after an "
                      "answer, idle ones, new ones (503); or near that of an upstream's queue: new "
                      "requests (503).");
  auto used =
      Family::gauge("weir_overload_used_ratio", "How much of a bound of the process is used; 1: all.");
  for (std::size_t i = 0; i < limit::bound_count; ++i) {
    const std::string bound(limit::to_string(static_cast<limit::Bound>(i)));
    for (std::size_t what = 0; what < shed_count; ++what) {
      shed.add({{"reason", bound}, {"what", whats[what]}}, merged.shed_by[what][i]);
    }
    const limit::Use& use = facts.uses[i];
    if (use.max == 0) continue;
    used.add({{"bound", bound}}, static_cast<double>(use.used) / static_cast<double>(use.max));
  }
  std::uint64_t shed_by_queues = 0;
  for (const auto& [key, counters] : merged.upstreams) shed_by_queues += counters.queue.shed;
  shed.add({{"reason", "queue"}, {"what", "new_request"}}, shed_by_queues);
  out.push_back(std::move(shed).take());
  out.push_back(std::move(used).take());
  add_gauge(out, "weir_overload_state",
            "0: normal; 1: near a bound, keep-alive ends; 2: at it, new connections get 503.", {},
            static_cast<double>(facts.pressure));
}

void add_config(Families& out, const ScrapeInput& input) {
  add_gauge(out, "weir_config_generation",
            "Number of what is in use; each reload and each change of weights takes the next.", {},
            static_cast<double>(input.generation));
  add_gauge(out, "weir_config_last_reload_success", "1: the last reload was taken over; 0: it was refused.",
            {}, input.last_reload_success);
  add_gauge(out, "weir_config_last_reload_timestamp_seconds", "When the last reload was tried, in Unix time.",
            {}, unix_seconds(input.last_reload));
  auto watched = Family::counter("weir_reload_guard_total", "Reloads that were watched, by the verdict.");
  watched.add({{"verdict", "kept"}}, input.guard.kept);
  watched.add({{"verdict", "taken_back"}}, input.guard.taken_back);
  watched.add({{"verdict", "superseded"}}, input.guard.superseded);
  watched.add({{"verdict", "failed"}}, input.guard.failed);
  out.push_back(std::move(watched).take());
  add_gauge(out, "weir_config_info", "Always 1; `hash` is a digest of the configuration in use.",
            {{"hash", input.config_hash}}, 1);
  add_gauge(out, "weir_build_info", "Always 1; which Weir this is.",
            {{"version", input.version}, {"commit", input.commit}}, 1);
}

void add_process(Families& out, const ProcessFacts& process) {
  add_counter(out, "process_cpu_seconds_total", "User and system CPU time spent.", process.cpu_seconds);
  add_gauge(out, "process_resident_memory_bytes", "Resident memory.", {},
            static_cast<double>(process.resident_bytes));
  add_gauge(out, "process_virtual_memory_bytes", "Virtual memory.", {},
            static_cast<double>(process.virtual_bytes));
  add_gauge(out, "process_open_fds", "Open file descriptors.", {}, static_cast<double>(process.open_fds));
  add_gauge(out, "process_max_fds", "File descriptors that may be open.", {},
            static_cast<double>(process.max_fds));
  add_gauge(out, "process_start_time_seconds", "When the process started, in Unix time.", {},
            process.start_time_seconds);
  add_gauge(out, "process_threads", "Threads of the process.", {}, static_cast<double>(process.threads));
}

}  // namespace

Families collect(const WorkerMetrics& merged, const NameTable& names, const ScrapeInput& input) {
  Families out;
  add_requests(out, merged, names);
  add_grpc(out, merged, names);
  add_refusals(out, merged, names);
  add_listeners(out, merged, names);
  add_http2(out, merged, names);
  add_endpoint_counters(out, merged, names);
  add_retries(out, merged, names);
  add_balancing(out, merged, names, input.upstreams);
  add_splits(out, merged, names, input.splits);
  add_rollouts(out, input.rollouts);
  add_pauses(out, input.pauses);
  add_mirrors(out, merged, names);
  add_endpoint_facts(out, input.endpoints);
  add_upstream_facts(out, input.upstreams);
  add_checks(out, input);
  add_limits(out, merged, names, input.limits);
  add_names(out, input);
  add_overload(out, merged, input.overload);
  add_config(out, input);
  add_certificates(out, input.certificates);
  add_counter(out, "weir_access_log_dropped_lines_total",
              "Access log lines lost: the queue was full, or the output failed.",
              static_cast<double>(merged.access_log_dropped_lines + input.access_log_unwritten_lines));
  add_counter(out, "weir_accept_backoffs_total", "Times that accepting paused: out of file descriptors.",
              static_cast<double>(merged.accept_backoffs));
  add_counter(out, "weir_log_lines_withheld_total",
              "Lines of the error log that clients or endpoints cause, past one a second of their kind.",
              static_cast<double>(merged.log_lines_withheld + input.failure_lines_withheld));
  add_counter(out, "weir_tls_floods_total",
              "TLS connections that were closed because of records without data, one after the other.",
              static_cast<double>(input.tls_floods));
  add_process(out, input.process);
  return out;
}

std::string metrics_text(const WorkerMetrics& merged, const NameTable& names, const ScrapeInput& input) {
  return prometheus::TextSerializer().Serialize(collect(merged, names, input));
}

}  // namespace weir::observe
