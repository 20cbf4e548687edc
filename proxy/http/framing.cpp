#include "http/framing.hpp"

#include <algorithm>
#include <charconv>

#include "http/field_role.hpp"
#include "http/text.hpp"

namespace weir::http {
namespace {

constexpr std::uint64_t keep_alive_seconds_max = 24 * 60 * 60;

bool lists(std::string_view list, std::string_view token) {
  return !for_each_list_member(list, [&](std::string_view member) { return !iequals(member, token); });
}

const char* gather_connection(std::string_view value, std::vector<std::string_view>& tokens,
                              FieldFacts& facts) {
  const char* wrong = nullptr;
  for_each_list_member(value, [&](std::string_view member) {
    if (!is_token(member)) wrong = "Connection is not a list of tokens";
    if (tokens.size() == connection_tokens_max) wrong = "too many members in Connection";
    if (wrong != nullptr) return false;
    tokens.push_back(member);
    if (iequals(member, "close")) facts.connection_close = true;
    if (iequals(member, "keep-alive")) facts.connection_keep_alive = true;
    if (iequals(member, "upgrade")) facts.connection_upgrade = true;
    return true;
  });
  return wrong;
}

/// `2` of `2`, `2;x`, `"2"` and `"2" ;x`. Empty where the quotes do not fit.
std::string_view value_without_parameters(std::string_view text) {
  if (!text.starts_with('"')) return trim_ows(text.substr(0, text.find(';')));
  const std::size_t close = text.find('"', 1);
  if (close == text.npos) return {};
  const std::string_view behind = trim_ows(text.substr(close + 1));
  if (!behind.empty() && behind.front() != ';') return {};
  return trim_ows(text.substr(1, close - 1));
}

/// 1 of `1` and of `1.5`; nothing on what is no decimal number.
std::optional<std::uint64_t> whole_part(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot != text.npos && (dot + 1 == text.size() || !all(text.substr(dot + 1), char_class::digit)))
    return std::nullopt;
  return parse_content_length(text.substr(0, dot));
}

}  // namespace

const char* gather_facts(const std::vector<Field>& fields, std::vector<std::string_view>& connection_tokens,
                         FieldFacts& facts) {
  for (const Field& field : fields) {
    switch (field.id) {
      case FieldId::host:
        facts.host.add(field.value);
        break;
      case FieldId::content_length:
        facts.content_length.add(field.value);
        break;
      case FieldId::transfer_encoding:
        facts.transfer_encoding.add(field.value);
        break;
      case FieldId::expect:
        facts.expect.add(field.value);
        break;
      case FieldId::upgrade:
        facts.upgrade.add(field.value);
        break;
      case FieldId::keep_alive:
        facts.keep_alive.add(field.value);
        break;
      case FieldId::te:
        facts.te_trailers = facts.te_trailers || lists(field.value, "trailers");
        break;
      case FieldId::via:
        facts.via = true;
        break;
      case FieldId::connection:
        if (const char* wrong = gather_connection(field.value, connection_tokens, facts)) return wrong;
        break;
      default:
        break;
    }
  }
  return nullptr;
}

void drop_nominated(const std::vector<std::string_view>& connection_tokens, std::vector<Field>& fields) {
  for (const std::string_view token : connection_tokens) {
    // Nearly every message has only these, and they need no search.
    if (iequals(token, "close") || iequals(token, "keep-alive")) continue;
    std::erase_if(fields, [&](const Field& field) {
      return iequals(field.name, token) && role_of(field) != FieldRole::hop_by_hop;
    });
  }
}

std::optional<std::uint64_t> parse_content_length(std::string_view value) {
  if (value.empty() || !all(value, char_class::digit)) return std::nullopt;
  std::uint64_t length = 0;
  const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (ec != std::errc{} || length > content_length_max) return std::nullopt;
  return length;
}

std::optional<std::chrono::seconds> parse_keep_alive_timeout(std::string_view value) {
  std::optional<std::chrono::seconds> timeout;
  for_each_list_member(value, [&](std::string_view member) {
    const std::size_t equals = member.find('=');
    if (equals == member.npos || !iequals(trim_ows(member.substr(0, equals)), "timeout")) return true;
    const auto number = whole_part(value_without_parameters(trim_ows(member.substr(equals + 1))));
    if (number) timeout = std::chrono::seconds(std::min(*number, keep_alive_seconds_max));
    return false;
  });
  return timeout;
}

TransferCoding classify_transfer_encoding(const std::vector<Field>& fields) {
  unsigned fields_seen = 0;
  bool exact = false;
  bool chunked_seen = false;
  bool unknown_seen = false;
  for (const Field& field : fields) {
    if (field.id != FieldId::transfer_encoding) continue;
    ++fields_seen;
    exact = iequals(field.value, "chunked");
    const bool well_formed = for_each_list_member(field.value, [&](std::string_view member) {
      if (chunked_seen) return false;  // not last
      const std::size_t semicolon = member.find(';');
      const std::string_view coding = trim_ows(member.substr(0, semicolon));
      if (!is_token(coding)) return false;
      const bool chunked = iequals(coding, "chunked");
      if (chunked && semicolon != member.npos) return false;  // it has no parameters
      (chunked ? chunked_seen : unknown_seen) = true;
      return true;
    });
    if (!well_formed) return TransferCoding::malformed;
  }
  if (unknown_seen) return TransferCoding::unknown;
  return fields_seen == 1 && exact ? TransferCoding::chunked : TransferCoding::malformed;
}

bool has_no_body(int status, Method request_method) {
  return request_method == Method::head || status < 200 || status == 204 || status == 304;
}

bool connection_persists(const FieldFacts& facts, int minor_version) {
  if (facts.connection_close) return false;
  return minor_version >= 1 || facts.connection_keep_alive;
}

}  // namespace weir::http
