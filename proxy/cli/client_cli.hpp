// `weir status`, `weir reload` and `weir split` on the command line. Main thread.
#pragma once

#include <cstdint>

namespace CLI {
class App;
}

namespace weir::control {

enum class ClientOutcome : std::uint8_t;

/// Of a command that asked the admin address.
int exit_code(ClientOutcome outcome);

/// Adds the commands; the one that runs leaves its exit code in `code`, which outlives parsing.
void add_client_commands(CLI::App& app, int& code);

}  // namespace weir::control
