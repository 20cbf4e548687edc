// The one line that `weir run` prints when it accepts traffic: for people, tests and scripts. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace weir::control {

/// `weir ready {"listeners":{"http":"127.0.0.1:8080"},"admin":"127.0.0.1:9900","pid":4711}`
std::string ready_line(const std::vector<std::pair<std::string, std::string>>& listeners,
                       const std::string& admin);

}  // namespace weir::control
