// The text of events about a report's verdict and about panic: one line with the reason and its numbers. Pure.
#pragma once

#include <string>
#include <string_view>

#include "config/model.hpp"
#include "upstream/ejection.hpp"
#include "upstream/panic.hpp"

namespace weir::upstream {

/// `3 consecutive failures (connect_refused x3)`, `50% of 40 requests failed in 10s (the last 8: status 503 x8)`,
/// `its probe failed: connect_refused`, `its probe succeeded`.
std::string reason_text(const Verdict& verdict, const config::PassiveHealth& settings);

/// `ejected blue/10.0.0.3:3000 for 30s: 3 consecutive failures (connect_refused x3), 4 of 5 left`; empty where
/// there is nothing to report.
std::string verdict_text(const Verdict& verdict, const config::PassiveHealth& settings,
                         std::string_view upstream, std::string_view endpoint);
/// Of kept_in_use: `3 consecutive failures (connect_refused x3); it stays in use, because no other endpoint is usable`;
/// empty where nothing is held.
std::string kept_text(const Verdict& verdict, const config::PassiveHealth& settings);
/// ejected, re_ejected, recovered, ejection_held, shared_cause or request_failure.
std::string_view verdict_kind(const Verdict& verdict);

/// `panic in blue: none of its 3 endpoints can be trusted (2 ejected, 1 failing its checks), all of them are used
/// again`.
std::string panic_text(const Standing& standing, std::string_view upstream);
/// `no panic any more in blue: 2 of 3 endpoints are in use`.
std::string calm_text(const Standing& standing, std::string_view upstream);

}  // namespace weir::upstream
