// The command line: `weir run | check | explain | status | reload | version`. Main thread.
#pragma once

namespace weir::control {

/// Runs the command and returns the exit code: 0 done, 1 the input is wrong, 2 usage, 3 could not bind or start.
int run_cli(int argc, char** argv);

}  // namespace weir::control
