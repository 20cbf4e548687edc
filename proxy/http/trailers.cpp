#include "http/trailers.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "http/field_names.hpp"
#include "http/field_role.hpp"
#include "http/outgoing.hpp"
#include "http/text.hpp"

namespace weir::http {
namespace {

/// Fields that change how a message is framed, routed, authenticated or processed, and those that Weir
/// sets: arriving after the body they would be trusted unchecked (RFC 9110 6.5.1).
constexpr std::array<std::string_view, 58> never_in_trailers{
    // framing and content
    "transfer-encoding", "content-length", "content-encoding", "content-type", "content-range", "trailer",
    // hop by hop
    "connection", "keep-alive", "proxy-connection", "te", "upgrade", "http2-settings",
    // routing and who is asking
    "host", "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port",
    "x-forwarded-proto", "x-real-ip", "x-request-id", "traceparent", "tracestate", "proxy-status",
    // authentication and state
    "authorization", "www-authenticate", "proxy-authenticate", "proxy-authorization", "authentication-info",
    "proxy-authentication-info", "cookie", "set-cookie", "origin",
    // request modifiers
    "cache-control", "pragma", "expect", "max-forwards", "range", "if-match", "if-none-match", "if-range",
    "if-modified-since", "if-unmodified-since",
    // response control
    "age", "date", "expires", "location", "retry-after", "vary", "warning",
    // browser security policy
    "strict-transport-security", "content-security-policy", "x-frame-options", "x-content-type-options",
    "referrer-policy", "access-control-allow-origin", "access-control-allow-credentials", "x-xss-protection"};

/// The same, the shorter ones first.
constexpr auto by_length = [] {
  auto sorted = never_in_trailers;
  std::ranges::sort(sorted, {}, &std::string_view::size);
  return sorted;
}();

/// Where in it the names of each length begin.
constexpr auto begins = [] {
  std::array<std::uint8_t, by_length.back().size() + 2> table{};
  for (std::size_t length = 0; length < table.size(); ++length) {
    const auto first = std::ranges::lower_bound(by_length, length, {}, &std::string_view::size);
    table[length] = static_cast<std::uint8_t>(first - by_length.begin());
  }
  return table;
}();

bool is_never_in_trailers(std::string_view name) {
  if (name.size() + 1 >= begins.size()) return false;
  const std::span names(by_length.begin() + begins[name.size()], by_length.begin() + begins[name.size() + 1]);
  return std::ranges::any_of(names, [name](std::string_view other) { return iequals(other, name); });
}

bool is_nominated(std::string_view name, std::string_view nominated) {
  return !for_each_list_member(nominated, [&](std::string_view member) { return !iequals(member, name); });
}

bool may_be_forwarded(const Field& field, const TrailerRules& rules) {
  if (role_of(field) != FieldRole::end_to_end) return false;
  FoldedName buffer;  // servers that turn '-' into '_' read `Set_Cookie` as the field that may not come late
  const std::string_view folded = fold_underscores(field.name, buffer);
  const std::string_view read_as = folded.empty() ? field.name : folded;
  if (is_never_in_trailers(read_as)) return false;
  if (field.id == FieldId::unknown && is_alias(field.name)) return false;
  if (is_nominated(field.name, rules.nominated)) return false;
  return rules.policy == nullptr || !rules.policy->names(field);
}

}  // namespace

std::string forwardable_trailers(std::string_view trailers, const TrailerRules& rules) {
  std::string kept;
  kept.reserve(trailers.size());
  while (!trailers.empty()) {
    const std::size_t line_bytes = std::min(trailers.find('\n'), trailers.size() - 1) + 1;
    const std::string_view line = trailers.substr(0, line_bytes);
    const std::string_view name = line.substr(0, line.find(':'));
    if (may_be_forwarded({field_id(name), name, {}}, rules)) kept += line;
    trailers.remove_prefix(line_bytes);
  }
  return kept;
}

void append_plain_lines(std::string& out, std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t line_bytes = std::min(lines.find('\n'), lines.size() - 1) + 1;
    const std::size_t behind_colon = lines.find(':') + 1;
    const std::size_t at = out.size() + behind_colon;
    out += lines.substr(0, line_bytes);
    if (behind_colon < line_bytes && out[at] == never_indexed_mark) out[at] = ' ';
    lines.remove_prefix(line_bytes);
  }
}

void keep_nominated(std::span<const std::string_view> connection_tokens, std::string& out) {
  out.clear();
  for (const std::string_view token : connection_tokens) {
    if (iequals(token, "close") || role_of({field_id(token), token, {}}) != FieldRole::end_to_end) continue;
    out.append(out.empty() ? "" : ",").append(token);
  }
}

}  // namespace weir::http
