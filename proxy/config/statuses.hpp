// Lists of response statuses as the configuration writes them: 200, 200-399, 200-299,401. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"

namespace weir::config {

inline constexpr int status_min = 100;
inline constexpr int status_max = 599;

/// One status or range, or several with commas between them; blanks around each are ignored. Nothing on anything
/// else, on a range that runs backwards and on a status outside status_min..status_max.
std::optional<std::vector<StatusRange>> parse_statuses(std::string_view text);
/// The form that parse_statuses reads back.
std::string format_statuses(const std::vector<StatusRange>& ranges);

}  // namespace weir::config
