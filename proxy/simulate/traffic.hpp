// Simulated requests: whether they fail, and how long they take. The canary differs from the other side only in what a
// scenario says. Seeded; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/rng.hpp"
#include "rollout/counts.hpp"

namespace weir::sim {

using rollout::Bucket;
using rollout::Side;

/// Uniform in [0, 1).
double uniform(Rng& rng);

/// What the endpoints do. Times in seconds since the rollout began.
struct World {
  double base = 0.005;       // share of failures of both versions
  double jump = 0;           // and in addition on the canary
  double sigma = 0.5;        // of the lognormal time to first byte; median 50 ms
  double canary_slower = 1;  // factor of the canary's times
  double outage_from = 0, outage_to = 0, outage_rate = 0;  // both fail so much in that time
  double outage_on_canary = 1;                             // and the canary so many times as much
  double drift_to = 0;  // base drifts up to this over `drift_over` seconds and back; 0: it stays
  double drift_over = 0, drift_slower = 1;  // and times by that factor
  double sick_clients = 0;    // share of clients whose requests fail and are slow, whichever side they are on
  double sick_by_canary = 0;  // share of clients whose requests fail on the canary only
};

struct Outcome {
  bool failed = false;
  Bucket latency = 0;
};

class Traffic {
 public:
  Traffic(const World& world, std::uint64_t seed);
  /// A request on that side at `seconds`; `is_sick`, `is_broken`: of a client as World says.
  Outcome next(Side side, double seconds, bool is_sick = false, bool is_broken = false);
  Rng& rng() { return rng_; }

 private:
  double failure_rate(Side side, double seconds) const;
  int drift_shift(double seconds) const;

  World world_;
  Rng rng_;
  std::vector<Bucket> usual_, canary_;  // buckets by 4096 quantiles
};

/// Clients with heavy-tailed use: how often client i is the one who asks is proportional to a Pareto draw.
class Population {
 public:
  Population(std::size_t clients, const World& world, Rng& rng);
  struct Member {
    std::uint64_t key = 0;
    bool is_sick = false, is_broken = false;
    Side side = Side::comparison;
  };
  Member& draw(Rng& rng);
  std::vector<Member>& members() { return members_; }

 private:
  std::vector<Member> members_;
  std::vector<double> cumulative_;
};

}  // namespace weir::sim
