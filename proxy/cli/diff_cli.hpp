// `weir diff`: what changes between two configurations, and for which logged requests the outcome would. Main thread.
#pragma once

namespace CLI {
class App;
}

namespace weir::control {

/// With --exit-code: something differs, or may.
inline constexpr int exit_differs = 6;

/// Adds the command; it leaves its exit code in `code`, which outlives parsing.
void add_diff_command(CLI::App& app, int& code);

}  // namespace weir::control
