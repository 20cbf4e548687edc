// "did you mean": the nearest of the names that would have been right. Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::config {

inline constexpr std::size_t suggest_bytes_max = 64;        // longer words get no suggestion
inline constexpr std::size_t suggest_candidates_max = 256;  // further ones are not looked at

/// Edits (insert, delete, replace, swap of neighbours) from `a` to `b`, without regard to ASCII case and with
/// '-' and '_' alike.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that is few enough edits away (a third of the word), the first of equals; or nothing.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string_view>& candidates);

/// `did you mean 'x'?` where something is near, otherwise `otherwise`.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates,
                         const std::string& otherwise);

/// `a, b or c`; empty for none. Shows at most listed_names_max of them.
inline constexpr std::size_t listed_names_max = 20;
std::string list_names(const std::vector<std::string_view>& names);

}  // namespace weir::config
