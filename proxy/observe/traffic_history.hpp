// Five minutes of traffic, second by second: of everything, of each route and of each upstream; and the rates of now,
// of endpoints too. Fed with the workers' merged counters about once a second; the time is passed in. Memory: 2 KiB a
// route or upstream and 0.5 KiB an endpoint, whatever the traffic is, for as many as the bounds below say. What leaves
// the configuration leaves the history. Control thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "observe/name_table.hpp"
#include "observe/packed.hpp"
#include "observe/recent_latency.hpp"
#include "observe/worker_metrics.hpp"

namespace weir::observe {

/// What has a history, in the order of the configuration.
struct ShownNames {
  std::vector<std::string> routes, upstreams;
  std::vector<std::pair<std::string, std::string>> endpoints;  // upstream, label
};

/// What is counted under one name, since the start.
struct TrafficTotals {
  std::uint64_t requests = 0;
  std::uint64_t client_errors = 0;  // 4xx, 499 included
  std::uint64_t failed = 0;  // 5xx, and those that were cut without a status; of an endpoint: its failures
  std::int64_t in_flight = 0;
  Buckets durations{};
};

/// Of the last second; the quantiles, in seconds, of the last RecentLatency::seconds.
struct TrafficRates {
  double requests = 0, client_errors = 0, failed = 0;  // a second
  std::optional<double> p50, p95, p99;
};

/// The newest last; nothing where nothing was measured.
struct TrafficPoints {
  std::vector<std::optional<std::uint64_t>> requests, failed;  // in that second
  std::vector<std::optional<double>> p95;                      // seconds
};

class TrafficHistory {
 public:
  static constexpr std::size_t seconds = 300;
  static constexpr std::size_t names_max =
      128;  // routes, and as many upstreams: the first of the configuration
  static constexpr std::size_t endpoints_max = 1024;  // the first
  static constexpr Milliseconds interval_min{500};    // what comes sooner waits for the next time
  static constexpr std::size_t name_bytes_max = 2048;

  /// One more second: `merged` are the counters at `now`.
  void add(const WorkerMetrics& merged, const NameTable& names, const ShownNames& shown, TimePoint now);

  /// Of a name that is shown: its totals and rates.
  struct Now {
    TrafficTotals totals;
    TrafficRates rates;
  };
  const Now& all() const { return all_.now; }
  /// nullptr: it has no history, being past a bound or too new.
  const Now* route(const std::string& name) const;
  const Now* upstream(const std::string& name) const;
  const Now* endpoint(const std::string& upstream, const std::string& label) const;

  /// Seconds that are held; those in which nothing was measured count.
  std::size_t size() const { return size_; }
  TrafficPoints points_of_all() const { return points(all_); }
  /// By name, sorted.
  std::vector<std::pair<std::string, TrafficPoints>> points_of_routes() const;
  std::vector<std::pair<std::string, TrafficPoints>> points_of_upstreams() const;

 private:
  /// What has rates.
  struct Rated {
    Now now;
    RecentLatency latency;
    bool is_new = true;  // no difference can be taken yet
  };
  /// What has points, too.
  struct Series : Rated {
    std::array<PackedCount, seconds> requests{}, failed{};
    std::array<PackedSeconds, seconds> p95{};
  };
  static_assert(sizeof(Series) <= name_bytes_max);
  using SeriesByName = std::map<std::string, std::unique_ptr<Series>, std::less<>>;
  using Totals = std::vector<TrafficTotals>;

  static void take(Rated& rated, const TrafficTotals& totals, double elapsed);
  static void keep_only(SeriesByName& series, const std::vector<std::string>& names);
  void take_all(SeriesByName& series, const std::vector<std::string>& names, const Totals& totals,
                double elapsed);
  void take_endpoints(const WorkerMetrics& merged, const NameTable& names, const ShownNames& shown,
                      double elapsed);
  void advance(double elapsed);
  void put(Series& series) const;
  TrafficPoints points(const Series& series) const;
  std::vector<std::pair<std::string, TrafficPoints>> points_of(const SeriesByName& series) const;

  Series all_;
  SeriesByName routes_, upstreams_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Rated>> endpoints_;
  std::optional<TimePoint> last_;
  std::size_t newest_ = 0, size_ = 0;  // places of the rings: that of the last second; those that were used
  std::size_t skipped_ = 0;            // seconds before the newest one in which nothing was measured
};

}  // namespace weir::observe
