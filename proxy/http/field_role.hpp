// What a received field is to a proxy: passed on, for this hop only, or written anew by us. One table, which
// the writers of heads and the header policies (header_policy.hpp) share. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "http/head.hpp"

namespace weir::http {

/// Says that a request is a copy, whose answer no client reads; its value is the name of the route. Weir never passes
/// one on from a client.
inline constexpr std::string_view mirror_field_name = "X-Weir-Mirror";

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

/// The fields that never pass to the other side: Connection and what it names, Keep-Alive, Proxy-Connection,
/// Proxy-Auth*, TE, Transfer-Encoding, Upgrade, HTTP2-Settings (RFC 9110 7.6.1), and Content-Length: framing
/// is written anew. Trailer is not among them: it passes with a chunked body.
bool is_hop_by_hop(const Field& field, const std::vector<std::string_view>& connection_tokens);

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
