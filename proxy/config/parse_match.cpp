#include <algorithm>
#include <unordered_set>

#include "config/blocks.hpp"
#include "config/hosts.hpp"
#include "config/scalars.hpp"
#include "core/regex.hpp"
#include "http/text.hpp"
#include "http/uri.hpp"

namespace weir::config {
namespace {

constexpr std::size_t path_bytes_max = 1024;
constexpr std::size_t method_bytes_max = 32;

/// Reports an expression that does not compile. `example`: one that would.
bool check_regex(const Field& field, const std::string& expression, const std::string& example) {
  if (expression.empty()) {
    field.report("is empty", "write an expression such as " + example);
    return false;
  }
  const auto compiled = Regex::compile(expression);
  if (compiled) return true;
  field.report(quote(expression) + " is not a regular expression: " + compiled.error().detail,
               "write one that matches the whole text, such as " + example);
  return false;
}

std::optional<PathMatch> parse_path(const Field& field, PathMatch::Kind kind) {
  const auto text = parse_text(field);
  if (!text) return std::nullopt;
  PathMatch match;
  match.kind = kind;
  if (kind == PathMatch::Kind::regex) {
    if (!check_regex(field, *text, "/v[0-9]+/.*")) return std::nullopt;
    match.text = *text;
    return match;
  }
  if (!check_path(field, *text, match.text)) return std::nullopt;
  return match;
}

/// At most one of the three.
PathMatch read_path(MapReader& reader) {
  PathMatch match;
  int given = 0;
  const auto read = [&](std::string_view key, PathMatch::Kind kind) {
    if (reader.has(key)) ++given;
    reader.optional(key, match, [kind](const Field& field) { return parse_path(field, kind); });
  };
  read("path", PathMatch::Kind::exact);
  read("path_prefix", PathMatch::Kind::prefix);
  read("path_regex", PathMatch::Kind::regex);
  if (given > 1) reader.report("has more than one of path, path_prefix and path_regex", "keep one of them");
  return match;
}

std::optional<std::string> parse_method(const Field& field) {
  const auto text = parse_text(field);
  if (!text) return std::nullopt;
  if (!http::is_token(*text) || text->size() > method_bytes_max) {
    field.report(quote(*text) + " is not a method", "write one such as GET or POST");
    return std::nullopt;
  }
  std::string method = upper(*text);
  if (method == "TRACE" || method == "CONNECT") {
    field.report(method + " never reaches a route: Weir refuses it", "remove it");
    return std::nullopt;
  }
  return method;
}

/// A list whose elements differ.
template <class Parse>
auto distinct_list_of(Parse parse) {
  return [parse](const Field& field) {
    std::vector<std::string> out;
    std::unordered_set<std::string> seen;
    for (const Field& element : elements(field)) {
      auto value = parse(element);
      if (!value) continue;
      if (seen.insert(*value).second) {
        out.push_back(std::move(*value));
      } else {
        element.report(quote(*value) + " is named twice", "keep one of the two");
      }
    }
    return out;
  };
}

std::optional<HeaderMatch> parse_header_match(const Field& field) {
  HeaderMatch match;
  match.name = field.node.key;
  if (!is_header_name(match.name)) {
    field.context.report(field.node.key_mark, field.path, quote(match.name) + " is not a header name",
                         "write letters, digits and '-', such as X-Canary");
    return std::nullopt;
  }
  if (field.node.is_scalar() && !field.node.quoted && field.node.text == "true") return match;
  if (field.node.is_scalar() && !field.node.quoted && field.node.text == "false") {
    field.report("a condition on absence is not supported", "write true (present), a value, or \"~regex\"");
    return std::nullopt;
  }
  auto value = parse_header_value(field);
  if (!value) return std::nullopt;
  match.kind = value->starts_with('~') ? HeaderMatch::Kind::regex : HeaderMatch::Kind::exact;
  match.value = match.kind == HeaderMatch::Kind::regex ? value->substr(1) : std::move(*value);
  if (match.kind == HeaderMatch::Kind::regex && !check_regex(field, match.value, "\"~canary-.*\""))
    return std::nullopt;
  return match;
}

std::vector<HeaderMatch> parse_header_matches(const Field& field) {
  std::vector<HeaderMatch> out;
  for (const Field& member : members(field)) {
    if (auto match = parse_header_match(member)) out.push_back(std::move(*match));
  }
  return out;
}

}  // namespace

bool check_path(const Field& field, const std::string& text, std::string& normalised) {
  std::string why = "'?' and '#' end a path";
  if (text.size() > path_bytes_max) {
    why = "longer than " + std::to_string(path_bytes_max) + " bytes";
  } else if (text.find_first_of("?#") == std::string::npos) {
    const auto result = http::normalise_path(text, normalised);
    if (result && !http::has_encoded_slash(normalised)) return true;
    why =
        result ? "an encoded slash never matches, because it may be read as a slash" : result.error().detail;
  }
  field.report(quote(text) + " is not a path: " + why, "write one such as /api");
  return false;
}

RouteMatch parse_match(const Field& field, const Names& names) {
  RouteMatch match;
  MapReader reader(field);
  reader.optional("hosts", match.hosts, distinct_list_of(parse_host_pattern));
  match.path = read_path(reader);
  reader.optional("methods", match.methods, distinct_list_of(parse_method));
  reader.optional("headers", match.headers, parse_header_matches);
  reader.optional("listeners", match.listeners, list_of([&](const Field& element) {
                    return names.listeners.resolve(element, "a listener");
                  }));
  reader.optional("scheme", match.scheme, one_of(schemes));
  return match;
}

}  // namespace weir::config
