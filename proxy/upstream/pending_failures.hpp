// The failures by status, of HTTP or of gRPC, that one request met are pending until the request has ended. If at least
// two endpoints had it and each answered with the same status, the cause is the request (or something that the
// endpoints share), and none of the failures is counted against an endpoint; otherwise all of them count. So one bad
// URL with retries ejects no endpoint. What is no response (refused, reset, timed out) is never pending, and neither is
// a failure whose cause is evidently the endpoint. Pure; one thread.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/clock.hpp"
#include "health/cause.hpp"
#include "health/passive.hpp"
#include "upstream/ejection.hpp"
#include "upstream/endpoint.hpp"

namespace weir::upstream {

struct PendingFailure {
  std::size_t endpoint = 0;  // index of the candidate
  health::Ticket ticket;
  health::Cause cause;
  std::uint16_t failure = 0;  // a config::Failure bit of a status
};

/// Of one request.
class PendingFailures {
 public:
  static constexpr std::size_t size_max = 8;  // a request tries no more endpoints

  void add(const PendingFailure& failure) {
    assert(count_ < size_max);
    failures_[count_++] = failure;
  }
  /// A try failed in another way. One that never had a connection is no evidence about the request.
  void note_other(std::uint16_t failure);

  bool empty() const { return count_ == 0; }
  std::span<const PendingFailure> all() const { return {failures_.data(), count_}; }
  /// The cause is the request, not the endpoints. `answered`: some endpoint served it after all.
  bool is_request_failure(bool answered) const;
  void clear() { *this = {}; }

 private:
  std::array<PendingFailure, size_max> failures_{};
  std::size_t count_ = 0;
  bool other_ = false;
};

/// As many requests as would eject `which` have a pending failure there, and no other endpoint in use has one: until
/// the cause is known, `which` is chosen after the others (balance::Shared::deprioritised). An endpoint that fails at
/// once looks idle, and would be given most requests. `which` holds the failure that this is called for already.
bool should_deprioritise(std::span<const Candidate> candidates, const EndpointState& which,
                         const config::PassiveHealth& settings);

/// The cause of `failures` is the request: they are not counted against their endpoints. A probe among them has no
/// verdict, and the next request probes. Returns what to report, with `announce` at most once each window.
Verdict discount(EjectionGuard& guard, std::span<const Candidate> candidates,
                 std::span<const PendingFailure> failures, const config::PassiveHealth& settings,
                 TimePoint now);

}  // namespace weir::upstream
