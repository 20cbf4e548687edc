#include "http/hops.hpp"

#include <algorithm>

#include "http/framing.hpp"
#include "http/text.hpp"

namespace weir::http {

bool came_through(const RequestHead& head, std::string_view pseudonym) {
  for (const Field& field : head.fields) {
    if (field.id != FieldId::via) continue;
    // `[protocol/]version received-by [comment]`, where ours is no token of anybody else's.
    const bool found = !for_each_list_member(field.value, [&](std::string_view member) {
      const std::string_view by = trim_ows(member.substr(std::min(member.find(' '), member.size())));
      return by.substr(0, by.find_first_of(" \t")) != pseudonym;
    });
    if (found) return true;
  }
  return false;
}

std::optional<std::uint64_t> max_forwards(const RequestHead& head) {
  if (head.method != Method::options) return std::nullopt;
  const Field* only = nullptr;
  for (const Field& field : head.fields) {
    if (field.id != FieldId::max_forwards) continue;
    if (only != nullptr) return std::nullopt;
    only = &field;
  }
  if (only == nullptr) return std::nullopt;
  return parse_content_length(only->value);
}

}  // namespace weir::http
