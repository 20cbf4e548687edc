#include "explain/request.hpp"

#include <algorithm>
#include <string_view>

#include "http/authority.hpp"
#include "http/text.hpp"
#include "http1/parse.hpp"

namespace weir::control {
namespace {

constexpr std::uint16_t http_port = 80;
constexpr std::uint16_t https_port = 443;

Error wrong(std::string what) {
  return client_error(ErrorKind::malformed_request, std::move(what));
}

struct Url {
  bool tls = false;
  std::uint16_t port = 0;      // named, or the scheme's
  std::string_view authority;  // as given
  std::string target;          // path and query
};

Result<Url> split_url(std::string_view text) {
  Url url;
  const std::size_t scheme_end = text.find("://");
  const std::string scheme = http::lower(text.substr(0, scheme_end == text.npos ? 0 : scheme_end));
  if (scheme != "http" && scheme != "https") {
    return wrong("URL \"" + std::string(text) + "\": write it as http://host/path or https://host/path");
  }
  if (!http::all(text, http::char_class::visible))
    return wrong("URL: spaces and other invisible bytes must be percent-encoded");
  std::string_view rest = text.substr(scheme_end + 3);
  url.authority = rest.substr(0, rest.find_first_of("/?#"));
  const auto authority = http::parse_authority(url.authority);
  if (!authority) {
    return wrong("URL: \"" + std::string(url.authority) + "\" is not a host with an optional port");
  }
  url.tls = scheme == "https";
  url.port = authority->port.value_or(url.tls ? https_port : http_port);
  rest.remove_prefix(url.authority.size());
  rest = rest.substr(0, rest.find('#'));  // a fragment is never sent
  url.target = rest.starts_with('/') ? "" : "/";
  url.target += rest;
  return url;
}

/// The listener whose port and TLS the URL names; else one with that TLS, as behind a port mapping; else the first.
ChosenListener choose_listener(const std::vector<config::Listener>& listeners, const Url& url) {
  const auto number_of = [&](auto found) { return static_cast<std::size_t>(found - listeners.begin()); };
  const auto has_tls = [&](const config::Listener& listener) { return listener.tls.has_value() == url.tls; };
  const auto same = std::ranges::find_if(listeners, [&](const config::Listener& listener) {
    return has_tls(listener) && listener.address.port == url.port;
  });
  if (same != listeners.end()) return {number_of(same), ""};
  const std::string missing =
      "no listener has port " + std::to_string(url.port) + (url.tls ? " with TLS" : " without TLS");
  const auto similar = std::ranges::find_if(listeners, has_tls);
  if (similar != listeners.end()) return {number_of(similar), missing + ": the first that fits the scheme"};
  return {0, missing + ", nor fits the scheme: the first"};
}

/// The listener of that name.
Result<ChosenListener> named_listener(const std::vector<config::Listener>& listeners,
                                      const std::string& name) {
  const auto found = std::ranges::find(listeners, name, &config::Listener::name);
  if (found != listeners.end())
    return ChosenListener{static_cast<std::size_t>(found - listeners.begin()), ""};
  std::string names;
  for (const config::Listener& listener : listeners) names += (names.empty() ? "" : ", ") + listener.name;
  return wrong("no listener is named \"" + name + "\"; there are: " + names);
}

Result<config::NameValue> split_header(const std::string& line) {
  const std::size_t colon = line.find(':');
  const std::string_view name = std::string_view(line).substr(0, colon);
  if (colon == line.npos || !http::is_token(name)) {
    return wrong("header \"" + line + "\": write it as 'Name: value'");
  }
  const std::string_view value = http::trim_ows(std::string_view(line).substr(colon + 1));
  if (!http::is_field_value(value))
    return wrong("header " + std::string(name) + ": control characters in its value");
  return config::NameValue(name, value);
}

Result<std::string> compose_bytes(const ExplainRequest& request, const Url& url) {
  std::string fields;
  bool has_host = false;
  for (const std::string& line : request.headers) {
    const auto header = split_header(line);
    if (!header) return header.error();
    has_host = has_host || http::iequals(header->first, "host");
    fields.append(header->first).append(": ").append(header->second).append("\r\n");
  }
  std::string bytes = request.method + ' ' + url.target + " HTTP/1.1\r\n";
  if (!has_host) bytes.append("Host: ").append(url.authority).append("\r\n");
  return bytes + fields + "\r\n";
}

}  // namespace

Result<ComposedRequest> compose_request(const config::Config& config, const ExplainRequest& request) {
  ComposedRequest composed;
  if (!http::is_token(request.method)) {
    return wrong("method \"" + request.method + "\": write one such as GET");
  }
  const auto peer = IpAddress::parse(request.client_ip);
  if (!peer) return wrong("client \"" + request.client_ip + "\": write an IP address such as 192.0.2.1");
  composed.peer = *peer;
  const auto url = split_url(request.url);
  if (!url) return url.error();
  auto bytes = compose_bytes(request, *url);
  if (!bytes) return bytes.error();
  composed.bytes = std::make_unique<std::string>(std::move(*bytes));
  composed.listener = choose_listener(config.listeners, *url);
  if (!request.listener.empty()) {
    auto named = named_listener(config.listeners, request.listener);
    if (!named) return named.error();
    composed.listener = std::move(*named);
  }

  const config::ListenerLimits& limits = config.listeners[composed.listener.index].limits;
  std::size_t scanned = 0;
  const auto complete = http1::parse_request_head(
      *composed.bytes, {limits.header_bytes, limits.header_count, limits.uri_bytes}, scanned, composed.head);
  if (!complete) composed.refusal = complete.error();
  return composed;
}

}  // namespace weir::control
