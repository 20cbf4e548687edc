#include "http1/tokenizer.hpp"

#include "http/field_names.hpp"
#include "http/find_byte.hpp"
#include "http/text.hpp"

namespace weir::http1 {
namespace {

using http::Field;
using http::FieldId;

constexpr bool is_space(char c) {
  return c == ' ' || c == '\t';
}

std::string_view text(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

TokenizeOutcome tokenize_fields(std::string_view section, std::size_t count_max, std::vector<Field>& fields) {
  const char* at = section.data();
  const char* const end = at + section.size();
  const std::size_t count_end = fields.size() + count_max;
  while (at != end && *at != '\r') {
    const char* const colon = http::find_byte(at, end, ':');
    const std::string_view name = text(at, colon);
    const std::optional<FieldId> common = http::find_common_field(name);
    if (!common && !http::is_token(name)) return TokenizeOutcome::malformed;
    const char* const cr = http::find_byte(colon, end, '\r');
    if (end - cr < 2 || cr[1] != '\n') return TokenizeOutcome::malformed;
    const char* value = colon + 1;
    const char* value_end = cr;
    while (value != value_end && is_space(*value)) ++value;
    while (value_end != value && is_space(value_end[-1])) --value_end;
    if (fields.size() == count_end) return TokenizeOutcome::too_many_fields;
    const bool verbatim = value == colon + 2 && colon[1] == ' ' && value_end == cr;
    fields.push_back(
        {common ? *common : http::registered_field(name), name, text(value, value_end), verbatim});
    at = cr + 2;
  }
  return end - at == 2 ? TokenizeOutcome::split : TokenizeOutcome::malformed;
}

}  // namespace weir::http1
