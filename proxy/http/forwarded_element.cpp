#include "http/forwarded_element.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "http/text.hpp"

namespace weir::http {
namespace {

/// RFC 7239 6: port = 1*5DIGIT, obfport = "_" 1*(ALPHA / DIGIT / "." / "_" / "-").
bool is_node_port(std::string_view text) {
  if (text.starts_with('_')) {
    text.remove_prefix(1);
    for (const char c : text) {
      if (!is(c, char_class::alpha | char_class::digit) && c != '.' && c != '_' && c != '-') return false;
    }
    return !text.empty();
  }
  unsigned port = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
  return !text.empty() && text.size() <= 5 && ec == std::errc{} && end == text.data() + text.size() &&
         port <= 65535;
}

struct Node {
  std::string_view address;  // without brackets
  bool bracketed = false;
};

/// Takes brackets and port off; nothing where what is left over makes no sense.
std::optional<Node> split_node(std::string_view text) {
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == text.npos) return std::nullopt;
    const std::string_view after = text.substr(close + 1);
    if (!after.empty() && (after.front() != ':' || !is_node_port(after.substr(1)))) return std::nullopt;
    return Node{text.substr(1, close - 1), true};
  }
  const auto colon = text.find(':');
  if (colon == text.npos || text.find(':', colon + 1) != text.npos)
    return Node{text, false};  // none, or IPv6
  if (!is_node_port(text.substr(colon + 1))) return std::nullopt;
  return Node{text.substr(0, colon), false};
}

bool is_v6_text(std::string_view text) {
  return text.find(':') != text.npos;
}

/// Reads one `name=value` off the front of `rest`, the ';' after it included. The value comes without its
/// quotes; quoted-pairs are left as they are, since no address needs them. False: malformed.
bool take_pair(std::string_view& rest, std::string_view& name, std::string_view& value) {
  const auto equals = rest.find('=');
  if (equals == rest.npos) return false;
  name = trim_ows(rest.substr(0, equals));
  rest.remove_prefix(equals + 1);
  if (rest.starts_with('"')) {
    std::size_t close = 1;
    while (close < rest.size() && rest[close] != '"') close += rest[close] == '\\' ? 2 : 1;
    if (close >= rest.size()) return false;
    value = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
  } else {
    value = trim_ows(rest.substr(0, rest.find(';')));
    rest.remove_prefix(std::min(rest.find(';'), rest.size()));
    if (!is_token(value)) return false;
  }
  rest = trim_ows(rest);
  if (rest.empty()) return is_token(name);
  if (rest.front() != ';') return false;
  rest.remove_prefix(1);
  return is_token(name);
}

}  // namespace

std::optional<IpAddress> parse_node(std::string_view text) {
  const auto node = split_node(text);
  if (!node || (node->bracketed && !is_v6_text(node->address))) return std::nullopt;
  return IpAddress::parse(node->address);
}

ForwardedElement parse_forwarded_element(std::string_view element) {
  ForwardedElement out;
  std::string_view from;
  bool has_for = false, has_proto = false, has_host = false;
  // False: seen before.
  const auto see = [](bool& seen, std::string_view& into, std::string_view value) {
    into = value;
    return !std::exchange(seen, true);
  };
  while (!element.empty()) {
    std::string_view name, value;
    bool fine = take_pair(element, name, value);
    if (fine && iequals(name, "for")) fine = see(has_for, from, value);
    if (fine && iequals(name, "proto")) fine = see(has_proto, out.proto, value);
    if (fine && iequals(name, "host")) fine = see(has_host, out.host, value);
    if (!fine) return {};
  }
  const auto node = split_node(from);
  // RFC 7239 6: an IPv6 address is always in brackets here.
  if (node && node->bracketed == is_v6_text(node->address) && IpAddress::parse(node->address))
    out.node = node->address;
  return out;
}

}  // namespace weir::http
