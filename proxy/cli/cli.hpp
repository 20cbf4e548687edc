// The command line: `weir run | check | explain | diff | version`, and those of client_cli.hpp. Main thread.
#pragma once

namespace weir::control {

/// Runs the command and returns the exit code: 0 done, 1 the input is wrong, 2 usage, 3 could not bind or start, 6 what
/// `weir diff --exit-code` found.
int run_cli(int argc, char** argv);

}  // namespace weir::control
