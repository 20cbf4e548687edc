// `weir status`, `weir reload` and `weir split` on the command line. Main thread.
#pragma once

namespace CLI {
class App;
}

namespace weir::control {

/// Adds the commands; the one that runs leaves its exit code in `code`, which outlives parsing.
void add_client_commands(CLI::App& app, int& code);

}  // namespace weir::control
