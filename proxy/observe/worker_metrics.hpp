// The counters of one worker: plain integers that only their worker touches. A scrape posts a copy request to
// each worker and merges the copies (collector.hpp), so the request path has no lock and no atomic. Labels are
// small ids, resolved when a snapshot is built; names are looked up at scrape time.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "http/head.hpp"

namespace weir::observe {

/// Upper bounds in seconds of http_request_duration_seconds and weir_upstream_duration_seconds.
inline constexpr std::array<double, 14> duration_bounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                        0.1,    0.25,  0.5,    1,     2.5,  5,     10};

struct Histogram {
  std::array<std::uint64_t, duration_bounds.size() + 1> buckets{};  // not cumulative; last: +Inf
  double sum_seconds = 0;
  void observe(double seconds);
  void merge(const Histogram& other);
};

/// Ids: small numbers handed out by the control thread's NameTable, stable over reloads.
using NameId = std::uint16_t;
inline constexpr NameId no_name = 0xffff;  // shown as "" (e.g. no upstream)

struct ListenerCounters {
  std::uint64_t connections_total = 0;
  std::int64_t active = 0, idle = 0;  // idle: between requests
  std::uint64_t refused_total = 0;    // past server.max_connections
  std::unordered_map<std::string, std::uint64_t> handshakes;  // "result|version"
};

struct EndpointCounters {
  std::array<std::uint64_t, 6> responses{};     // by class: 1xx..5xx; [0]: none
  Histogram duration;
  std::int64_t active = 0, idle = 0;            // connections
  std::unordered_map<std::string_view, std::uint64_t> failures;   // by ErrorKind name
  std::unordered_map<std::string_view, std::uint64_t> ejections;  // by reason
};

struct UpstreamCounters {
  std::uint64_t retries_succeeded = 0, retries_failed = 0, stale_retries = 0;
};

class WorkerMetrics {
 public:
  void request_started(NameId route);
  /// Counts http_requests_total, the duration histogram and takes one off the in-flight gauge.
  void request_finished(NameId route, NameId upstream, http::Method method, int status, double seconds);

  ListenerCounters& listener(NameId name);
  EndpointCounters& endpoint(NameId upstream, NameId endpoint_label);
  UpstreamCounters& upstream(NameId name);

  /// Other plain counters of this worker.
  std::uint64_t access_log_dropped_lines = 0;
  std::uint64_t accept_backoffs = 0;       // out of descriptors

  void merge(const WorkerMetrics& other);

  // Read by the collector on the merged copy.
  struct RequestKey {
    NameId route, upstream;
    http::Method method;
    std::uint16_t status;
    bool operator==(const RequestKey&) const = default;
  };
  struct RequestKeyHash {
    std::size_t operator()(const RequestKey& key) const;
  };
  std::unordered_map<RequestKey, std::uint64_t, RequestKeyHash> requests;
  std::unordered_map<std::uint32_t, Histogram> request_duration;  // route << 16 | upstream
  std::unordered_map<NameId, std::int64_t> in_flight;
  std::unordered_map<NameId, ListenerCounters> listeners;
  std::unordered_map<std::uint32_t, EndpointCounters> endpoints;  // upstream << 16 | endpoint label
  std::unordered_map<NameId, UpstreamCounters> upstreams;
};

}  // namespace weir::observe
