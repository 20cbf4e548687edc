// Where the requests of a route go by its configuration: to one upstream, or to several in shares. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/model.hpp"
#include "replay/report.hpp"

namespace weir::replay {

/// The split of a route that has one, or nullptr. The route must proxy.
const config::Split* split_of(const config::Route& route);

/// The only upstream that requests go to which no override concerns; nothing where there are several.
std::optional<std::string_view> sole_upstream(const config::Config& config, const config::Route& route);

/// Both splits send the same requests to the same upstreams by overrides.
bool same_overrides(const config::Config& old, const config::Split* before, const config::Config& now,
                    const config::Split* after);
/// What decides about an override of `after` that `before` does not have: `header X-Canary`, `cookie side`. Empty:
/// there is none, so that a request which `before` did not override is not overridden by `after`.
std::string new_override(const config::Config& old, const config::Split* before, const config::Config& now,
                         const config::Split* after);

/// Shares before and after, with `requests` of that pair of routes.
Shift shift_of(const config::Config& old, const config::Route& before, const config::Config& now,
               const config::Route& after, std::uint64_t requests);

}  // namespace weir::replay
