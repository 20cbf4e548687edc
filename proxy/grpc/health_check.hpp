// The service grpc.health.v1.Health (gRPC's health-checking.md) as far as a check needs it: one request, one response,
// and the few rules of Protocol Buffers for two messages of one field. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::grpc {

inline constexpr std::string_view health_check_path = "/grpc.health.v1.Health/Check";
/// No answer of a server that is sane is longer: what is longer is `malformed`.
inline constexpr std::size_t health_response_bytes_max = 1024;

/// The body of a request for `service`, "" for the server as a whole: a message with its prefix.
std::string health_request(std::string_view service);

enum class Health : std::uint8_t {
  unknown,  // UNKNOWN, and values that are none of these
  serving,
  not_serving,
  service_unknown,
  malformed,  // not one uncompressed HealthCheckResponse
};

/// `body` is a whole response body, prefix included. Fields that it does not know are skipped.
Health read_health_response(std::string_view body);

/// As the protocol names it: `NOT_SERVING`; of `malformed` a phrase.
std::string_view to_string(Health health);

}  // namespace weir::grpc
