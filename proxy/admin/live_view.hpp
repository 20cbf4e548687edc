// What the stream of the admin page shows, as JSON: one object of the present, and the history before it.
// deploy/STREAM.md says what is in them. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "admin/live_facts.hpp"
#include "observe/traffic_history.hpp"

namespace weir::control {

/// Refusals of limits a second, from counters that only grow.
class LimitRates {
 public:
  struct Rate {
    std::uint64_t refused = 0, shadow = 0;  // since the start
    double refused_per_second = 0, shadow_per_second = 0;
  };
  /// What was not counted `before` has no rate yet.
  void add(const observe::WorkerMetrics& merged, const observe::NameTable& names,
           const std::vector<LiveLimit>& limits, TimePoint now);
  const Rate* find(const std::string& limit) const;

 private:
  std::map<std::string, Rate> rates_;
  std::optional<TimePoint> last_;
};

/// Requests of each worker a second, from counters that only grow.
class WorkerRates {
 public:
  /// `merged`: a sum over all workers.
  std::vector<LiveWorker> add(const observe::WorkerMetrics& merged, TimePoint now);

 private:
  std::vector<std::uint64_t> before_;
  std::optional<TimePoint> last_;
};

/// `facts` with what is counted filled in: its status' and its upstreams' counters.
boost::json::object live_view(const LiveFacts& facts, const observe::TrafficHistory& history,
                              const LimitRates& limits, SystemTime now);

/// {"seconds":N,"all":{"requests":[],"failed":[],"p95_ms":[]},"routes":{NAME:...},"upstreams":{NAME:...}}: the newest
/// last, null where nothing was measured. A list that holds nothing but zeros, or nothing at all, is left out.
boost::json::object history_object(const observe::TrafficHistory& history);

}  // namespace weir::control
