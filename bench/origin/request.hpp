// One HTTP/1 request head, read leniently: this is a test instance, the strict reading is Weir's job. All
// views point into the bytes that were parsed. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::origin {

enum class BodyKind : std::uint8_t { none, length, chunked };

struct Request {
  std::string_view method;
  std::string_view target;  // as received
  std::string_view path;    // the target without its query
  std::string_view protocol;
  int minor_version = 1;
  std::vector<std::pair<std::string_view, std::string_view>> headers;

  BodyKind body = BodyKind::none;
  std::uint64_t content_length = 0;
  bool keep_alive = true;
  bool expects_continue = false;
  bool upgrades_to_websocket = false;
  std::string_view websocket_key;
  std::string_view content_type;

  bool is_head() const { return method == "HEAD"; }
};

constexpr std::size_t head_bytes_max = 128 * 1024;

enum class ParseResult { complete, incomplete, malformed, too_large };

/// Reads one head from the front of `in`; `consumed` is its length when complete. `request` is overwritten,
/// its vector's capacity reused.
ParseResult parse_request(std::string_view in, Request& request, std::size_t& consumed);

/// ASCII case-insensitive comparison.
bool equals_ignoring_case(std::string_view a, std::string_view b);

/// Decimal digits only; false when there is anything else or it does not fit.
bool parse_decimal(std::string_view text, std::uint64_t& value);

}  // namespace weir::origin
