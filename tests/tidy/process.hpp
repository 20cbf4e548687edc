// Runs a command of the tidy rules' own and gathers what it prints.
#pragma once

#include <string>

namespace weir::tidy {

struct Outcome {
  int status = -1;     // exit status
  std::string output;  // both streams
};

/// Runs `command` with the shell, without input.
Outcome run(const std::string& command);

}  // namespace weir::tidy
