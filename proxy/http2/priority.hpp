// Priority of a response as the client wishes it (RFC 9218 4): the value of the `priority` field and of PRIORITY_UPDATE
// frames. Pure values: any thread; depends on the standard library only.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::http2 {

struct Priority {
  static constexpr std::uint8_t levels = 8;

  std::uint8_t urgency = 3;  // 0 to 7; the lower goes first
  bool incremental = false;  // of use while it arrives: shares with others of its urgency
  bool operator==(const Priority&) const = default;
};

/// A dictionary of RFC 8941 with `u` and `i`; unknown keys, parameters and values out of range are passed over (RFC
/// 9218 4). Of a text that is no dictionary nothing counts (RFC 8941 4.2): the defaults.
Priority parse_priority(std::string_view text);

}  // namespace weir::http2
