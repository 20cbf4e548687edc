#include "http1/copied_head.hpp"

#include "http/field_role.hpp"
#include "http/outgoing.hpp"
#include "http/text.hpp"

namespace weir::http1 {
namespace {

constexpr std::string_view line_end = "\r\n";

/// The first line of `text` with its end, which must be there.
std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find(line_end) + line_end.size());
}

}  // namespace

bool is_credential(std::string_view name) {
  return http::iequals(name, "cookie") || http::iequals(name, "authorization") ||
         http::iequals(name, "proxy-authorization");
}

void append_copied_head(std::string& out, std::string_view head, CopyRules rules, std::string_view route) {
  out.reserve(out.size() + head.size() + http::mirror_field_name.size() + route.size() + 4);
  std::string_view line = first_line(head);
  out += line;
  for (head.remove_prefix(line.size()); head.size() > line_end.size(); head.remove_prefix(line.size())) {
    line = first_line(head);
    const std::string_view name = line.substr(0, line.find(':'));
    const bool dropped =
        (!rules.keep_credentials && is_credential(name)) || http::iequals(name, http::mirror_field_name);
    if (dropped) continue;
    const std::size_t behind_colon = out.size() + name.size() + 1;
    out += line;
    if (!rules.marks && out[behind_colon] == http::never_indexed_mark) out[behind_colon] = ' ';
  }
  out.append(http::mirror_field_name).append(": ").append(route).append(line_end).append(line_end);
}

}  // namespace weir::http1
