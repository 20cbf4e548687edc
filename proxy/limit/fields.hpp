// The response fields of a limit, in the form of draft-ietf-httpapi-ratelimit-headers-11: structured fields (RFC 9651)
// whose list members are named after the limit. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "limit/bucket.hpp"

namespace weir::limit {

/// Member of RateLimit-Policy: `"api";q=20;w=2`. q is the burst, w the seconds in which an empty bucket fills.
/// `name` needs no escaping (config names).
std::string policy_member(std::string_view name, const TokenBucket& bucket);

/// Appends a member of RateLimit: `"api";r=19;t=1`. r is what is left, t the seconds until there is one more: within
/// them the client gets no more than r.
void append_limit_member(std::string& out, std::string_view name, std::uint64_t tokens,
                         Nanoseconds until_next);

}  // namespace weir::limit
