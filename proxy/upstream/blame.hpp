// Is the request at fault, or the endpoint? Failures by status that one request met are held until the request has
// ended. If at least two endpoints had it and each answered with the same status, that speaks against the request (or
// something that the endpoints share) and none of them is held against an endpoint; otherwise all of them count. So one
// bad URL with retries ejects nobody. What is no response (refused, reset, timed out) is never held, and neither is a
// failure where the endpoint is evidently at fault. Pure; one thread.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/clock.hpp"
#include "health/passive.hpp"
#include "upstream/ejection.hpp"
#include "upstream/endpoint.hpp"

namespace weir::upstream {

struct HeldFailure {
  std::size_t endpoint = 0;  // index of the candidate
  health::Ticket ticket;
  int status = 0;
  std::uint16_t failure = 0;  // a config::Failure bit of a status
};

class RequestBlame {
 public:
  static constexpr std::size_t held_max = 8;  // a request tries no more endpoints

  void hold(const HeldFailure& failure) {
    assert(count_ < held_max);
    held_[count_++] = failure;
  }
  /// A try failed in another way. One that never had a connection says nothing about the request.
  void note_other(std::uint16_t failure);

  bool empty() const { return count_ == 0; }
  std::span<const HeldFailure> held() const { return {held_.data(), count_}; }
  /// The request is at fault. `answered`: some endpoint served it after all.
  bool excuses(bool answered) const;
  void clear() { *this = {}; }

 private:
  std::array<HeldFailure, held_max> held_{};
  std::size_t count_ = 0;
  bool other_ = false;
};

/// As many requests as would eject `which` have met a failure by status there that is not judged yet, and nobody met
/// one at another endpoint in use: until it is known whose fault it was, new requests go elsewhere where they can
/// (balance::Shared::suspect). An endpoint that fails at once looks idle, and would be given most of them. `which`
/// holds the failure that this is asked for already.
bool is_suspect(std::span<const Candidate> candidates, const EndpointState& which,
                const config::PassiveHealth& settings);

/// The request is at fault: `held` are no failures of their endpoints. A probe among them has no verdict, and the next
/// request probes. What is to be told, `announce` at most once each window.
Verdict excuse(EjectionGuard& guard, std::span<const Candidate> candidates, std::span<const HeldFailure> held,
               const config::PassiveHealth& settings, TimePoint now);

}  // namespace weir::upstream
