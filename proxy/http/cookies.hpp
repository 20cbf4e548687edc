// The cookies that a request carries (RFC 6265 5.4: `a=1; b=2`). Pure; no allocation; any thread.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

#include "http/head.hpp"
#include "http/text.hpp"

namespace weir::http {

/// Calls `visit(value)` for each cookie of that name (case counts), in order, until it returns true. Returns
/// whether it did. A value is given as received, quotes included.
template <class Visit>
bool any_cookie(std::span<const Field> fields, std::string_view name, Visit&& visit) {
  for (const Field& field : fields) {
    if (field.id != FieldId::cookie) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::string_view pair = trim_ows(rest.substr(0, rest.find(';')));
      rest.remove_prefix(std::min(rest.find(';'), rest.size() - 1) + 1);
      const std::size_t equals = pair.find('=');
      if (equals == pair.npos || trim_ows(pair.substr(0, equals)) != name) continue;
      if (visit(trim_ows(pair.substr(equals + 1)))) return true;
    }
  }
  return false;
}

/// RFC 6265 4.1.1: cookie-octets without quotes.
constexpr bool is_cookie_value(std::string_view text) {
  return all(text, char_class::visible) && text.find_first_of("\",;\\") == text.npos;
}

}  // namespace weir::http
