// The dashboard: one page, its script and its style, with nothing from elsewhere. It reads the API and writes
// nothing. Constants; any thread.
#pragma once

#include <string_view>

namespace weir::control {

extern const std::string_view dashboard_html;
extern const std::string_view dashboard_script;
extern const std::string_view dashboard_style;

/// Content-Security-Policy of all three: nothing inline, nothing from other places.
inline constexpr std::string_view dashboard_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace weir::control
