#include "route/table.hpp"

namespace weir::route {

void rewrite_path(const config::PathMatch& match, std::string_view normalised_path, std::string_view rewrite,
                  std::string& out) {
  std::string_view rest;  // what follows the replaced part: empty, or begins with a slash
  if (match.kind == config::PathMatch::Kind::prefix) {
    std::string_view prefix = match.text;
    if (prefix.ends_with('/')) prefix.remove_suffix(1);
    rest = normalised_path.substr(std::min(prefix.size(), normalised_path.size()));
  }
  if (rest.starts_with('/') && rewrite.ends_with('/')) rest.remove_prefix(1);
  if (rewrite.empty() && rest.empty()) rest = "/";
  out.append(rewrite).append(rest);
}

}  // namespace weir::route
