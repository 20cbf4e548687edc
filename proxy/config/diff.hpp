// What a new configuration changes, counted by kind: what a reload answers and logs. Things are the same when they
// have the same name; what they refer to is compared by name too, so that a new route in the middle of the file changes
// no other. Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"

namespace weir::config {

struct Tally {
  std::size_t kept = 0, changed = 0, removed = 0, added = 0;
  bool operator==(const Tally&) const = default;
};

struct Changes {
  Tally listeners, upstreams, endpoints, routes, rate_limits, header_policies, access_lists;
  bool routes_reordered = false;      // those that were there before stand in another order
  std::vector<std::string> settings;  // blocks without names that differ: server, admin, log, trusted_proxies
  bool operator==(const Changes&) const = default;
};

struct ChangeKind {
  std::string_view name;
  Tally Changes::*tally;
};
inline constexpr std::array<ChangeKind, 7> change_kinds{{{"listeners", &Changes::listeners},
                                                         {"upstreams", &Changes::upstreams},
                                                         {"endpoints", &Changes::endpoints},
                                                         {"routes", &Changes::routes},
                                                         {"rate_limits", &Changes::rate_limits},
                                                         {"header_policies", &Changes::header_policies},
                                                         {"access_lists", &Changes::access_lists}}};

/// `changed_files`: paths whose content is another one now; a listener or upstream that names one of them has
/// changed. The body of `respond` is part of the model.
Changes diff(const Config& before, const Config& now, const std::set<std::string>& changed_files = {});

/// What is in both and differs, by its path: `routes.api`, `upstreams.blue`, `admin`. Kind by kind, and in the order of
/// `now`. Endpoints are parts of their upstream here.
std::vector<std::string> changed_things(const Config& before, const Config& now);

/// Routes that are in both and stand elsewhere among these, each with the one that it stands behind now (empty: it is
/// the first). As few as explain the new order.
struct MovedRoute {
  std::string name, behind;
};
std::vector<MovedRoute> moved_routes(const Config& before, const Config& now);
/// Routes by name, by whether a new configuration treats them otherwise than the one before. `changed` and `kept` are
/// in both.
struct TouchedRoutes {
  std::vector<std::string> changed, added, kept;
  bool any() const { return !changed.empty() || !added.empty(); }
};

/// A route is changed where it differs itself, or something that it refers to; a mirror's upstream answers no client.
/// All are where something differs that all requests pass (listeners, server, trusted_proxies), and where requests may
/// come to another route than before: one was removed, matches others, or stands at another place.
TouchedRoutes touched_routes(const Config& before, const Config& now,
                             const std::set<std::string>& changed_files = {});

/// `routes: kept 12, changed 1, removed 0, added 2; ...`, one phrase a kind.
std::string to_text(const Changes& changes);

}  // namespace weir::config
