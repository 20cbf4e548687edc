#include "simulate/traffic.hpp"

#include <algorithm>
#include <cmath>

namespace weir::sim {
namespace {

constexpr double median_us = 50'000;
constexpr std::size_t quantile_count = 4096;

/// The inverse of the standard normal distribution, by bisection: made once for each table.
double normal_quantile(double share) {
  double low = -8, high = 8;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0)) / 2 < share ? low : high) = middle;
  }
  return low;
}

const std::vector<double>& normal_quantiles() {
  static const std::vector<double> table = [] {
    std::vector<double> made(quantile_count);
    for (std::size_t i = 0; i < quantile_count; ++i)
      made[i] = normal_quantile((static_cast<double>(i) + 0.5) / quantile_count);
    return made;
  }();
  return table;
}

std::vector<Bucket> buckets(double sigma, double factor) {
  std::vector<Bucket> made(quantile_count);
  for (std::size_t i = 0; i < quantile_count; ++i) {
    const double us = median_us * factor * std::exp(sigma * normal_quantiles()[i]);
    made[i] = rollout::bucket_of(rollout::Microseconds(static_cast<std::int64_t>(us)));
  }
  return made;
}

}  // namespace

double uniform(Rng& rng) {
  return static_cast<double>(rng() >> 11) * 0x1p-53;
}

Traffic::Traffic(const World& world, std::uint64_t seed)
    : world_(world),
      rng_(seed),
      usual_(buckets(world.sigma, 1)),
      canary_(buckets(world.sigma, world.canary_slower)) {}

double Traffic::failure_rate(Side side, double seconds) const {
  double rate = world_.base;
  if (world_.drift_over > 0) {
    const double wave = (1 - std::cos(2 * 3.141592653589793 * seconds / world_.drift_over)) / 2;
    rate += (world_.drift_to - world_.base) * wave;
  }
  if (seconds >= world_.outage_from && seconds < world_.outage_to)
    rate = world_.outage_rate * (side == Side::canary ? world_.outage_on_canary : 1);
  return side == Side::canary ? rate + world_.jump : rate;
}

int Traffic::drift_shift(double seconds) const {
  if (world_.drift_over <= 0) return 0;
  const double wave = (1 - std::cos(2 * 3.141592653589793 * seconds / world_.drift_over)) / 2;
  return static_cast<int>(std::lround(std::log(world_.drift_slower) * wave / std::log(1.1)));
}

Outcome Traffic::next(Side side, double seconds, bool is_sick, bool is_broken) {
  const std::uint64_t bits = rng_();
  const double chance = static_cast<double>(bits >> 12) * 0x1p-52;
  Outcome outcome;
  outcome.failed = chance < failure_rate(side, seconds) || is_sick || (is_broken && side == Side::canary);
  const std::size_t at = bits % quantile_count;
  const int bucket =
      (side == Side::canary ? canary_ : usual_)[at] + drift_shift(seconds) + (is_sick ? 15 : 0);
  outcome.latency = static_cast<Bucket>(std::min<int>(bucket, static_cast<int>(rollout::bucket_count) - 1));
  return outcome;
}

Population::Population(std::size_t clients, const World& world, Rng& rng)
    : members_(clients), cumulative_(clients) {
  double sum = 0;
  for (std::size_t i = 0; i < clients; ++i) {
    Member& member = members_[i];
    member.key = rng();
    member.is_sick = uniform(rng) < world.sick_clients;
    member.is_broken = uniform(rng) < world.sick_by_canary;
    sum += std::min(std::pow(1 - uniform(rng), -1 / 1.5), 100.0);
    cumulative_[i] = sum;
  }
}

Population::Member& Population::draw(Rng& rng) {
  const double at = uniform(rng) * cumulative_.back();
  const auto found = std::ranges::upper_bound(cumulative_, at);
  return members_[static_cast<std::size_t>(std::min(found, cumulative_.end() - 1) - cumulative_.begin())];
}

}  // namespace weir::sim
