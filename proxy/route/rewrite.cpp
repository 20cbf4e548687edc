#include <algorithm>

#include "route/table.hpp"

namespace weir::route {
namespace {

/// What of `sent` follows the first `bytes` of its normalised form, which may be shorter: an encoded character that
/// need not be, slashes that follow each other.
std::string_view rest_behind(std::string_view normalised, std::size_t bytes, std::string_view sent) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < bytes && at < sent.size(); ++i) {
    if (normalised[i] == '/') {
      while (at < sent.size() && sent[at] == '/') ++at;
    } else if (sent[at] == '%') {
      if (normalised[i] == '%') i += 2;
      at += 3;
    } else {
      ++at;
    }
  }
  return sent.substr(std::min(at, sent.size()));
}

}  // namespace

void rewrite_path(const config::PathMatch& match, std::string_view normalised_path,
                  std::string_view sent_path, std::string_view rewrite, std::string& out) {
  std::string_view rest;  // what follows the replaced part: empty, or begins with a slash
  if (match.kind == config::PathMatch::Kind::prefix) {
    std::string_view prefix = match.text;
    if (prefix.ends_with('/')) prefix.remove_suffix(1);
    rest = rest_behind(normalised_path, std::min(prefix.size(), normalised_path.size()), sent_path);
  }
  if (rest.starts_with('/') && rewrite.ends_with('/')) rest.remove_prefix(1);
  if (rewrite.empty() && rest.empty()) rest = "/";
  out.append(rewrite).append(rest);
}

}  // namespace weir::route
