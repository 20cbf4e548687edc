#include "http/tokenizer.hpp"

#include <cstring>

#include "http/text.hpp"

namespace weir::http {
namespace {

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
    const char* const name = at;
    while (at != end && is(*at, char_class::token)) ++at;
    if (at == name || at == end || *at != ':') return TokenizeOutcome::malformed;
    const char* const colon = at++;
    const auto* const cr =
        static_cast<const char*>(std::memchr(at, '\r', static_cast<std::size_t>(end - at)));
    if (cr == nullptr || end - cr < 2 || cr[1] != '\n') return TokenizeOutcome::malformed;
    const char* value_end = cr;
    while (at != value_end && is_space(*at)) ++at;
    while (value_end != at && is_space(value_end[-1])) --value_end;
    if (fields.size() == count_end) return TokenizeOutcome::too_many_fields;
    const std::string_view name_text = text(name, colon);
    fields.push_back({boost::beast::http::string_to_field({name_text.data(), name_text.size()}), name_text,
                      text(at, value_end)});
    at = cr + 2;
  }
  return end - at == 2 ? TokenizeOutcome::split : TokenizeOutcome::malformed;
}

}  // namespace weir::http
