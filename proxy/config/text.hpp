// Small text helpers that the configuration's messages share. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::config {

inline constexpr std::size_t quoted_bytes_max = 64;  // of a value that a message repeats

/// `'text'` for a message: shortened past quoted_bytes_max, control characters shown as \xHH.
std::string quote(std::string_view text);
/// `parent.key`, or `key` at the root; a key that is no plain name is quoted.
std::string join_path(std::string_view parent, std::string_view key);
/// `parent[index]`.
std::string join_path(std::string_view parent, std::size_t index);

std::string upper(std::string_view text);

/// Offset of the first byte that is not well-formed UTF-8 (RFC 3629) or is a control character other than
/// tab, CR and LF; npos when the text is clean.
std::size_t find_unclean(std::string_view text);

}  // namespace weir::config
