// What the stream of the admin page shows besides traffic: the facts of one moment, as the rest of the program reports
// them. Values; control thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "admin/backend.hpp"
#include "admin/rollout_report.hpp"
#include "observe/collector.hpp"
#include "observe/name_table.hpp"
#include "observe/traffic_history.hpp"
#include "observe/worker_metrics.hpp"

namespace weir::control {

/// What a route is, in few words: `shop.example.com /cart` -> proxy to [blue].
struct LiveRoute {
  std::string name, match, action;
  std::vector<std::string> upstreams;  // those that it may send to
};

struct LiveLimit {
  std::string name;
  std::uint64_t keys = 0, evictions = 0;
  bool is_shadow = false;
};

/// What one worker does, beside the others.
struct LiveWorker {
  std::uint64_t requests = 0;  // since the start
  double per_second = 0;
  std::size_t connections = 0;
};

/// In the order of the configuration, and no more than TrafficHistory's bounds.
struct LiveFacts {
  // Of each the first.
  static constexpr std::size_t audit_max = 50;
  static constexpr std::size_t limits_max = 128;
  static constexpr std::size_t certificates_max = 128;

  std::string boot_mark;   // of this process (generation_tag.hpp)
  bool has_token = false;  // admin.token is set: writes need it
  StatusReport status;     // its counters unset
  std::vector<LiveRoute> routes;
  std::vector<UpstreamReport> upstreams;  // their counters unset
  std::vector<SplitReport> splits;
  std::vector<RolloutReport> rollouts;
  std::vector<LiveLimit> limits;
  std::vector<LiveWorker> workers;  // worker 0 first
  std::vector<observe::CertificateFacts> certificates;
  std::vector<std::string> audit;               // JSON objects, newest first
  std::optional<config::Changes> last_changes;  // of the last reload that was taken over
  struct LeftOut {
    std::size_t routes = 0, upstreams = 0;  // past the bounds
  } left_out{};
};

}  // namespace weir::control
