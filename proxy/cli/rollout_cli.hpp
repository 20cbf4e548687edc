// `weir rollout` on the command line. Main thread.
#pragma once

namespace CLI {
class App;
}

namespace weir::control {

/// Exit codes of commands that wait for a rollout, for scripts.
inline constexpr int exit_rolled_back = 4;
inline constexpr int exit_held = 5;

/// Adds the commands; the one that runs leaves its exit code in `code`, which outlives parsing.
void add_rollout_commands(CLI::App& app, int& code);

}  // namespace weir::control
