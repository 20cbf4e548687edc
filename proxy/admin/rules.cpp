#include "admin/rules.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "admin/rollout_report.hpp"
#include "admin/route_verb.hpp"
#include "admin/web_files.hpp"
#include "core/ip.hpp"
#include "http/authority.hpp"
#include "http/text.hpp"

namespace weir::control {
namespace {

enum class Way : std::uint8_t {
  read,   // GET and HEAD
  write,  // POST
  ask,    // POST of a question: it changes nothing
};

struct Entry {
  std::string_view path;
  AdminAction action;
  Way way = Way::read;
};

constexpr std::array<Entry, 15> entries{{
    {"/health/live", AdminAction::live},
    {"/health/ready", AdminAction::ready},
    {"/health", AdminAction::health},
    {"/metrics", AdminAction::metrics},
    {"/api/v1/status", AdminAction::status},
    {"/api/v1/config", AdminAction::config},
    {"/api/v1/upstreams", AdminAction::upstreams},
    {"/api/v1/routes", AdminAction::routes},
    {"/api/v1/audit", AdminAction::audit},
    {"/api/v1/events", AdminAction::events},
    {"/api/v1/stream", AdminAction::stream},
    {"/api/v1/splits", AdminAction::splits},
    {"/api/v1/rollouts", AdminAction::rollouts},
    {"/api/v1/reload", AdminAction::reload, Way::write},
    {"/api/v1/explain", AdminAction::explain, Way::ask},
}};

/// `host`: as http::parse_authority gives it, with brackets.
bool is_address(std::string_view host) {
  const bool bracketed = host.starts_with('[');
  return IpAddress::parse(bracketed ? host.substr(1, host.size() - 2) : host).has_value();
}

bool is_ours(std::string_view host, const AdminRules& rules) {
  if (http::is_loopback_name(host) || is_address(host)) return true;
  if (host.ends_with('.')) host.remove_suffix(1);
  return std::any_of(rules.hosts.begin(), rules.hosts.end(),
                     [host](std::string_view known) { return http::iequals(host, known); });
}

/// The refusal of a Host, or nothing.
std::optional<AdminResponse> refuse_host(const AdminRequest& request, const AdminRules& rules) {
  if (request.host_count == 0) return std::nullopt;  // HTTP/1.0
  const auto authority = http::parse_authority(request.host);
  if (!authority)
    return problem(400, "invalid Host: a name or an IP address is needed, with a port or without");
  if (is_ours(authority->host, rules)) return std::nullopt;
  return problem(421,
                 "Host is a name that is not in admin.hosts (IP addresses and localhost need not be there)");
}

/// A browser names the page that a request comes from; tools name none.
bool is_cross_site(const AdminRequest& request) {
  const std::string_view site = request.fetch_site;
  if (!site.empty() && site != "same-origin" && site != "none") return true;
  if (request.origin.empty()) return false;
  const std::size_t scheme_end = request.origin.find("://");
  if (scheme_end == request.origin.npos || request.host.empty()) return true;
  return !http::iequals(request.origin.substr(scheme_end + 3), request.host);
}

/// Every browser sends one of these with a write.
bool is_from_browser(const AdminRequest& request) {
  return !request.fetch_site.empty() || !request.origin.empty();
}

/// Parameters do not matter.
bool is_json(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return http::iequals(type, "application/json");
}

/// RFC 6750 2.1.
bool carries_token(std::string_view authorization, std::string_view token) {
  constexpr std::string_view scheme = "Bearer ";
  if (!http::iequals(authorization.substr(0, scheme.size()), scheme)) return false;
  return equal_secrets(token, authorization.substr(scheme.size()));
}

/// `words`: the same for people.
AdminResponse not_allowed(std::string_view methods, const std::string& words) {
  AdminResponse response = problem(405, "this path takes " + words);
  response.fields.emplace_back("Allow", methods);
  return response;
}

AdminResponse unauthorized(std::string_view what) {
  AdminResponse response = problem(401, std::string(what) + ": Authorization: Bearer TOKEN");
  response.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"weir\"");
  return response;
}

/// What is needed of a request that changes something.
std::variant<AdminAction, AdminResponse> admit_write(AdminAction action, const AdminRequest& request,
                                                     const AdminRules& rules) {
  if (is_cross_site(request)) return problem(403, "writes from pages of other sites are refused");
  if (is_from_browser(request) && !is_json(request.content_type))
    return problem(415, "writes of pages need Content-Type: application/json");
  if (!rules.token.empty() && !carries_token(request.authorization, rules.token)) {
    return unauthorized(
        action == AdminAction::reload
            ? "SIGHUP reloads without a token; by HTTP it needs the admin.token that is in force"
            : "writes need admin.token");
  }
  return action;
}

bool is_open_to_all(AdminAction action) {
  switch (action) {
    case AdminAction::live:
    case AdminAction::ready:
    case AdminAction::page:
      return true;
    default:
      return false;
  }
}

std::variant<AdminAction, AdminResponse> admit_read(AdminAction action, const AdminRequest& request,
                                                    const AdminRules& rules) {
  if (rules.read_token.empty() || is_open_to_all(action)) return action;
  if (carries_token(request.authorization, rules.read_token)) return action;
  if (!rules.token.empty() && carries_token(request.authorization, rules.token)) return action;
  return unauthorized("reads need admin.read_token");
}

std::variant<AdminAction, AdminResponse> admit_verb(RouteVerb verb, const AdminRequest& request,
                                                    const AdminRules& rules) {
  const RouteVerbMethods methods = methods_of(verb);
  const bool read = request.method == "GET" || request.method == "HEAD";
  if (read && methods.reads) return admit_read(AdminAction::route_verb, request, rules);
  if (request.method == methods.write) return admit_write(AdminAction::set_route_verb, request, rules);
  return methods.reads ? not_allowed("GET, HEAD, PUT", "GET, HEAD and PUT") : not_allowed("POST", "POST");
}

}  // namespace

bool is_known_token(std::string_view authorization, const AdminRules& rules) {
  const auto is = [authorization](const std::string& token) {
    return !token.empty() && carries_token(authorization, token);
  };
  return is(rules.token) || is(rules.read_token);
}

std::string_view route_of_split(std::string_view target) {
  constexpr std::string_view before = "/api/v1/routes/", after = "/split";
  std::string_view path = target.substr(0, target.find('?'));
  if (!path.starts_with(before) || !path.ends_with(after) || path.size() <= before.size() + after.size())
    return {};
  path = path.substr(before.size(), path.size() - before.size() - after.size());
  return path.find('/') == path.npos ? path : std::string_view();
}

std::optional<EndpointPath> endpoint_of(std::string_view target) {
  constexpr std::string_view before = "/api/v1/upstreams/", between = "/endpoints/";
  std::string_view path = target.substr(0, target.find('?'));
  if (!path.starts_with(before)) return std::nullopt;
  path.remove_prefix(before.size());
  const std::size_t slash = path.find('/');
  if (slash == 0 || slash == path.npos || !path.substr(slash).starts_with(between)) return std::nullopt;
  const std::string_view address = path.substr(slash + between.size());
  if (address.empty() || address.find('/') != address.npos) return std::nullopt;
  return EndpointPath{path.substr(0, slash), address};
}

namespace {

std::variant<AdminAction, AdminResponse> admit_rollout(const AdminRequest& request, const AdminRules& rules) {
  if (request.method == "GET" || request.method == "HEAD")
    return admit_read(AdminAction::rollout, request, rules);
  if (request.method == "POST") return admit_write(AdminAction::start_rollout, request, rules);
  if (request.method == "PUT") return admit_write(AdminAction::change_rollout, request, rules);
  return not_allowed("GET, HEAD, POST, PUT", "GET, HEAD, POST and PUT");
}

}  // namespace

std::variant<AdminAction, AdminResponse> admit(const AdminRequest& request, const AdminRules& rules) {
  if (request.host_count > 1 || (request.host_count == 0 && !request.http_1_0))
    return problem(400, "exactly one Host is needed");
  if (request.target.empty() || request.target.front() != '/')
    return problem(400, "the target must be a path");
  if (request.transfer_encoding) return problem(411, "send bodies with Content-Length");
  if (auto refused = refuse_host(request, rules)) return std::move(*refused);
  const std::string_view path = request.target.substr(0, request.target.find('?'));
  const bool read = request.method == "GET" || request.method == "HEAD";
  if (!route_of_rollout(path).empty()) return admit_rollout(request, rules);
  const bool is_endpoint = endpoint_of(path).has_value();
  if (is_endpoint || !route_of_split(path).empty()) {
    if (read) return admit_read(is_endpoint ? AdminAction::endpoint : AdminAction::split, request, rules);
    const AdminAction write = is_endpoint ? AdminAction::set_endpoint : AdminAction::set_split;
    if (request.method == "PUT") return admit_write(write, request, rules);
    return not_allowed("GET, HEAD, PUT", "GET, HEAD and PUT");
  }
  if (const auto verb = route_verb_of(path)) return admit_verb(verb->verb, request, rules);
  if (find_web_file(path) != nullptr)
    return read ? admit_read(AdminAction::page, request, rules) : not_allowed("GET, HEAD", "GET and HEAD");
  const auto entry =
      std::find_if(entries.begin(), entries.end(), [path](const Entry& e) { return e.path == path; });
  if (entry == entries.end()) return problem(404, "no such path");
  if (entry->way != Way::read && request.method != "POST") return not_allowed("POST", "POST");
  if (entry->way == Way::read && !read) return not_allowed("GET, HEAD", "GET and HEAD");
  if (entry->way == Way::write) return admit_write(entry->action, request, rules);
  if (entry->way == Way::ask && is_cross_site(request))
    return problem(403, "questions from pages of other sites are refused");
  return admit_read(entry->action, request, rules);
}

bool equal_secrets(std::string_view expected, std::string_view given) {
  // Every byte of `given` is looked at, whatever matched before; `volatile` keeps the compiler from leaving
  // early.
  volatile unsigned char difference = expected.size() == given.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto other = i < expected.size() ? expected[i] : '\0';
    difference = static_cast<unsigned char>(difference | static_cast<unsigned char>(given[i] ^ other));
  }
  return difference == 0;
}

}  // namespace weir::control
