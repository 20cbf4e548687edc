#include "http2/field_check.hpp"

#include <array>

#include "http/controls.hpp"
#include "http/field_names.hpp"
#include "http/text.hpp"

namespace weir::http2 {
namespace {

constexpr auto name_bytes = [] {
  std::array<bool, 256> allowed{};
  for (unsigned byte = 0; byte < allowed.size(); ++byte) {
    const char c = static_cast<char>(byte);
    allowed[byte] = http::is(c, http::char_class::token) && http::to_lower(c) == c;
  }
  return allowed;
}();

bool is_name(std::string_view text) {
  for (const char c : text) {
    if (!name_bytes[static_cast<unsigned char>(c)]) return false;
  }
  return !text.empty();
}

constexpr bool is_space(char c) {
  return c == ' ' || c == '\t';
}

}  // namespace

const char* check_value(std::string_view value) {
  if (value.empty()) return nullptr;
  if (is_space(value.front()) || is_space(value.back())) return "whitespace around a field value";
  const char* const end = value.data() + value.size();
  const char* at = http::find_control(value.data(), end);
  while (at != end && *at == '\t') at = http::find_control(at + 1, end);
  return at == end ? nullptr : "control byte in a field value";
}

CheckedField check_field(const FieldLine& line) {
  const auto common = http::find_common_lower_field(line.name);
  if (!common && !is_name(line.name)) return {"field name is not a token in lower case"};
  if (const char* wrong = check_value(line.value)) return {wrong};
  const http::FieldId id = common ? *common : http::registered_field(line.name);
  switch (id) {
    case http::FieldId::connection:
    case http::FieldId::keep_alive:
    case http::FieldId::proxy_connection:
    case http::FieldId::transfer_encoding:
    case http::FieldId::upgrade:
      return {"field about the connection", id};
    case http::FieldId::te:
      if (!http::iequals(line.value, "trailers")) return {"TE other than trailers", id};
      break;
    default:
      break;
  }
  return {nullptr, id};
}

}  // namespace weir::http2
