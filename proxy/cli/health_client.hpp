// `weir health`: one question to the admin address, for probes that cannot speak HTTP. Main thread of the command.
#pragma once

#include <iosfwd>

#include "cli/client.hpp"

namespace weir::control {

/// A probe that waits longer than that is counted as failed by what runs it.
inline constexpr Milliseconds health_timeout{2'000};

enum class HealthQuestion : std::uint8_t {
  ready,  // new requests are welcome: not before the start is over, nor while it stops
  live,   // the process answers
};

/// Prints one line, or with `as_json` one object. True: as asked. Not as asked, no answer in time and what is not Weir
/// are false; the reason goes to `err`.
bool ask_health(const AdminTarget& target, HealthQuestion question, bool as_json, std::ostream& out,
                std::ostream& err);

}  // namespace weir::control
