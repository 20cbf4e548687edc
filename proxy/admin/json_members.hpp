// Members that a JSON text names twice. Boost.JSON keeps the last of them silently, so code that reads a request
// strictly asks here. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::control {

/// The members that an object of `text` has more than once, each once, by its path: `weights.blue`. Nothing of a text
/// that is no JSON.
std::vector<std::string> repeated_members(std::string_view text);

}  // namespace weir::control
