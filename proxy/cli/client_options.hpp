// What the commands that ask a running Weir have in common on the command line. Main thread.
#pragma once

#include <memory>

#include "cli/client.hpp"

namespace CLI {
class App;
}

namespace weir::control {

struct ClientOptions {
  AdminTarget target;
  bool json = false;
};

/// --admin, --token and --json.
std::shared_ptr<ClientOptions> add_client_options(CLI::App& command);

}  // namespace weir::control
