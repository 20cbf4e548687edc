// `weir top`: what a running Weir does, live, in a terminal; or once, as text or JSON. Main thread of the command.
#pragma once

#include <iosfwd>
#include <string>

#include "cli/client.hpp"

namespace weir::control {

struct TopSetting {
  std::string page;  // a name of top::page_names; empty: the first
  bool once = false, as_json = false;
};

/// Until the person leaves, a signal comes, or with `once` after the first answer. `unreachable`: nothing answered at
/// first; later a stream that ends is asked for again.
ClientOutcome run_top(const AdminTarget& target, const TopSetting& setting, std::ostream& out,
                      std::ostream& err);

}  // namespace weir::control
