// The admin address's reports as JSON text: the shapes that `weir status`, the dashboard and users' scripts
// read. Pure.
#pragma once

#include <string>
#include <vector>

#include "admin/backend.hpp"

namespace weir::control {

/// {"status":"healthy","version":"0.1.0","upstreams":{"blue":{"healthy":2,"total":2}}}
std::string to_json(const HealthReport& report);

/// {"version","commit","pid","state","started","uptime_seconds","workers",
///  "config":{"generation","hash","files":[],"files_differ","last_reload":{"success","at","error"},
///            "guard":{"state","generation","since","until","text"}},
///  "listeners":[{"name","address","tls","connections":{"active","idle","total"}}],
///  "pauses":[...] (pause_report.hpp),
///  "requests":{"total","in_flight"},"rollouts":[]}; rollouts (rollout_report.hpp) where one was started
std::string to_json(const StatusReport& report, SystemTime now);

/// {"upstreams":[{"name","protocol","balance","panic","endpoints":[{"address","weight","state","why","since",
///  "until","ejections_in_row","in_flight","consecutive_failures","window":{"requests","failures"},"requests",
///  "failures","connections":{"active","idle"}}]}]}; why, since and until only where there is something to say.
std::string to_json(const std::vector<UpstreamReport>& reports);

/// {"reloaded":true,"generation":5}
std::string to_json(const EndpointControlReport& report);
std::string to_json(const ReloadOutcome& outcome);

}  // namespace weir::control
