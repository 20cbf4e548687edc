#include "http/target.hpp"

#include <algorithm>

#include "http/text.hpp"

namespace weir::http {
namespace {

/// `://` and what is before it: http and https are served, nothing else.
std::size_t scheme_bytes(std::string_view text) {
  for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
    if (iequals(text.substr(0, scheme.size()), scheme)) return scheme.size();
  }
  return 0;
}

void split_query(std::string_view text, Target& target) {
  const std::size_t mark = text.find('?');
  target.path = text.substr(0, mark);
  target.has_query = mark != text.npos;
  if (target.has_query) target.query = text.substr(mark + 1);
}

}  // namespace

const char* parse_target(std::string_view text, Method method, Target& target) {
  if (text.find('#') != text.npos) return "fragment in the target";
  if (text == "*") {
    target.form = TargetForm::asterisk;
    target.path = text;
    return method == Method::options ? nullptr : "asterisk target without OPTIONS";
  }
  if (text.front() == '/') {
    target.form = TargetForm::origin;
    split_query(text, target);
    return nullptr;
  }
  const std::size_t scheme = scheme_bytes(text);
  if (scheme == 0) return "target is neither a path nor an http URI";
  const std::size_t authority_end = std::min(text.find_first_of("/?", scheme), text.size());
  target.form = TargetForm::absolute;
  target.authority = text.substr(scheme, authority_end - scheme);
  split_query(text.substr(authority_end), target);
  if (!target.path.empty()) return nullptr;
  // RFC 9112 3.2.4: OPTIONS for a whole server travels as `OPTIONS *` on its last hop.
  const bool whole_server = method == Method::options && !target.has_query;
  target.path = whole_server ? "*" : "/";
  if (whole_server) target.form = TargetForm::asterisk;
  return nullptr;
}

}  // namespace weir::http
