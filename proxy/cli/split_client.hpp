// `weir split get` and `weir split set`: the calls to the admin address and what they print. Main thread of the
// command.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "cli/client.hpp"

namespace weir::control {

struct SplitSetting {
  std::string route;
  std::vector<std::string> weights;  // blue=90
  std::string ttl, reason;
  std::string generation;      // number or tag; empty: whatever is in use
  bool abort_rollout = false;  // that runs on the route
};

struct SetOutcome {
  ClientOutcome outcome = ClientOutcome::done;
  bool usage = false;  // the arguments themselves are wrong; nothing was asked
};

/// Prints the splits of all routes, or of `route`.
ClientOutcome show_splits(const AdminTarget& target, const std::string& route, bool as_json,
                          std::ostream& out, std::ostream& err);
SetOutcome set_split(const AdminTarget& target, const SplitSetting& setting, bool as_json, std::ostream& out,
                     std::ostream& err);

/// `weir promote` and `weir rollback`; `to`: only of a promotion, empty: the new side.
struct WeightsVerb {
  bool promotes = true;
  std::string route, to, reason;
  std::string generation;  // number or tag; empty: whatever is in use
};
SetOutcome change_weights(const AdminTarget& target, const WeightsVerb& verb, bool as_json, std::ostream& out,
                          std::ostream& err);

/// What `weir split get` prints for the JSON of one split; nothing when it is not of that shape. Pure.
std::optional<std::string> split_text(const std::string& json);
/// The body of the PUT, or what is wrong with the arguments. `who`: who asks. Pure.
Result<std::string> set_split_body(const SplitSetting& setting, const std::string& who);

}  // namespace weir::control
