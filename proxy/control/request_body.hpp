// What the bodies of writes to the admin address have in common: a JSON object of few members, and the notes in it
// that say who asks and why. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "split/state.hpp"

namespace weir::control {

/// Of a member `who`: the address is written behind it, and both together are at most split::who_bytes_max.
inline constexpr std::size_t who_bytes_max = split::who_bytes_max - 56;

inline constexpr const char* not_an_object = "the body must be a JSON object";
/// Nothing when it is none.
std::optional<boost::json::object> parse_body(std::string_view body);

/// A string of one line, or a problem.
void read_note(std::string_view key, const boost::json::value& value, std::size_t bytes_max,
               std::string& into, std::vector<std::string>& problems);

/// For the audit: who says to be asking, and from which address.
std::string asked_by(const std::string& who, const std::string& peer);

}  // namespace weir::control
