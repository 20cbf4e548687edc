// `weir endpoint drain`, `enable` and `disable`: the calls to the admin address and what they print. Main thread of the
// command.
#pragma once

#include <iosfwd>
#include <string>

#include "cli/client.hpp"
#include "upstream/operator_state.hpp"

namespace weir::control {

inline constexpr Milliseconds drain_wait_default{300'000};

struct EndpointSetting {
  std::string upstream, address;
  upstream::OperatorState state = upstream::OperatorState::active;
  std::string reason;
  bool wait = false;  // until nothing is in flight there
  Milliseconds timeout = drain_wait_default;
};

/// Results go to `out`, progress of the wait to `err`. Still in flight at the end of the time is `refused`.
ClientOutcome set_endpoint(const AdminTarget& target, const EndpointSetting& setting, bool as_json,
                           std::ostream& out, std::ostream& err);

}  // namespace weir::control
