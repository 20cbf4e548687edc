// YAML text -> document tree. The one place that uses yaml-cpp; nothing of it leaks out, and its exceptions
// end here. Everything that an input could make grow is bounded by a name below. The control thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.hpp"
#include "config/load.hpp"

namespace weir::config {

inline constexpr std::size_t yaml_bytes_max = 8 * 1024 * 1024;  // one file: about 40,000 routes
inline constexpr std::size_t yaml_depth_max = 32;               // maps and lists inside each other
inline constexpr std::size_t yaml_nodes_max = 1'000'000;        // after aliases are expanded
inline constexpr std::size_t yaml_expanded_bytes_max =
    2 * yaml_bytes_max;  // of text, after aliases are expanded

/// Parses one document. `name` is what problems call the source. Problems are appended to `problems`; the
/// tree is still returned when they leave it usable (a duplicate key), so that the rest is validated too. An
/// empty text is a null.
std::optional<Node> parse_yaml(std::string_view text, std::uint32_t source, const std::string& name,
                               std::vector<Problem>& problems);

}  // namespace weir::config
