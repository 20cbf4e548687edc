// `weir version`: which Weir this is, and what it was built from. Main thread of the command.
#pragma once

namespace CLI {
class App;
}

namespace weir::control {

void add_version_command(CLI::App& app, int& code);

}  // namespace weir::control
