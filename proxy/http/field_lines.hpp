// Ready `Name: value\r\n` lines, taken apart again so that a header policy can be asked about each. Pure; any thread.
#pragma once

#include <algorithm>
#include <string_view>

#include "http/field_names.hpp"

namespace weir::http {

/// Calls `visit(Field)` for each line, in order.
template <class Visit>
void for_each_field_line(std::string_view lines, Visit&& visit) {
  while (!lines.empty()) {
    const auto end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    const auto colon = line.find(':');
    if (colon != line.npos) {
      const std::string_view name = line.substr(0, colon);
      const auto value = line.find_first_not_of(" \t", colon + 1);
      visit(Field{field_id(name), name, line.substr(std::min(value, line.size()))});
    }
    lines.remove_prefix(end == lines.npos ? lines.size() : end + 2);
  }
}

}  // namespace weir::http
