// What the admin address answers about a route's rollout, and the calls that begin and steer one. Values; to_json is
// pure.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::control {

/// GET /api/v1/routes/NAME/rollout.
struct RolloutReport {
  using SystemTime = std::chrono::system_clock::time_point;

  std::string route;
  std::string tag;  // of the generation in force
  std::string state =
      "none";  // none | running | held | finished | rolled_back | aborted; none: none was started
  std::vector<std::string> held;  // why: `operator`, `shared_cause`, `suspicious`, `low_traffic`
  std::string canary, comparison, stable;
  std::vector<double> steps;  // percent

  // From here on only where one was started.
  std::uint64_t id = 0;
  std::string who, reason;
  SystemTime started;
  bool keep = false, by_client = false;
  std::uint32_t restarts = 0;
  double weight_percent = 0;                                                    // of the canary
  std::size_t step = 0;                                                         // 1 ..
  double seconds = 0, step_seconds = 0, hold_seconds = 0, hold_of_seconds = 0;  // hold: counted, of how much
  double warmup_seconds = 0;                                                    // that are left
  std::uint64_t min_requests = 0, min_clients = 0;
  struct Side {
    std::uint64_t requests = 0, failed = 0, client_errors = 0;  // of the step
    std::uint64_t clients = 0;                                  // where the unit is the client
    std::optional<double> p95_ms;
  };
  Side canary_side, comparison_side;
  struct Evidence {
    std::string_view family;  // failures | latency | client_errors
    double value = 1;
  };
  std::vector<Evidence> evidence;  // of the families that are watched
  double limit = 0, suspicion = 0;
  std::uint32_t replicas = 1;  // Weirs that share `false_rollback`: each has a limit that many times as high
  struct Done {
    std::uint64_t number = 0;
    SystemTime at;
    std::string kind, cause;
    double from_percent = 0, to_percent = 0;
    std::string sentence;
  };
  std::vector<Done> done;  // the latest, oldest first
};

/// {"route","tag","state","held":[],"canary","comparison","stable","steps":[5,25]} and, where one was started,
/// {"id","who","reason","started","keep","unit":"request|client","replicas","restarts","weight_percent","step",
///  "seconds","step_seconds","hold":{"seconds","of_seconds"},"warmup_seconds","min_requests","min_clients",
///  "sides":{"canary":{"requests","failed","client_errors","clients","p95_ms"},"comparison":{..}},
///  "evidence":{"failures":1.2,"latency":0.8,"limit":100,"suspicion":10},
///  "done":[{"number","at","kind","cause","from_percent","to_percent","sentence"}]}.
std::string to_json(const RolloutReport& report);
/// {"rollouts":[...]}
std::string to_json(const std::vector<RolloutReport>& reports);

/// POST and PUT of it.
struct RolloutCall {
  std::string route, body;
  std::string peer;  // address of the client
};
struct RolloutOutcome {
  int status = 200;  // 202: one began. Otherwise `detail` and `errors` say why nothing changed
  std::string detail;
  std::vector<std::string> errors;
  RolloutReport report;  // in force on all workers
};

/// Part of AdminBackend.
struct RolloutBackend {
  std::function<std::vector<RolloutReport>()> reports;  // of all routes that have `rollout:`
  std::function<void(const RolloutCall&, std::function<void(RolloutOutcome)>)> start, change;
};

/// NAME in /api/v1/routes/NAME/rollout, query or not; empty for every other target.
std::string_view route_of_rollout(std::string_view target);

}  // namespace weir::control
