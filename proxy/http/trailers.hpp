// Trailer sections on their way through: judged like fields of the head, because many receivers merge the two. Pure;
// any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "http/header_policy.hpp"

namespace weir::http {

/// More fields than this are refused.
inline constexpr std::size_t trailer_count_max = 32;

/// What the head of a message says about its trailers.
struct TrailerRules {
  const CompiledFields* policy = nullptr;  // for the fields of the head; may be null
  std::string_view nominated;              // names from Connection, as keep_nominated() writes them
};

/// Those of `trailers` (validated field lines) that may pass. Dropped are the names that must not be in a trailer
/// section (framing, routing, authentication, hop by hop; RFC 9110 6.5.1), those that Weir writes itself or that
/// servers cannot distinguish from these (`X_Forwarded_For`), those that the policy sets, sets if absent, or removes,
/// and those that Connection names (RFC 9110 7.6.1).
std::string forwardable_trailers(std::string_view trailers, const TrailerRules& rules);

/// Appends trailers that are forwarded as HTTP/1 has them: without http::never_indexed_mark.
void append_plain_lines(std::string& out, std::string_view lines);

/// The members of Connection that are no connection options of HTTP/1.1, for TrailerRules::nominated: trailers come
/// when the buffer of the head is gone. `out` is cleared first, and stays empty with all but a few clients.
void keep_nominated(std::span<const std::string_view> connection_tokens, std::string& out);

}  // namespace weir::http
