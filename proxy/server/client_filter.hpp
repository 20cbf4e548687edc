// Which requests of a client say something that its others since the last take did not. A client counts by its first
// failure, its first client error and its first few latencies of a step (rollout/clients.hpp): of one that sends
// thousands of requests a second a few are recorded, and what they come to is the same. A client whose place another
// one took is recorded anew, which changes nothing either. Bounded: `places`, 64 KiB. Worker thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "rollout/clients.hpp"

namespace weir::server {

class ClientFilter {
 public:
  static constexpr std::size_t places = 4'096;

  /// Whether the request adds anything to those for which it was true since begin().
  bool adds(const rollout::ClientRequest& request) {
    Place& place = places_[request.client % places];
    if (place.client != request.client || place.time != time_ || place.side != request.side) {
      place = {request.client, time_, request.side, 0, false, false};
    } else if (!says_more(place, request)) {
      return false;
    }
    if (request.has_latency && place.latencies < rollout::slow_requests_max) ++place.latencies;
    place.failed |= request.failed;
    place.client_error |= request.client_error;
    return true;
  }
  /// Nothing is recorded yet: after a take, and for another publication.
  void begin() { ++time_; }

 private:
  struct Place {
    std::uint64_t client = 0;
    std::uint32_t time = 0;
    rollout::Side side = rollout::Side::comparison;
    std::uint8_t latencies = 0;
    bool failed = false, client_error = false;
  };
  static_assert(sizeof(Place) == 16);

  static bool says_more(const Place& place, const rollout::ClientRequest& request) {
    return (request.has_latency && place.latencies < rollout::slow_requests_max) ||
           (request.failed && !place.failed) || (request.client_error && !place.client_error);
  }

  std::array<Place, places> places_{};
  std::uint32_t time_ = 1;
};

}  // namespace weir::server
