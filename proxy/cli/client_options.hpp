// What the commands share that ask a running Weir: --admin, --token and --json, and how they exit. Main thread.
#pragma once

#include <memory>
#include <string>

#include "cli/client.hpp"

namespace CLI {
class App;
}

namespace weir::control {

struct ClientOptions {
  AdminTarget target;
  bool json = false;
};

/// The options are filled when the command line is parsed.
std::shared_ptr<ClientOptions> add_client_options(CLI::App& command);
int exit_code(ClientOutcome outcome);
/// A check of an option: empty, or what is wrong with `text`.
std::string positive_duration(const std::string& text);

}  // namespace weir::control
