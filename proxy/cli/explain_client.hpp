// `weir explain --live`: the question to the admin address, and its answer as it came. Main thread of the command.
#pragma once

#include <iosfwd>

#include "cli/client.hpp"
#include "explain/explain.hpp"

namespace weir::control {

/// Prints what the running process says, as text or JSON. A process without this question is older than the command:
/// refused, and said so.
ClientOutcome ask_explain(const AdminTarget& target, const ExplainRequest& request, bool as_json,
                          std::ostream& out, std::ostream& err);

}  // namespace weir::control
