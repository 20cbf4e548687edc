// The commands of a deploy that need no numbers: `weir pause`, `weir resume`, `weir promote`, `weir rollback`. Main
// thread.
#pragma once

namespace CLI {
class App;
}

namespace weir::control {

/// `code`: the exit code of the command that ran.
void add_verb_commands(CLI::App& app, int& code);

}  // namespace weir::control
