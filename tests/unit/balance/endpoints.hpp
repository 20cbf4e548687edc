// Endpoints and candidates for tests of the policies, and ways to bring them into a state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "balance/balance.hpp"
#include "upstream/endpoint.hpp"

namespace weir {

inline constexpr TimePoint time_zero{std::chrono::hours(1)};

inline config::PassiveHealth ejecting_after(std::uint32_t failures,
                                            Milliseconds ejection_time = Milliseconds(30'000)) {
  config::PassiveHealth settings;
  settings.consecutive_failures = failures;
  settings.ejection_time = ejection_time;
  settings.max_ejection_percent = 100;
  return settings;
}

class Endpoints {
 public:
  /// One endpoint a weight.
  explicit Endpoints(const std::vector<std::uint32_t>& weights) {
    for (const std::uint32_t weight : weights) {
      const std::size_t slot = states_.size();
      states_.push_back(
          std::make_unique<upstream::EndpointState>("test", std::to_string(slot), SocketAddress{}, slot));
      candidates_.push_back({states_.back().get(), weight});
    }
  }

  upstream::EndpointState& operator[](std::size_t index) { return *states_[index]; }
  const std::vector<upstream::Candidate>& candidates() const { return candidates_; }
  upstream::Candidate& candidate(std::size_t index) { return candidates_[index]; }
  std::size_t size() const { return states_.size(); }

  void eject(std::size_t index, TimePoint now, Milliseconds ejection_time = Milliseconds(30'000)) {
    auto& health = states_[index]->health;
    health.report_failure(ejecting_after(1, ejection_time), now, true, health.ticket());
  }
  void put_out(std::size_t index, std::uint8_t why) { states_[index]->out = why; }
  std::vector<std::uint32_t> loads() const {
    std::vector<std::uint32_t> loads;
    loads.reserve(states_.size());
    for (const auto& state : states_) loads.push_back(state->in_flight.load());
    return loads;
  }

 private:
  std::vector<std::unique_ptr<upstream::EndpointState>> states_;
  std::vector<upstream::Candidate> candidates_;
};

}  // namespace weir
