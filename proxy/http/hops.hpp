// What a request says of the hops on its way: whether it came through here before, and how many it may still take.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/head.hpp"

namespace weir::http {

/// True when a Via of `head` names `pseudonym`: the request has been here before (RFC 9110 7.6.3).
bool came_through(const RequestHead& head, std::string_view pseudonym);

/// Max-Forwards of an OPTIONS request (RFC 9110 7.6.2); nothing where there is none, several, or no number.
std::optional<std::uint64_t> max_forwards(const RequestHead& head);

}  // namespace weir::http
