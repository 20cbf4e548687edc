// Why an access list admits a client or refuses it. Pure.
#pragma once

#include <string>

#include "config/model.hpp"

namespace weir::control {

struct AccessFinding {
  std::string list;
  bool admits = false;
  std::string text;  // `10.1.2.3 is denied by 10.1.0.0/16`
};

/// By the definition of access lists (config::AccessList), block for block.
AccessFinding explain_access(const config::AccessList& list, const IpAddress& client);

}  // namespace weir::control
