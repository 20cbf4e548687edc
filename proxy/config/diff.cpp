#include "config/diff.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <utility>

namespace weir::config {
namespace {

constexpr std::size_t gone = static_cast<std::size_t>(-1);

/// Index in `now` of what each of `before` is called there; `gone` where nothing is.
template <class T>
std::vector<std::size_t> places_in(const std::vector<T>& before, const std::vector<T>& now) {
  std::unordered_map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < now.size(); ++i) index.emplace(now[i].name, i);
  std::vector<std::size_t> places;
  places.reserve(before.size());
  for (const T& item : before) {
    const auto found = index.find(item.name);
    places.push_back(found == index.end() ? gone : found->second);
  }
  return places;
}

template <class T, class Same>
Tally count(const std::vector<T>& before, const std::vector<T>& now, const std::vector<std::size_t>& places,
            Same same) {
  Tally tally;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (places[i] == gone) {
      ++tally.removed;
    } else if (same(before[i], now[places[i]])) {
      ++tally.kept;
    } else {
      ++tally.changed;
    }
  }
  tally.added = now.size() - tally.kept - tally.changed;
  return tally;
}

template <class T>
Tally count(const std::vector<T>& before, const std::vector<T>& now) {
  return count(before, now, places_in(before, now), std::equal_to<T>());
}

/// Where the things that routes refer to stand in the new configuration.
struct Places {
  std::vector<std::size_t> listeners, upstreams, rate_limits, header_policies, access_lists;
};

void move_all(std::vector<std::size_t>& indices, const std::vector<std::size_t>& places) {
  for (std::size_t& index : indices) index = places[index];
}

/// `route` of the old configuration, as it would be written in the new one.
Route moved(Route route, const Places& places) {
  move_all(route.match.listeners, places.listeners);
  move_all(route.rate_limits, places.rate_limits);
  move_all(route.headers, places.header_policies);
  move_all(route.access, places.access_lists);
  if (auto* const proxy = std::get_if<ProxyAction>(&route.action)) {
    if (proxy->upstream != no_upstream) proxy->upstream = places.upstreams[proxy->upstream];
    if (proxy->split) {
      for (SplitTarget& target : proxy->split->targets) target.upstream = places.upstreams[target.upstream];
    }
    if (proxy->mirror) proxy->mirror->upstream = places.upstreams[proxy->mirror->upstream];
  }
  return route;
}

bool names_one_of(const Listener& listener, const std::set<std::string>& files) {
  if (!listener.tls || files.empty()) return false;
  const ListenerTls& tls = *listener.tls;
  const auto has = [&](const std::string& path) { return files.contains(path); };
  return std::ranges::any_of(tls.certificates,
                             [&](const auto& pair) { return has(pair.cert) || has(pair.key); }) ||
         has(tls.client_auth_ca) || std::ranges::any_of(tls.ticket_keys, has);
}

bool names_one_of(const Upstream& upstream, const std::set<std::string>& files) {
  if (!upstream.tls) return false;
  return files.contains(upstream.tls->ca) || files.contains(upstream.tls->cert) ||
         files.contains(upstream.tls->key);
}

/// An endpoint's name: its upstream and address.
struct NamedEndpoint {
  std::string name;
  Endpoint endpoint;
  bool operator==(const NamedEndpoint&) const = default;
};

std::vector<NamedEndpoint> endpoints_of(const Config& config) {
  std::vector<NamedEndpoint> all;
  for (const Upstream& upstream : config.upstreams) {
    for (const Endpoint& endpoint : upstream.endpoints) {
      all.push_back({upstream.name + ' ' + endpoint.host + ' ' + std::to_string(endpoint.port), endpoint});
    }
  }
  return all;
}

Places places_of(const Config& before, const Config& now) {
  return {places_in(before.listeners, now.listeners), places_in(before.upstreams, now.upstreams),
          places_in(before.rate_limits, now.rate_limits),
          places_in(before.header_policies, now.header_policies),
          places_in(before.access_lists, now.access_lists)};
}

template <class T, class Same>
void add_changed(std::vector<std::string>& out, const std::string& kind, const std::vector<T>& before,
                 const std::vector<T>& now, Same same) {
  const std::vector<std::size_t> was = places_in(now, before);
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (was[i] != gone && !same(before[was[i]], now[i])) out.push_back(kind + '.' + now[i].name);
  }
}

/// Marks a longest run of `places` that rises: what it holds has kept its order.
std::vector<bool> in_order(const std::vector<std::size_t>& places) {
  std::vector<std::size_t> ends;  // of the best run of each length, an index of places
  std::vector<std::size_t> before(places.size(), gone);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto end =
        std::ranges::lower_bound(ends, places[i], {}, [&](std::size_t at) { return places[at]; });
    if (end != ends.begin()) before[i] = *(end - 1);
    if (end == ends.end()) {
      ends.push_back(i);
    } else {
      *end = i;
    }
  }
  std::vector<bool> kept(places.size());
  for (std::size_t at = ends.empty() ? gone : ends.back(); at != gone; at = before[at]) kept[at] = true;
  return kept;
}

bool reordered(std::vector<std::size_t> places) {
  std::erase(places, gone);
  return !std::ranges::is_sorted(places);
}

std::vector<std::string> changed_settings(const Config& before, const Config& now) {
  std::vector<std::string> names;
  if (before.server != now.server) names.emplace_back("server");
  if (before.admin != now.admin) names.emplace_back("admin");
  if (before.log != now.log) names.emplace_back("log");
  if (before.trusted_proxies != now.trusted_proxies) names.emplace_back("trusted_proxies");
  return names;
}

/// Names of `now` that `before` does not have like that.
template <class T, class Same>
std::set<std::string_view> differing(const std::vector<T>& before, const std::vector<T>& now, Same same) {
  const auto places = places_in(before, now);
  std::set<std::string_view> names;
  for (const T& item : now) names.insert(item.name);
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (places[i] != gone && same(before[i], now[places[i]])) names.erase(before[i].name);
  }
  return names;
}

/// What of a new configuration is not as it was, by name.
struct Differing {
  std::set<std::string_view> upstreams, rate_limits, header_policies, access_lists;
};

/// Whether `route` of `config` refers to something that differs.
bool refers_to(const Route& route, const Config& config, const Differing& differing) {
  const auto one_of = [](const std::vector<std::size_t>& indices, const auto& items, const auto& names) {
    return std::ranges::any_of(indices, [&](std::size_t index) { return names.contains(items[index].name); });
  };
  if (one_of(route.rate_limits, config.rate_limits, differing.rate_limits) ||
      one_of(route.headers, config.header_policies, differing.header_policies) ||
      one_of(route.access, config.access_lists, differing.access_lists))
    return true;
  const auto* const proxy = std::get_if<ProxyAction>(&route.action);
  if (proxy == nullptr) return false;
  const auto differs = [&](std::size_t upstream) {
    return upstream != no_upstream && differing.upstreams.contains(config.upstreams[upstream].name);
  };
  return differs(proxy->upstream) ||
         (proxy->split && std::ranges::any_of(proxy->split->targets, differs, &SplitTarget::upstream));
}

}  // namespace

TouchedRoutes touched_routes(const Config& before, const Config& now,
                             const std::set<std::string>& changed_files) {
  const Places places = places_of(before, now);
  const auto same = [&](const auto& old, const auto& fresh) {
    return old == fresh && !names_one_of(fresh, changed_files);
  };
  const Differing differs{differing(before.upstreams, now.upstreams, same),
                          differing(before.rate_limits, now.rate_limits, std::equal_to<>()),
                          differing(before.header_policies, now.header_policies, std::equal_to<>()),
                          differing(before.access_lists, now.access_lists, std::equal_to<>())};
  const std::vector<std::size_t> routes = places_in(before.routes, now.routes);
  bool all = before.server != now.server || before.trusted_proxies != now.trusted_proxies ||
             reordered(routes) || std::ranges::count(routes, gone) != 0 ||
             before.listeners.size() != now.listeners.size() ||
             !differing(before.listeners, now.listeners, same).empty();
  std::vector<const Route*> old(now.routes.size());
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (routes[i] != gone) old[routes[i]] = &before.routes[i];
  }
  TouchedRoutes touched;
  for (std::size_t i = 0; i < now.routes.size(); ++i) {
    const Route& route = now.routes[i];
    if (old[i] == nullptr) {
      touched.added.push_back(route.name);
      continue;
    }
    const Route as_it_was = moved(*old[i], places);
    all = all || as_it_was.match != route.match;
    const bool kept = as_it_was == route && !refers_to(route, now, differs);
    (kept ? touched.kept : touched.changed).push_back(route.name);
  }
  if (all) touched.changed.insert(touched.changed.end(), touched.kept.begin(), touched.kept.end());
  if (all) touched.kept.clear();
  return touched;
}

Changes diff(const Config& before, const Config& now, const std::set<std::string>& changed_files) {
  const Places places = places_of(before, now);
  const auto same = [&](const auto& old, const auto& fresh) {
    return old == fresh && !names_one_of(fresh, changed_files);
  };
  const std::vector<std::size_t> routes = places_in(before.routes, now.routes);
  Changes changes;
  changes.listeners = count(before.listeners, now.listeners, places.listeners, same);
  changes.upstreams = count(before.upstreams, now.upstreams, places.upstreams, same);
  changes.endpoints = count(endpoints_of(before), endpoints_of(now));
  changes.routes = count(before.routes, now.routes, routes,
                         [&](const Route& old, const Route& fresh) { return moved(old, places) == fresh; });
  changes.rate_limits = count(before.rate_limits, now.rate_limits);
  changes.header_policies = count(before.header_policies, now.header_policies);
  changes.access_lists = count(before.access_lists, now.access_lists);
  changes.routes_reordered = reordered(routes);
  changes.settings = changed_settings(before, now);
  return changes;
}

std::vector<std::string> changed_things(const Config& before, const Config& now) {
  const Places places = places_of(before, now);
  std::vector<std::string> things = changed_settings(before, now);
  const auto same = [](const auto& old, const auto& fresh) { return old == fresh; };
  add_changed(things, "listeners", before.listeners, now.listeners, same);
  add_changed(things, "upstreams", before.upstreams, now.upstreams, same);
  add_changed(things, "rate_limits", before.rate_limits, now.rate_limits, same);
  add_changed(things, "headers", before.header_policies, now.header_policies, same);
  add_changed(things, "access", before.access_lists, now.access_lists, same);
  add_changed(things, "routes", before.routes, now.routes,
              [&](const Route& old, const Route& fresh) { return moved(old, places) == fresh; });
  return things;
}

std::vector<MovedRoute> moved_routes(const Config& before, const Config& now) {
  const std::vector<std::size_t> all = places_in(now.routes, before.routes);
  std::vector<std::size_t> shared;  // of now.routes
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] == gone) continue;
    shared.push_back(i);
    places.push_back(all[i]);
  }
  const std::vector<bool> kept = in_order(places);
  std::vector<MovedRoute> found;
  for (std::size_t i = 0; i < shared.size(); ++i) {
    if (kept[i]) continue;
    const std::size_t at = shared[i];
    found.push_back({now.routes[at].name, at == 0 ? "" : now.routes[at - 1].name});
  }
  return found;
}

std::string to_text(const Changes& changes) {
  std::string text;
  for (const ChangeKind& kind : change_kinds) {
    const Tally& tally = changes.*kind.tally;
    if (tally == Tally{}) continue;
    if (!text.empty()) text += "; ";
    text.append(kind.name).append(": kept ").append(std::to_string(tally.kept));
    text.append(", changed ").append(std::to_string(tally.changed));
    text.append(", removed ").append(std::to_string(tally.removed));
    text.append(", added ").append(std::to_string(tally.added));
    if (kind.tally == &Changes::routes && changes.routes_reordered) text += ", in another order";
  }
  for (const std::string& name : changes.settings) text.append("; ").append(name).append(": changed");
  return text;
}

}  // namespace weir::config
