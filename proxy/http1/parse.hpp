// Strict reading of HTTP/1 heads: whether a message is acceptable and how its body is framed (RFC 9112). Pure
// functions over bytes; any thread. The same bytes give the same answer however they arrive in pieces.
#pragma once

#include <string_view>

#include "core/error.hpp"
#include "http/head.hpp"

namespace weir::http1 {

struct HeadLimits {
  std::size_t head_bytes = 32 * 1024;  // whole head, start line included
  std::size_t field_count = 100;
  std::size_t uri_bytes = 8 * 1024;
};

/// Parses the request head at the start of `bytes` (at most one leading empty line is skipped, RFC 9112 2.2).
/// true: complete, `head` is filled and head.bytes is its length. false: more bytes are needed.
/// Errors (all Origin::client): malformed_request, unsupported_coding, unsupported_version, method_refused,
/// expectation_failed, head_too_large, uri_too_long.
/// `scanned` is the caller's memory of how far an earlier call looked (0 at first): parsing in pieces stays
/// linear. A wrong one may keep a head waiting, but never gets one accepted.
Result<bool> parse_request_head(std::string_view bytes, const HeadLimits& limits, std::size_t& scanned,
                                http::RequestHead& head);

/// The same for a response to a request with `request_method`. `upgrade_requested`: 101 is acceptable.
/// Errors (Origin::upstream): response_malformed, response_head_too_large.
Result<bool> parse_response_head(std::string_view bytes, const HeadLimits& limits,
                                 http::Method request_method, bool upgrade_requested, std::size_t& scanned,
                                 http::ResponseHead& head);

}  // namespace weir::http1
