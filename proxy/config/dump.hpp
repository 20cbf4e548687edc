// The effective configuration as people and programs read it: every key with its value, defaults included,
// in the shape and the units of the YAML. For the admin API and the tests. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "config/model.hpp"

namespace weir::config {

/// What stands in place of a secret.
inline constexpr std::string_view secret_blank = "***";

/// Headers whose values are secrets: Authorization, cookies, and names that contain token, key, password and the like.
bool is_secret_header(std::string_view name);

/// JSON, indented. Secrets are blanked; a `respond` body is given as its size; blocks that are absent are
/// left out.
std::string dump(const Config& config);

}  // namespace weir::config
