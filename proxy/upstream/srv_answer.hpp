// SRV records (RFC 2782) out of a DNS answer, and what they are used for. c-ares reads these records as well but not
// their time to live, so the few lines that both need are here. Bounded, pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/clock.hpp"

namespace weir::upstream {

struct ServiceRecord {
  std::uint16_t priority = 0;  // lower ones first
  std::uint32_t weight = 0;
  std::uint16_t port = 0;
  std::string target;   // lower case, without the last dot
  bool backup = false;  // of a higher priority than the lowest one; set by ranked()
  bool operator==(const ServiceRecord&) const = default;
};

struct SrvAnswer {
  std::vector<ServiceRecord> records;  // as they came
  Milliseconds ttl{0};                 // the shortest of the answer
};

inline constexpr std::size_t srv_records_max = 256;        // further ones are not read
inline constexpr std::uint32_t service_weight_max = 1000;  // what endpoints may have

/// Nothing when `message` is no whole DNS message. Records whose target is no host name, or the root (RFC 2782: the
/// service is not offered), and records without a port are left out.
std::optional<SrvAnswer> parse_srv_answer(std::span<const std::uint8_t> message);

/// By priority: those of the lowest one first, all others as backups. Weights come into 1..service_weight_max: 0
/// becomes 1, and where one is above, all of its kind shrink alike.
std::vector<ServiceRecord> ranked(std::vector<ServiceRecord> records);

}  // namespace weir::upstream
