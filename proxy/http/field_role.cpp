#include "http/field_role.hpp"

#include <algorithm>

#include "http/field_names.hpp"
#include "http/text.hpp"

namespace weir::http {
namespace {

constexpr std::size_t field_ids = 512;  // above every FieldId of Beast
static_assert(static_cast<std::size_t>(FieldId::xref) < field_ids);

constexpr auto known_roles = [] {
  std::array<FieldRole, field_ids> roles{};
  const auto set = [&](FieldId id, FieldRole role) { roles[static_cast<std::size_t>(id)] = role; };
  for (const FieldId id :
       {FieldId::connection, FieldId::keep_alive, FieldId::proxy_connection, FieldId::te,
        FieldId::transfer_encoding, FieldId::upgrade, FieldId::http2_settings, FieldId::proxy_authenticate,
        FieldId::proxy_authorization, FieldId::proxy_authentication_info}) {
    set(id, FieldRole::hop_by_hop);
  }
  set(FieldId::content_length, FieldRole::content_length);
  set(FieldId::trailer, FieldRole::trailer);
  set(FieldId::host, FieldRole::host);
  set(FieldId::expect, FieldRole::expect);
  set(FieldId::via, FieldRole::via);
  set(FieldId::date, FieldRole::date);
  set(FieldId::max_forwards, FieldRole::max_forwards);
  set(FieldId::forwarded, FieldRole::forwarding);
  return roles;
}();

struct NamedRole {
  std::string_view name;
  FieldRole role;
};

/// Names outside Beast's registry. `Proxy` would become HTTP_PROXY in a CGI environment ("httpoxy").
constexpr NamedRole other_roles[] = {
    {"x-real-ip", FieldRole::forwarding},    {"proxy", FieldRole::forwarding},
    {"x-request-id", FieldRole::request_id}, {"traceparent", FieldRole::traceparent},
    {"tracestate", FieldRole::tracestate},   {mirror_field_name, FieldRole::forwarding},
};
constexpr std::string_view forwarded_prefix = "x-forwarded-";

FieldRole role_of_other(std::string_view name) {
  switch (name.front()) {  // of all the names below
    case 'x':
    case 'X':
    case 'p':
    case 'P':
    case 't':
    case 'T':
      break;
    default:
      return FieldRole::end_to_end;
  }
  if (iequals(name.substr(0, forwarded_prefix.size()), forwarded_prefix)) return FieldRole::forwarding;
  for (const NamedRole& other : other_roles) {
    if (iequals(name, other.name)) return other.role;
  }
  return FieldRole::end_to_end;
}

bool is_named(std::string_view name, const std::vector<std::string_view>& connection_tokens) {
  return std::ranges::any_of(connection_tokens, [&](std::string_view token) { return iequals(token, name); });
}

}  // namespace

FieldRole role_of(const Field& field) {
  if (field.id != FieldId::unknown) return known_roles[static_cast<std::size_t>(field.id)];
  return field.name.empty() ? FieldRole::end_to_end : role_of_other(field.name);
}

bool is_hop_by_hop(const Field& field, const std::vector<std::string_view>& connection_tokens) {
  const FieldRole role = role_of(field);
  return role == FieldRole::hop_by_hop || role == FieldRole::content_length ||
         is_named(field.name, connection_tokens);
}

std::string_view fold_underscores(std::string_view name, FoldedName& buffer) {
  if (name.size() > buffer.size() || name.find('_') == name.npos) return {};
  std::replace_copy(name.begin(), name.end(), buffer.begin(), '_', '-');
  return {buffer.data(), name.size()};
}

bool is_alias(std::string_view name) {
  FoldedName buffer;
  if (name.find('_') == name.npos) return false;
  const std::string_view folded = fold_underscores(name.substr(0, folded_name_bytes_max), buffer);
  if (folded.empty()) return false;
  return role_of({field_id(folded), folded, {}}) != FieldRole::end_to_end;
}

bool is_framing_name(std::string_view name) {
  const FieldRole role = role_of({field_id(name), name, {}});
  return role == FieldRole::hop_by_hop || role == FieldRole::content_length || role == FieldRole::trailer ||
         role == FieldRole::expect;
}

}  // namespace weir::http
