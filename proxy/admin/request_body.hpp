// What the bodies of writes to the admin address have in common: a JSON object of few members, read strictly, and the
// notes in it that say who asks and why. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "split/state.hpp"

namespace weir::control {

/// Of a member `who`: the address is written behind it, and both together are at most split::who_bytes_max.
inline constexpr std::size_t who_bytes_max = split::who_bytes_max - 56;

using Problems = std::vector<std::string>;  // one a line, with the member's name in front

/// A member that a body may have.
struct Member {
  std::string_view key;
  std::function<void(const boost::json::value&, Problems&)> read;
  std::string_view missing{};  // what is said where it is not there; empty: it may be left out
};

/// Lets `members` read theirs. Returns everything that is wrong: no object, members that are unknown, there twice or
/// missing, and what their readers say.
Problems read_body(std::string_view body, std::initializer_list<Member> members);

/// Reads a string of one line into `into`.
Member note(std::string_view key, std::size_t bytes_max, std::string& into);

/// Reads a member `generation`: a number, or a tag (generation_tag.hpp).
Member generation(std::optional<std::string>& into);

/// For the audit: who says to be asking, and from which address.
std::string asked_by(const std::string& who, const std::string& peer);

}  // namespace weir::control
