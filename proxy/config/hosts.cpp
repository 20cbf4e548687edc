#include "config/hosts.hpp"

#include <algorithm>
#include <charconv>

#include "http/text.hpp"

namespace weir::config {
namespace {

constexpr std::size_t label_bytes_max = 63;
constexpr std::size_t dns_name_bytes_max = 253;

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > label_bytes_max) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return http::is(c, http::char_class::alpha | http::char_class::digit) || c == '-' || c == '_';
  });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(text.data(), end, port);
  if (text.empty() || ec != std::errc{} || stop != end || port == 0) return std::nullopt;
  return port;
}

constexpr std::string_view endpoint_remedy =
    "write HOST:PORT, such as 127.0.0.1:9001, [::1]:9001 or app.internal:9001";

void refuse_endpoint(const Field& field, std::string_view why) {
  field.report(quote(field.node.text) + " " + std::string(why), std::string(endpoint_remedy));
}

/// Host and port apart, brackets gone; nothing when there is no such split.
struct HostAndPort {
  std::string_view host, port;
  bool bracketed = false;
};

std::optional<HostAndPort> split_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  HostAndPort parts{text.substr(0, colon), text.substr(colon + 1), false};
  if (parts.host.size() > 2 && parts.host.front() == '[' && parts.host.back() == ']') {
    parts.host = parts.host.substr(1, parts.host.size() - 2);
    parts.bracketed = true;
  }
  return parts;
}

}  // namespace

bool is_dns_name(std::string_view text) {
  if (text.empty() || text.size() > dns_name_bytes_max) return false;
  for (;;) {
    const auto dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == text.npos) return !http::all(label, http::char_class::digit);
    text.remove_prefix(dot + 1);
  }
}

bool is_service_name(std::string_view text) {
  if (!text.starts_with('_') || !is_dns_name(text)) return false;
  const auto protocol = text.find("._");
  return protocol != text.npos && protocol == text.find('.') && text.find('.', protocol + 1) != text.npos;
}

std::string endpoint_text(const Endpoint& endpoint) {
  if (endpoint.port == 0) return endpoint.host;
  if (endpoint.ip) return SocketAddress{*endpoint.ip, endpoint.port}.to_string();
  return endpoint.host + ':' + std::to_string(endpoint.port);
}

std::optional<Endpoint> parse_endpoint_address(const Field& field) {
  if (!field.node.is_scalar()) {
    field.report_kind("a single value", std::string(endpoint_remedy));
    return std::nullopt;
  }
  const std::string_view text = field.node.text;
  if (text.find("://") != text.npos) {
    refuse_endpoint(field, "is a URL");
    return std::nullopt;
  }
  const auto parts = split_port(text);
  if (is_service_name(parts ? parts->host : text)) {
    Endpoint service;
    service.host = http::lower(text);
    if (!parts) return service;
    field.report(quote(text) + " is a service name with a port",
                 "write " + std::string(parts->host) + ": its SRV records say the ports");
    return std::nullopt;
  }
  if (!parts || (!parts->bracketed && IpAddress::parse(text))) {
    refuse_endpoint(field, "has no port");
    return std::nullopt;
  }
  const auto port = parse_port(parts->port);
  if (!port) {
    refuse_endpoint(field, "has no port of 1 to 65535");
    return std::nullopt;
  }
  Endpoint endpoint;
  endpoint.port = *port;
  endpoint.ip = IpAddress::parse(parts->host);
  const bool v6_text = parts->host.find(':') != parts->host.npos;
  const bool valid =
      endpoint.ip ? parts->bracketed == v6_text : !parts->bracketed && is_dns_name(parts->host);
  if (!valid) {
    refuse_endpoint(field, "is not an address or a name");
    return std::nullopt;
  }
  endpoint.host = endpoint.ip ? endpoint.ip->to_string() : http::lower(parts->host);
  return endpoint;
}

std::optional<std::string> parse_host_pattern(const Field& field) {
  const std::string remedy = "write a host without port, such as api.example.com or *.example.com";
  if (!field.node.is_scalar()) {
    field.report_kind("a single value", remedy);
    return std::nullopt;
  }
  std::string host = http::lower(field.node.text);
  if (host == "*") {
    field.report("'*' alone is no pattern", "leave out hosts to match any");
    return std::nullopt;
  }
  if (!host.empty() && host.back() == '.') host.pop_back();
  const std::string_view name = host.starts_with("*.") ? std::string_view(host).substr(2) : host;
  const bool wildcard = name.size() != host.size();
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const auto v6 =
      bracketed ? IpAddress::parse(std::string_view(host).substr(1, host.size() - 2)) : std::nullopt;
  const bool address = (v6 && host.find(':') != host.npos) ||
                       (!wildcard && IpAddress::parse(host) && host.find(':') == host.npos);
  if (address || is_dns_name(name)) return host;
  if (host.find('*', wildcard ? 1 : 0) != host.npos) {
    field.report(quote(field.node.text) + " has a '*' that is not its first label",
                 "write it as *.example.com");
  } else {
    field.report(quote(field.node.text) + " is not a host", remedy);
  }
  return std::nullopt;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_bytes_max && std::all_of(text.begin(), text.end(), [](char c) {
    return http::is(c, http::char_class::alpha | http::char_class::digit) || c == '_' || c == '-';
  });
}

void check_name(const Field& member) {
  if (is_name(member.node.key)) return;
  member.context.report(member.node.key_mark, member.path, quote(member.node.key) + " is not a name",
                        "write 1 to " + std::to_string(name_bytes_max) + " letters, digits, '-' or '_'");
}

}  // namespace weir::config
