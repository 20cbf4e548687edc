// Merged worker counters, names and facts about the process -> Prometheus metric families, with the names and
// labels that users rely on. A pure function (the facts are passed in); called on the control thread, where
// the NameTable lives.
#pragma once

#include <prometheus/metric_family.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "observe/name_table.hpp"
#include "observe/process_facts.hpp"
#include "observe/worker_metrics.hpp"

namespace weir::observe {

/// Current facts of one endpoint. Several with the same labels are shown as one: in_flight added up, up when
/// one of them is.
struct EndpointFacts {
  std::string upstream, endpoint;
  std::uint32_t in_flight = 0;
  bool up = true;
};

/// Current facts of one upstream.
struct UpstreamFacts {
  std::string name;
  bool panic = false;
  std::uint32_t waiting = 0;  // requests in its queue
};

/// Active checks of one endpoint. Several with the same labels are shown as one, added up.
struct CheckFacts {
  std::string upstream, endpoint;
  std::uint64_t passed = 0, failed = 0, skipped = 0;
  double last_seconds = 0;
};

/// Several with the same labels are shown as one, the first to expire.
struct CertificateFacts {
  std::string listener, subject;
  std::chrono::system_clock::time_point not_after;
};

/// What one target of a route's split has now.
struct SplitFacts {
  std::string route, upstream;
  std::uint32_t weight = 0;
};

/// What the rollouts of a route came to since the process began, and how the present one stands.
struct RolloutFacts {
  struct Side {
    std::uint64_t ok = 0, failed = 0, client_errors = 0, slow = 0;
  };
  std::string route, state;
  bool is_running = false;
  double weight_percent = 0;                                  // of the canary, while it runs
  std::vector<std::pair<std::string_view, double>> evidence;  // by stream, while it runs
  std::array<Side, 2> sides;                                  // comparison, canary
  std::vector<std::pair<std::string, std::uint64_t>> decisions;
  std::uint64_t dropped = 0;
};

/// A route that was paused at least once: requests that wait now, and how those that waited before ended.
struct PauseFacts {
  std::string route;
  std::uint32_t waiting = 0;
  std::uint64_t let_go = 0, timeout = 0, left = 0, refused = 0;
};

/// Current facts of one rate limit.
struct LimitFacts {
  std::string name;
  std::uint64_t keys = 0, evictions = 0;
};

/// A name that endpoints have, and how many addresses it stands for.
struct NameFacts {
  std::string name;
  std::size_t addresses = 0;
};

/// Look-ups of names that ended like that.
struct LookUpCount {
  std::string result;
  std::uint64_t count = 0;
};

/// How near the process is to its bounds.
struct OverloadFacts {
  limit::Pressure pressure = limit::Pressure::normal;
  limit::Uses uses{};
};

/// Watched reloads, by their verdict.
struct GuardFacts {
  std::uint64_t kept = 0, taken_back = 0, superseded = 0, failed = 0;
};

/// What a scrape shows besides the workers' counters.
struct ScrapeInput {
  std::string version, commit;
  std::uint64_t generation = 0;
  std::string config_hash;
  bool last_reload_success = true;
  std::chrono::system_clock::time_point last_reload;  // the start counts as the first one
  GuardFacts guard;
  std::vector<EndpointFacts> endpoints;
  std::vector<UpstreamFacts> upstreams;
  std::vector<CheckFacts> checks;
  std::uint64_t checks_waiting = 0;
  std::vector<CertificateFacts> certificates;
  std::vector<SplitFacts> splits;
  std::vector<RolloutFacts> rollouts;
  std::vector<PauseFacts> pauses;
  std::vector<LimitFacts> limits;
  std::vector<NameFacts> names;
  std::vector<LookUpCount> lookups;
  OverloadFacts overload;
  std::uint64_t access_log_unwritten_lines = 0;  // LogWriter::unwritten_lines()
  std::uint64_t failure_lines_withheld = 0;      // io::failure_lines_withheld()
  std::uint64_t tls_floods = 0;                  // io::TlsSession::floods_ended()
  ProcessFacts process;
};

std::vector<prometheus::MetricFamily> collect(const WorkerMetrics& merged, const NameTable& names,
                                              const ScrapeInput& input);

/// The same in the Prometheus text format 0.0.4, as GET /metrics answers.
std::string metrics_text(const WorkerMetrics& merged, const NameTable& names, const ScrapeInput& input);

}  // namespace weir::observe
