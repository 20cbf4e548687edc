// How well an instance does for all of its requests: a share that fails, and how long answers take. Set by options, and
// changed by `PUT /control?...`, so that a version which is worse than another one can be played. Pure but for the
// switch, which all loops share: any thread. Depends on nothing.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace weir::origin {

struct Behaviour {
  double fail_percent = 0;      // of the requests: status 500; 0 .. 100, fractions allowed
  double latency_ms = 0;        // median of the answer time; 0: at once
  double latency_spread = 0.5;  // sigma of its logarithm (lognormal); 0: always the median
  double slow_factor = 1;       // times the answer time
  double cold_start = 0;        // seconds, from when this was set, in which answers take longer

  bool operator==(const Behaviour&) const = default;
};

/// How many times as long the first answer of a cold start takes. It falls evenly to 1 until the cold start is over.
inline constexpr double cold_factor = 10;
/// No answer takes longer than that, whatever the factors are.
inline constexpr std::chrono::milliseconds answer_time_max{60'000};

/// What is wrong with it; empty: nothing. A factor needs a time that it can multiply.
std::string fault_of(const Behaviour& behaviour);

/// Sets what `query` names: `fail_percent=2.5&slow_factor=3`. Returns what is wrong, and leaves `behaviour` as it was
/// then. Names are those of the members.
std::string apply(std::string_view query, Behaviour& behaviour);

/// A JSON object with the members' names.
std::string to_json(const Behaviour& behaviour);

/// What one request meets.
struct Outcome {
  bool fails = false;
  std::chrono::milliseconds delay{0};
};

/// The outcome of request `number` of an instance with that `seed`, `age` after its cold start began. The same for the
/// same arguments; independent of each other for different numbers or seeds, as far as anyone can see.
Outcome outcome_of(const Behaviour& behaviour, std::uint64_t seed, std::uint64_t number,
                   std::chrono::steady_clock::duration age);

/// Spreads neighbouring numbers (the finaliser of splitmix64).
std::uint64_t scatter(std::uint64_t number);

/// The behaviour in force. While it has nothing to say, a request costs one load.
class BehaviourSwitch {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// `name`: of the instance; instances with different names fail on different requests.
  BehaviourSwitch(const Behaviour& first, std::string_view name);

  Behaviour get() const;
  /// apply() to what is in force. A cold start begins anew when the query names it.
  std::string change(std::string_view query);
  Outcome next();

 private:
  void set(const Behaviour& behaviour);  // with the lock, or in the constructor

  const std::uint64_t seed_;
  std::atomic<bool> plain_{true};  // no failures, no answer times
  mutable std::mutex mutex_;       // of what follows
  Behaviour behaviour_;
  TimePoint cold_since_;
  std::uint64_t asked_ = 0;
};

}  // namespace weir::origin
