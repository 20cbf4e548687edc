// The candidates among which a policy chooses: those of one tier and zone that are in use, were not tried and have
// room, with the weight that they have at the moment. A view for one pick. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "balance/balance.hpp"
#include "balance/slow_start.hpp"

namespace weir::balance {

/// Which part of an upstream takes part.
struct Scope {
  bool primaries = true, backups = true;
  bool local = true, other = true;
  bool out_too = false;  // those that are out as well, unless an operator said so

  bool holds(const upstream::Candidate& candidate) const {
    if (!(candidate.backup ? backups : primaries) || !(candidate.local ? local : other)) return false;
    return out_too ? !candidate.state->taken_out() : candidate.state->usable();
  }
};

class Field {
 public:
  Field(std::span<const upstream::Candidate> candidates, const PickRequest& request, Milliseconds slow_start,
        Scope scope = {})
      : candidates_(candidates),
        request_(request),
        slow_start_(is_anyone_starting(candidates, request.now, slow_start) ? slow_start : Milliseconds(0)),
        scope_(scope) {}

  std::size_t size() const { return candidates_.size(); }
  const upstream::Candidate& operator[](std::size_t i) const { return candidates_[i]; }

  bool may_pick(std::size_t i) const {
    const upstream::Candidate& candidate = candidates_[i];
    return !request_.tried.contains(i) && scope_.holds(candidate) &&
           (candidate.max_connections == 0 || load(i) < candidate.max_connections);
  }
  std::uint32_t load(std::size_t i) const {
    return candidates_[i].state->in_flight.load(std::memory_order_relaxed);
  }
  /// In units of 1 / scale().
  std::uint64_t weight(std::size_t i) const {
    const upstream::Candidate& candidate = candidates_[i];
    if (slow_start_.count() == 0) return candidate.weight;
    return std::uint64_t{candidate.weight} * ramp(*candidate.state, request_.now, slow_start_);
  }
  std::uint64_t scale() const { return slow_start_.count() == 0 ? 1 : whole_ramp; }

 private:
  std::span<const upstream::Candidate> candidates_;
  const PickRequest& request_;
  Milliseconds slow_start_;  // 0: every endpoint has its whole weight
  Scope scope_;
};

}  // namespace weir::balance
