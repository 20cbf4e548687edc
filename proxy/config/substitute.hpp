// ${NAME} and ${NAME:-default} inside values, and WEIR__A__B=value over everything. Pure apart from the
// environment that is passed in; the control thread.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/document.hpp"
#include "config/load.hpp"

namespace weir::config {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

inline constexpr std::size_t substituted_bytes_max = 16 * 1024 * 1024;  // of text, over the whole document

/// Replaces `${NAME}` and `${NAME:-default}` (unset or empty: the default) in every scalar of `root`; `$${`
/// stands for `${`. Keys are left alone. A value that cannot be completed is reported and marked broken.
void substitute(Node& root, const Environment& environment, const Sources& sources,
                std::vector<Problem>& problems);

/// Prefix of the variables that override single keys.
inline constexpr std::string_view override_prefix = "WEIR__";

/// Lays each WEIR__A__B=value on `root`, in the order of their names. Segments find keys without regard to
/// case, and elements of lists by number; what does not exist is created, for validation to judge. The value
/// is YAML, and maps merge. Each variable becomes a source of its own: `environment WEIR__A__B`.
void apply_overrides(Node& root, const std::vector<std::pair<std::string, std::string>>& variables,
                     Sources& sources, std::vector<Problem>& problems);

}  // namespace weir::config
