// Trailer sections on their way through: judged like fields of the head, because many receivers merge the two. Pure;
// any thread.
#pragma once

#include <string>
#include <string_view>

#include "http/header_policy.hpp"

namespace weir::http {

/// Those of `trailers` (validated field lines) that may pass. Dropped are the names that must not be in a trailer
/// section (framing, routing, authentication, hop by hop; RFC 9110 6.5.1), those that Weir writes itself or that
/// servers cannot tell from these (`X_Forwarded_For`), and those that `policy`, which may be null, sets, sets if
/// absent, or removes.
std::string forwardable_trailers(std::string_view trailers, const CompiledFields* policy);

}  // namespace weir::http
