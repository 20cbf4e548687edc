// `weir reload`: the calls to the admin address, and what they print. Main thread of the command.
#pragma once

#include <iosfwd>
#include <string>

#include "cli/client.hpp"

namespace weir::control {

struct ReloadSetting {
  std::string
      guard;  // 30s: watched that long, and the command waits for the verdict; empty: server.reload_guard
  std::string reason;
};

/// Asks for a reload and waits for its end; problems go to `err`, one a line. With a guard it waits for the verdict:
/// taken_back where the configuration before it is in force again, refused where there is no verdict.
ClientOutcome request_reload(const AdminTarget& target, const ReloadSetting& setting, bool as_json,
                             std::ostream& out, std::ostream& err);

}  // namespace weir::control
