// When the process comes near its bounds: for each bound a machine with hysteresis over how much of it is used.
// Near a bound (tight) what idles is given up; at it (shedding) new connections are refused, too. Running requests
// are never touched. Pure: what is used is passed in. One thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::limit {

enum class Bound : std::uint8_t { connections, descriptors, memory };
inline constexpr std::size_t bound_count = 3;
std::string_view to_string(Bound bound);

enum class Pressure : std::uint8_t {
  normal,
  tight,     // answers end keep-alive, idle connections close
  shedding,  // and new connections are refused
};
inline constexpr std::size_t pressure_count = 3;
std::string_view to_string(Pressure pressure);

/// How much of a bound is used; max 0: there is no such bound.
struct Use {
  std::uint64_t used = 0, max = 0;
  bool operator==(const Use&) const = default;
};
using Uses = std::array<Use, bound_count>;  // by Bound

/// Percent of a bound where a pressure begins, and below which it ends.
struct Thresholds {
  unsigned tight_from, tight_until, shed_from, shed_until;
};
inline constexpr unsigned hysteresis_percent = 10;

/// Connections and memory are shed at the bound itself. Descriptors half-way before it: requests that run still need
/// some for their endpoints.
constexpr Thresholds thresholds(Bound bound, unsigned start_percent) {
  const unsigned half_way = (start_percent + 100) / 2;
  const unsigned calm = start_percent - hysteresis_percent;
  if (bound == Bound::descriptors) return {start_percent, calm, half_way, start_percent};
  return {start_percent, calm, 100, half_way};
}

/// The pressure of one bound after `before`, now that `use` is used. It rises one step at a time: what idles is given
/// up before a client is refused.
Pressure next_pressure(Pressure before, const Use& use, const Thresholds& at);

class Overload {
 public:
  struct Change {
    Bound bound;
    Pressure from, to;
    Use use;
  };

  /// `start_percent`: of a bound, where it becomes tight; above hysteresis_percent, below 100.
  void configure(unsigned start_percent) { start_percent_ = start_percent; }
  /// Takes over what is used now; returns the transitions.
  std::vector<Change> update(const Uses& uses);

  Pressure of(Bound bound) const { return pressures_[static_cast<std::size_t>(bound)]; }
  /// The bound under the highest pressure; the first one of equals.
  Bound tightest() const;
  Pressure pressure() const { return of(tightest()); }
  const Uses& uses() const { return uses_; }

 private:
  unsigned start_percent_ = 90;
  Uses uses_{};
  std::array<Pressure, bound_count> pressures_{};
};

/// Refusing connections must not become the outage: while no more than this share of server.max_connections is open,
/// a shortage of memory or descriptors refuses none.
inline constexpr std::uint32_t floor_share = 16;

/// With how many open connections one more is refused.
std::uint32_t admitted_connections(const Overload& overload, std::uint32_t connections_max);

/// How many of the `most` places of an upstream's queue new requests may take: what is left is for those that have
/// begun already and look for another endpoint. At least one.
constexpr std::uint32_t queue_for_new(std::uint32_t most, unsigned start_percent) {
  return static_cast<std::uint32_t>((std::uint64_t{most} * start_percent + 99) / 100);
}

}  // namespace weir::limit
