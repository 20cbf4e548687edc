#include <unordered_set>

#include "config/blocks.hpp"
#include "config/hosts.hpp"
#include "config/scalars.hpp"
#include "http/field_role.hpp"
#include "http/text.hpp"

namespace weir::config {
namespace {

HeaderPolicy built_in_security() {
  HeaderPolicy policy;
  policy.name = security_policy_name;
  // What the app says about itself stands. A day, and no subdomains: a first try of TLS must not bind for a year.
  policy.response.set_if_absent = {{"X-Frame-Options", "DENY"},
                                   {"X-Content-Type-Options", "nosniff"},
                                   {"Referrer-Policy", "strict-origin-when-cross-origin"},
                                   {"X-XSS-Protection", "0"}};
  policy.response.set_if_absent_on_tls = {{"Strict-Transport-Security", "max-age=86400"}};
  policy.response.remove = {"Server", "X-Powered-By"};
  return policy;
}

/// Reports names that a policy must not touch. `mark`: where the name stands.
bool check_policy_name(const Field& field, const Mark& mark, const std::string& name) {
  if (!is_header_name(name)) {
    field.context.report(mark, field.path, quote(name) + " is not a header name",
                         "write letters, digits and '-', such as X-Powered-By");
    return false;
  }
  if (http::is_framing_name(name)) {
    field.context.report(mark, field.path,
                         quote(name) + " belongs to the connection, and Weir alone writes it", "remove it");
    return false;
  }
  return true;
}

std::vector<std::string> parse_remove(const Field& field) {
  return list_of([](const Field& element) -> std::optional<std::string> {
    auto name = parse_header_name(element);
    if (!name || !check_policy_name(element, element.node.mark, *name)) return std::nullopt;
    return name;
  })(field);
}

/// As layers of files are merged: a field that is written is added, or takes the place of the built-in one of its name;
/// `{}` takes all of them away.
void add_fields(MapReader& reader, const char* key, std::vector<NameValue>& fields) {
  std::vector<NameValue> written;
  if (!reader.optional(key, written, parse_header_map)) return;
  if (written.empty()) fields.clear();
  for (NameValue& field : written) {
    std::erase_if(fields, [&](const NameValue& known) { return http::iequals(known.first, field.first); });
    fields.push_back(std::move(field));
  }
}

HeaderPolicy::Response parse_response(const Field& field, HeaderPolicy::Response response) {
  MapReader reader(field);
  reader.optional("set", response.set, parse_header_map);
  reader.optional("set_on_tls", response.set_on_tls, parse_header_map);
  add_fields(reader, "set_if_absent", response.set_if_absent);
  add_fields(reader, "set_if_absent_on_tls", response.set_if_absent_on_tls);
  reader.optional("remove", response.remove, parse_remove);
  return response;
}

/// Via is how Weir recognises a request that comes round again.
void refuse_via(const Field& field, const Mark& mark, std::string_view name) {
  if (!http::iequals(name, "via")) return;
  field.context.report(mark, field.path, "Via of requests is written by Weir alone, which finds loops by it",
                       "remove it");
}

HeaderPolicy::Request parse_request(const Field& field) {
  HeaderPolicy::Request request;
  MapReader reader(field);
  if (const auto set = reader.find("set")) {
    for (const Node& member : set->node.children) refuse_via(*set, member.key_mark, member.key);
  }
  if (const auto remove = reader.find("remove")) {
    for (const Node& element : remove->node.children) refuse_via(*remove, element.mark, element.text);
  }
  reader.optional("set", request.set, parse_header_map);
  reader.optional("remove", request.remove, parse_remove);
  return request;
}

/// `policy`: what holds where the block is silent.
HeaderPolicy parse_policy(const Field& field, HeaderPolicy policy) {
  MapReader reader(field);
  if (const auto response = reader.find("response")) {
    policy.response = parse_response(*response, std::move(policy.response));
  }
  reader.optional("request", policy.request, parse_request);
  return policy;
}

}  // namespace

std::vector<NameValue> parse_header_map(const Field& field) {
  std::vector<NameValue> headers;
  std::unordered_set<std::string> seen;
  for (const Field& member : members(field)) {
    const std::string& name = member.node.key;
    if (!check_policy_name(member, member.node.key_mark, name)) continue;
    if (!seen.insert(http::lower(name)).second) {
      member.context.report(member.node.key_mark, member.path, "named twice, apart from upper and lower case",
                            "keep one of the two");
    }
    if (auto value = parse_header_value(member)) headers.emplace_back(name, std::move(*value));
  }
  return headers;
}

std::vector<HeaderPolicy> default_header_policies(NameIndex& names) {
  names.add(std::string(security_policy_name));
  return {built_in_security()};
}

std::vector<HeaderPolicy> parse_header_policies(const Field& field, NameIndex& names) {
  auto policies = default_header_policies(names);
  names.add_keys(field.node);
  for (const Field& member : members(field)) {
    check_name(member);
    if (member.node.key == security_policy_name) {
      policies.front() = parse_policy(member, std::move(policies.front()));
      continue;
    }
    HeaderPolicy policy;
    policy.name = member.node.key;
    policies.push_back(parse_policy(member, std::move(policy)));
  }
  return policies;
}

}  // namespace weir::config
