// Texts of others on a terminal: what an operator gave as a reason, what clients sent and a log kept. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace weir::control {

/// `text` with its line breaks, and other control characters (C0, DEL, C1) as escapes: they could move the cursor, or
/// set what the terminal does.
std::string terminal_text(std::string_view text);

}  // namespace weir::control
