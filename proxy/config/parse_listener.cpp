#include <fmt/format.h>

#include <algorithm>

#include "config/blocks.hpp"
#include "config/hosts.hpp"
#include "config/scalars.hpp"
#include "config/suggest.hpp"
#include "http/text.hpp"

namespace weir::config {
namespace {

constexpr std::uint32_t header_bytes_min = 1024;
constexpr std::uint32_t header_bytes_max = 1024 * 1024;
constexpr std::uint32_t header_count_max = 10'000;
constexpr std::uint32_t uri_bytes_min = 64;
constexpr std::uint64_t size_max = 1ULL << 53;
constexpr std::uint32_t count_max = 1'000'000'000;
constexpr std::uint32_t concurrent_streams_max = 128;

CertificatePair parse_certificate(const Field& field) {
  CertificatePair pair;
  MapReader reader(field);
  const std::string remedy = "write the path of a PEM file";
  const bool cert = reader.required("cert", pair.cert, parse_filled_text, remedy);
  const bool key = reader.required("key", pair.key, parse_filled_text, remedy);
  if (!cert || !key) return pair;
  if (const auto wrong = field.context.surroundings.check_certificate(pair)) {
    reader.report(*wrong, "name a PEM certificate chain, leaf first, and the key that belongs to it");
  }
  return pair;
}

std::vector<CertificatePair> parse_certificates(const Field& field) {
  auto certificates = list_of(parse_certificate)(field);
  if (field.node.is_list() && field.node.children.empty()) {
    field.report("is empty", "name at least one certificate, such as { cert: tls.crt, key: tls.key }");
  }
  return certificates;
}

/// Reports the first of `names` that stands there twice.
void report_twice(const Field& field, const std::vector<std::string>& names) {
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (std::find(names.begin(), name, *name) == name) continue;
    field.report("names " + quote(*name) + " twice", "keep the first of them");
    return;
  }
}

/// A list of some of `known`, each once and at least one; `example` is one that is right.
std::vector<std::string> parse_protocol_names(const Field& field, const std::vector<std::string_view>& known,
                                              std::string_view http2, std::string_view example) {
  const auto parse_name = [&](const Field& element) -> std::optional<std::string> {
    const std::string& text = element.node.text;
    if (element.node.is_scalar() && std::ranges::find(known, text) != known.end()) return text;
    if (element.node.is_scalar() && http::lower(text).starts_with("http/2")) {
      element.report(quote(text) + " is not known here", "did you mean " + quote(http2) + "?");
    } else {
      report_choice(element, known);
    }
    return std::nullopt;
  };
  auto names = list_of(parse_name)(field);
  if (field.node.is_list() && field.node.children.empty()) {
    field.report("is empty", fmt::format("write {}, or remove it", example));
  }
  report_twice(field, names);
  return names;
}

std::vector<std::string> parse_alpn(const Field& field) {
  return parse_protocol_names(field, {"h2", "http/1.1", "http/1.0"}, "h2", "[h2, http/1.1]");
}

PlainProtocols parse_protocols(const Field& field) {
  const auto names = parse_protocol_names(field, {"http/1.1", "h2c"}, "h2c", "[http/1.1, h2c]");
  const auto has = [&](std::string_view name) { return std::ranges::find(names, name) != names.end(); };
  return {has("http/1.1"), has("h2c")};
}

std::optional<std::string> parse_group(const Field& field) {
  auto name = parse_filled_text(field);
  if (!name) return std::nullopt;
  const std::vector<std::string>& known = field.context.surroundings.tls_groups;
  if (std::find(known.begin(), known.end(), *name) != known.end()) return name;
  const std::vector<std::string_view> names(known.begin(), known.end());
  field.report(
      fmt::format("{} is not a group of the TLS library, which has {}", quote(*name), fmt::join(known, ", ")),
      did_you_mean(*name, names, "write one of these"));
  return std::nullopt;
}

std::vector<std::string> parse_groups(const Field& field) {
  auto names = list_of(parse_group)(field);
  report_twice(field, names);
  return names;
}

void parse_client_auth(const Field& field, ListenerTls& tls) {
  MapReader reader(field);
  reader.optional("mode", tls.client_auth, one_of(client_auths));
  const bool readable = reader.optional("ca", tls.client_auth_ca, parse_text) || !reader.has("ca");
  if (!tls.client_auth_ca.empty()) {
    if (const auto wrong = field.context.surroundings.check_ca(tls.client_auth_ca)) {
      field.context.report(field.node.find("ca")->mark, join_path(field.path, "ca"), *wrong,
                           "name a PEM file of CA certificates");
    }
  } else if (readable && tls.client_auth != ClientAuth::none) {
    reader.report("needs a ca to check clients against", "set ca to a PEM file of CA certificates");
  }
}

constexpr std::size_t ticket_key_bytes = 80;
constexpr std::size_t ticket_keys_max = 3;

std::optional<std::string> parse_ticket_key(const Field& field) {
  auto path = parse_filled_text(field);
  if (!path) return std::nullopt;
  const auto content = field.context.surroundings.read_file(*path);
  const std::string remedy = "name a file of 80 random bytes, such as openssl rand 80 makes";
  if (const auto* error = std::get_if<FileError>(&content)) {
    field.report("cannot read " + quote(*path) + ": " + error->text, remedy);
  } else if (std::get<std::string>(content).size() != ticket_key_bytes) {
    field.report(quote(*path) + " is not of 80 bytes", remedy);
  }
  return path;
}

std::vector<std::string> parse_ticket_keys(const Field& field) {
  auto paths = list_of(parse_ticket_key)(field);
  if (paths.size() > ticket_keys_max) {
    field.report("more than " + std::to_string(ticket_keys_max) + " keys", "keep the newest ones");
  }
  return paths;
}

ListenerTls parse_tls(const Field& field) {
  ListenerTls tls;
  MapReader reader(field);
  reader.required("certificates", tls.certificates, parse_certificates,
                  "name at least one, such as certificates: [{ cert: tls.crt, key: tls.key }]");
  reader.optional("min_version", tls.min_version, one_of(tls_versions));
  reader.optional("groups", tls.groups, parse_groups);
  reader.optional("alpn", tls.alpn, parse_alpn);
  reader.optional("unknown_sni", tls.unknown_sni, one_of(unknown_snis));
  if (const auto client_auth = reader.find("client_auth")) parse_client_auth(*client_auth, tls);
  reader.optional("ticket_keys", tls.ticket_keys, parse_ticket_keys);
  return tls;
}

ListenerLimits parse_limits(const Field& field) {
  ListenerLimits limits;
  MapReader reader(field);
  reader.optional("header_bytes", limits.header_bytes, size_between(header_bytes_min, header_bytes_max));
  reader.optional("header_count", limits.header_count, number_between(std::uint32_t{1}, header_count_max));
  reader.optional("uri_bytes", limits.uri_bytes, size_between(uri_bytes_min, header_bytes_max));
  reader.optional("body_bytes", limits.body_bytes, size_between(std::uint64_t{0}, size_max));
  reader.optional("header_timeout", limits.header_timeout, parse_positive_duration);
  reader.optional("body_idle_timeout", limits.body_idle_timeout, parse_positive_duration);
  reader.optional("body_min_rate", limits.body_min_rate, size_between(std::uint64_t{0}, size_max));
  reader.optional("send_timeout", limits.send_timeout, parse_positive_duration);
  reader.optional("response_min_rate", limits.response_min_rate, size_between(std::uint64_t{0}, size_max));
  reader.optional("discard_bytes", limits.discard_bytes, size_between(std::uint64_t{0}, size_max));
  reader.optional("discard_min_rate", limits.discard_min_rate, size_between(std::uint64_t{0}, size_max));
  reader.optional("discard_timeout", limits.discard_timeout, parse_positive_duration);
  reader.optional("idle_timeout", limits.idle_timeout, parse_positive_duration);
  reader.optional("requests_per_connection", limits.requests_per_connection,
                  number_between(std::uint32_t{0}, count_max));
  reader.optional("connections_per_client", limits.connections_per_client,
                  number_between(std::uint32_t{0}, count_max));
  reader.optional("concurrent_streams", limits.concurrent_streams,
                  number_between(std::uint32_t{1}, concurrent_streams_max));
  reader.optional("connection_max_age", limits.connection_max_age, parse_any_duration);
  reader.optional("tunnel_max_age", limits.tunnel_max_age, parse_any_duration);
  if (limits.uri_bytes > limits.header_bytes && reader.has("uri_bytes")) {
    reader.report("uri_bytes is more than header_bytes, which counts the request line too",
                  "lower uri_bytes or raise header_bytes");
  }
  limits.uri_bytes = std::min(limits.uri_bytes, limits.header_bytes);
  return limits;
}

RedirectToHttps parse_redirect_to_https(const Field& field) {
  RedirectToHttps redirect;
  MapReader reader(field);
  reader.optional("port", redirect.port, number_between(std::uint16_t{1}, std::uint16_t{65535}));
  reader.optional("status", redirect.status, parse_redirect_status);
  return redirect;
}

Listener parse_listener(const Field& field) {
  Listener listener;
  listener.name = field.node.key;
  MapReader reader(field);
  reader.required("address", listener.address, parse_listen_address, "write IP:PORT, such as 0.0.0.0:8080");
  reader.optional("proxy_protocol", listener.proxy_protocol, one_of(proxy_protocols));
  reader.optional("path", listener.path, one_of(path_forms));
  reader.optional("redirect_to_https", listener.redirect_to_https, parse_redirect_to_https);
  reader.optional("tls", listener.tls, parse_tls);
  reader.optional("protocols", listener.protocols, parse_protocols);
  reader.optional("limits", listener.limits, parse_limits);
  if (listener.redirect_to_https && reader.has("tls")) {
    reader.report("redirect_to_https on a listener with tls would redirect to itself",
                  "remove redirect_to_https or tls");
  }
  if (reader.has("protocols") && reader.has("tls")) {
    field.context.report(field.node.find("protocols")->mark, join_path(field.path, "protocols"),
                         "is for listeners without tls; with it, tls.alpn says what clients may speak",
                         "remove it, or write tls.alpn, such as [h2, http/1.1]");
  }
  return listener;
}

}  // namespace

std::vector<Listener> parse_listeners(const Field& field, NameIndex& names) {
  std::vector<Listener> listeners;
  names.add_keys(field.node);
  for (const Field& member : members(field)) {
    check_name(member);
    listeners.push_back(parse_listener(member));
  }
  if (field.node.is_map() && field.node.children.empty()) {
    field.report("is empty", "define at least one, such as http: { address: 0.0.0.0:8080 }");
  }
  return listeners;
}

}  // namespace weir::config
