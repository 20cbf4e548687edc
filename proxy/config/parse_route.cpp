#include <algorithm>
#include <array>
#include <unordered_map>

#include "config/blocks.hpp"
#include "config/hosts.hpp"
#include "config/reachability.hpp"
#include "config/scalars.hpp"
#include "http/text.hpp"

namespace weir::config {
namespace {

constexpr std::size_t body_bytes_max = 1024 * 1024;
constexpr std::size_t target_bytes_max = 4096;
constexpr int status_min = 200;
constexpr int status_max = 599;
constexpr std::uint32_t in_flight_max = 1'000'000'000;

/// Visible ASCII: what may stand in a request line or a Location field as it is.
bool is_uri_text(std::string_view text) {
  return !text.empty() && text.size() <= target_bytes_max && http::all(text, http::char_class::visible);
}

/// Checked as a path, and sent as it is written.
std::optional<std::string> parse_rewrite_path(const Field& field) {
  auto text = parse_text(field);
  std::string normalised;
  if (!text || !check_path(field, *text, normalised)) return std::nullopt;
  return text;
}

std::optional<std::string> parse_rewrite(const Field& field) {
  std::optional<std::string> path;
  MapReader reader(field);
  reader.required("path", path, parse_rewrite_path, "write the path to send, such as /api");
  return path;
}

TimeoutsOverride parse_timeouts(const Field& field) {
  TimeoutsOverride timeouts;
  MapReader reader(field);
  reader.optional("connect", timeouts.connect, parse_positive_duration);
  reader.optional("send", timeouts.send, parse_positive_duration);
  reader.optional("response", timeouts.response, parse_positive_duration);
  reader.optional("idle", timeouts.idle, parse_positive_duration);
  reader.optional("total", timeouts.total, parse_any_duration);
  return timeouts;
}

std::optional<std::string> parse_redirect_target(const Field& field) {
  auto text = parse_text(field);
  if (!text) return std::nullopt;
  const std::string scheme = http::lower(std::string_view(*text).substr(0, text->find("://")));
  const bool absolute = (scheme == "https" || scheme == "http") && text->size() > scheme.size() + 3;
  const bool path = text->starts_with('/') && !text->starts_with("//") && !text->starts_with("/\\");
  if (is_uri_text(*text) && (absolute || path)) return text;
  field.report(quote(*text) + " is not a place to redirect to",
               "write a URL such as https://example.com/new, or a path");
  return std::nullopt;
}

RedirectAction parse_redirect(const Field& field) {
  RedirectAction redirect;
  MapReader reader(field);
  reader.required("to", redirect.to, parse_redirect_target,
                  "write a URL such as https://example.com/new, or a path");
  reader.optional("status", redirect.status, parse_redirect_status);
  return redirect;
}

struct ContentType {
  std::string_view ending, type;
};

constexpr std::array<ContentType, 9> content_types{{{".html", "text/html; charset=utf-8"},
                                                    {".htm", "text/html; charset=utf-8"},
                                                    {".txt", "text/plain; charset=utf-8"},
                                                    {".css", "text/css; charset=utf-8"},
                                                    {".js", "text/javascript; charset=utf-8"},
                                                    {".json", "application/json"},
                                                    {".xml", "application/xml"},
                                                    {".svg", "image/svg+xml"},
                                                    {".png", "image/png"}}};

std::string_view content_type_of(std::string_view path) {
  for (const ContentType& known : content_types) {
    if (path.ends_with(known.ending)) return known.type;
  }
  return "application/octet-stream";
}

std::optional<std::string> parse_body(const Field& field) {
  if (!field.node.is_scalar()) {
    field.report_kind("a single value", "write text, or body_file with a path");
    return std::nullopt;
  }
  if (field.node.text.size() <= body_bytes_max) return field.node.text;
  field.report("longer than " + std::to_string(body_bytes_max >> 20) + " MiB", "shorten it");
  return std::nullopt;
}

/// Reads the file at once: an answer never waits for a disk.
bool read_body_file(const Field& field, RespondAction& respond) {
  const auto path = parse_filled_text(field);
  if (!path) return false;
  auto content = field.context.surroundings.read_file(*path);
  if (const auto* error = std::get_if<FileError>(&content)) {
    field.report("cannot read " + quote(*path) + ": " + error->text,
                 "name a file, relative to where Weir starts");
    return false;
  }
  respond.body = std::move(std::get<std::string>(content));
  respond.content_type = content_type_of(*path);
  if (respond.body.size() <= body_bytes_max) return true;
  field.report(quote(*path) + " is larger than " + std::to_string(body_bytes_max >> 20) + " MiB",
               "shorten the file");
  return false;
}

/// A Content-Type among the headers is the content type.
void take_content_type(RespondAction& respond) {
  std::erase_if(respond.headers, [&](const NameValue& header) {
    if (!http::iequals(header.first, "Content-Type")) return false;
    respond.content_type = header.second;
    return true;
  });
}

RespondAction parse_respond(const Field& field) {
  RespondAction respond;
  respond.content_type = "text/plain; charset=utf-8";
  MapReader reader(field);
  reader.optional("status", respond.status, number_between(status_min, status_max));
  reader.optional("body", respond.body, parse_body);
  if (const auto file = reader.find("body_file")) read_body_file(*file, respond);
  reader.optional("headers", respond.headers, parse_header_map);
  take_content_type(respond);
  if (reader.has("body") && reader.has("body_file"))
    reader.report("has both body and body_file", "keep one of them");
  const bool bodiless = respond.status == 204 || respond.status == 205 || respond.status == 304;
  if (bodiless && !respond.body.empty()) {
    reader.report("status " + std::to_string(respond.status) + " has no body",
                  "remove the body, or use another status");
  }
  return respond;
}

/// What only makes sense together with `upstream` or `split`.
ProxyAction read_proxy_action(MapReader& reader, const Names& names) {
  ProxyAction action;
  const bool known = reader.optional("upstream", action.upstream, [&](const Field& field) {
    return names.upstreams.resolve(field, "an upstream");
  });
  Split split;
  const std::size_t before = reader.field().context.count();
  if (reader.optional("split", split, [&](const Field& field) { return parse_split(field, names); })) {
    action.upstream = no_upstream;
    action.split = std::move(split);
  }
  const bool is_split_sound = reader.field().context.count() == before;
  if (const auto rollout = reader.find("rollout"); rollout && action.split && is_split_sound)
    action.rollout = parse_rollout(*rollout, names, *action.split, reader.field());
  if (reader.optional("mirror", action.mirror,
                      [&](const Field& field) { return parse_mirror(field, names); }) &&
      known && action.mirror->upstream == action.upstream && action.upstream != no_upstream) {
    const Field& route = reader.field();
    route.context.report(route.node.find("mirror")->find("upstream")->mark,
                         join_path(join_path(route.path, "mirror"), "upstream"),
                         "is where the requests go anyway: each would be served twice",
                         "name another upstream");
  }
  reader.optional("rewrite", action.rewrite_path, parse_rewrite);
  reader.optional("timeouts", action.timeouts, parse_timeouts);
  reader.optional("websocket", action.websocket, parse_truth);
  return action;
}

Action read_action(MapReader& reader, const Names& names) {
  Action action = read_proxy_action(reader, names);
  RedirectAction redirect;
  RespondAction respond;
  reader.optional("redirect", redirect, parse_redirect);
  reader.optional("respond", respond, parse_respond);
  int given = 0;
  for (const std::string_view key : {"upstream", "split", "redirect", "respond"})
    given += reader.has(key) ? 1 : 0;
  const bool proxies = reader.has("upstream") || reader.has("split");
  if (given != 1 && reader.usable()) {
    reader.report(given == 0 ? "says nothing about what to do"
                             : "has more than one of upstream, split, redirect and respond",
                  "give it one of upstream, split, redirect or respond");
  }
  for (const std::string_view key : {"mirror", "rewrite", "timeouts", "websocket", "grpc_web"}) {
    if (given == 1 && !proxies && reader.has(key)) {
      const Field& route = reader.field();
      route.context.report(route.node.find(key)->key_mark, join_path(route.path, key),
                           "only makes sense together with upstream or split", "remove it");
    }
  }
  if (given == 1 && !reader.has("split") && reader.has("rollout")) {
    const Field& route = reader.field();
    route.context.report(route.node.find("rollout")->key_mark, join_path(route.path, "rollout"),
                         "only makes sense together with split",
                         "remove it, or let a split send to the old version and to the new one");
  }
  if (reader.has("redirect")) action = std::move(redirect);
  if (reader.has("respond")) action = std::move(respond);
  return action;
}

std::optional<std::string> parse_route_name(const Field& field) {
  auto name = parse_text(field);
  if (!name || is_name(*name)) return name;
  field.report(quote(*name) + " is not a name",
               "write 1 to " + std::to_string(name_bytes_max) + " letters, digits, '-' or '_'");
  return std::nullopt;
}

/// A list of names, each of them once.
std::vector<std::size_t> parse_names(const Field& field, const NameIndex& known, std::string_view what) {
  std::vector<std::size_t> named;
  for (const Field& element : elements(field)) {
    const auto index = known.resolve(element, what);
    if (!index) continue;
    if (std::find(named.begin(), named.end(), *index) != named.end()) {
      element.report(quote(element.node.text) + " is named twice", "keep one of them");
      continue;
    }
    named.push_back(*index);
  }
  return named;
}

std::vector<std::size_t> parse_limit_names(const Field& field, const Names& names) {
  auto limits = parse_names(field, names.rate_limits, "a rate limit");
  if (limits.size() > rate_limits_per_route_max) {
    field.report("names more than " + std::to_string(rate_limits_per_route_max) + " rate limits",
                 "remove some");
  }
  return limits;
}

Route parse_route(const Field& field, const Names& names) {
  Route route;
  MapReader reader(field);
  reader.required("name", route.name, parse_route_name, "give it a name of its own, such as name: api");
  reader.optional("match", route.match, [&](const Field& match) { return parse_match(match, names); });
  reader.optional("rate_limits", route.rate_limits,
                  [&](const Field& limits) { return parse_limit_names(limits, names); });
  if (!reader.has("headers"))
    route.headers = {*names.header_policies.find(std::string(security_policy_name))};
  reader.optional("headers", route.headers, list_of([&](const Field& element) {
                    return names.header_policies.resolve(element, "a header policy");
                  }));
  reader.optional("access", route.access, [&](const Field& lists) {
    return parse_names(lists, names.access_lists, "an access list");
  });
  reader.optional("max_in_flight", route.max_in_flight, number_between(std::uint32_t{0}, in_flight_max));
  reader.optional("access_log", route.access_log, parse_truth);
  reader.optional("grpc_web", route.grpc_web, parse_truth);
  route.action = read_action(reader, names);
  return route;
}

void check_unique(const Field& element, const std::string& name,
                  std::unordered_map<std::string, Mark>& seen) {
  if (name.empty()) return;
  const auto [first, fresh] = seen.emplace(name, element.node.mark);
  if (fresh) return;
  element.context.report(element.node.find("name")->mark, join_path(element.path, "name"),
                         "the name " + quote(name) + " is taken at " + element.context.place(first->second),
                         "give each route a name of its own");
}

void report_unreachable(const Field& field, const std::vector<Route>& routes, const std::vector<Mark>& marks,
                        const std::vector<bool>& sound) {
  std::vector<const RouteMatch*> matches;
  for (std::size_t i = 0; i < routes.size(); ++i) matches.push_back(sound[i] ? &routes[i].match : nullptr);
  for (const Shadow& shadow : find_unreachable(matches)) {
    field.context.report(marks[shadow.route], join_path(field.path, shadow.route),
                         "unreachable: route " + quote(routes[shadow.by].name) + " at " +
                             field.context.place(marks[shadow.by]) + " matches everything first",
                         "move it above that route, or remove one of the two");
  }
}

}  // namespace

std::vector<Route> parse_routes(const Field& field, const Names& names) {
  std::vector<Route> routes;
  std::vector<Mark> marks;
  std::vector<bool> sound;  // a route with a broken condition would seem to match everything
  std::unordered_map<std::string, Mark> seen;
  for (const Field& element : elements(field)) {
    const std::size_t before = field.context.count();
    routes.push_back(parse_route(element, names));
    marks.push_back(element.node.mark);
    sound.push_back(field.context.count() == before);
    check_unique(element, routes.back().name, seen);
  }
  if (field.node.is_list() && field.node.children.empty()) {
    field.report("is empty", "define at least one, such as - { name: all, upstream: app }");
  }
  report_unreachable(field, routes, marks, sound);
  return routes;
}

}  // namespace weir::config
