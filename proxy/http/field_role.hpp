// What a received field is to a proxy: passed on, for this hop only, or written anew by us. One table, which
// the writers (write.hpp) and the header policies (header_policy.hpp) share. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "http/head.hpp"

namespace weir::http {

enum class FieldRole : std::uint8_t {
  end_to_end,
  hop_by_hop,      // RFC 9110 7.6.1, and Proxy-Auth*: addressed to us as the next hop
  content_length,  // framing, written anew
  trailer,         // announces trailers: passes with a chunked body only
  host,
  expect,        // answered by us
  via,           // appended to
  date,          // added to responses that lack it
  max_forwards,  // one less in OPTIONS requests
  forwarding,    // who the client is: set by us only
  request_id,    // X-Request-Id
  traceparent,   // W3C trace context
  tracestate,
};

FieldRole role_of(const Field& field);

/// A name that servers which turn '-' into '_' (CGI, WSGI, PHP) cannot distinguish from one that we drop or write
/// ourselves: `X_Forwarded_For`, `Content_Length`.
bool is_alias(std::string_view name);

/// Longer names are not looked at for aliases: nothing that we write or that a policy may name is longer.
inline constexpr std::size_t folded_name_bytes_max = 128;
using FoldedName = std::array<char, folded_name_bytes_max>;

/// `name` with '-' for '_', in `buffer`; empty when it has no '_' or does not fit.
std::string_view fold_underscores(std::string_view name, FoldedName& buffer);

/// Connection and the fields that delimit messages: written by Weir alone, so a header policy that names one
/// is a mistake.
bool is_framing_name(std::string_view name);

}  // namespace weir::http
