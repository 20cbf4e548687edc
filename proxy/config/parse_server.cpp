#include <algorithm>

#include "config/blocks.hpp"
#include "config/hosts.hpp"
#include "config/scalars.hpp"
#include "core/units.hpp"
#include "http/authority.hpp"
#include "http/text.hpp"

namespace weir::config {
namespace {

constexpr unsigned workers_max = 1024;
constexpr std::uint32_t connections_max = 10'000'000;
constexpr std::size_t token_bytes_max = 256;

std::optional<unsigned> parse_workers(const Field& field) {
  if (field.node.is_scalar() && field.node.text == "auto") return 0U;
  if (field.node.is_scalar() && field.node.text.find_first_not_of("0123456789") != std::string::npos) {
    field.report(quote(field.node.text) + " is not a number of workers",
                 "write auto, or 1 to " + std::to_string(workers_max));
    return std::nullopt;
  }
  return number_between(1U, workers_max)(field);
}

constexpr unsigned start_percent_min = 50, start_percent_max = 95;
constexpr std::uint64_t memory_min = 1024 * 1024, memory_max = 1ULL << 53;

/// `auto` leaves it absent.
std::optional<std::uint64_t> parse_max_memory(const Field& field) {
  if (field.node.is_scalar() && field.node.text == "auto") return std::nullopt;
  if (field.node.is_scalar() && field.node.text == "0") return 0;
  return parse_size_between(field, memory_min, memory_max);
}

Overload parse_overload(const Field& field) {
  Overload overload;
  MapReader reader(field);
  reader.optional("start_percent", overload.start_percent,
                  number_between(start_percent_min, start_percent_max));
  if (const auto max_memory = reader.find("max_memory")) overload.max_memory = parse_max_memory(*max_memory);
  reader.optional("retry_after", overload.retry_after, parse_positive_duration);
  return overload;
}

/// `stdout`, `stderr`, or a file that can be written to.
std::optional<std::string> parse_output(const Field& field) {
  auto output = parse_filled_text(field);
  if (!output || *output == "stdout" || *output == "stderr") return output;
  if (const auto wrong = field.context.surroundings.check_output(*output)) {
    field.report(*wrong, "name a file in a folder that Weir may write to, or write stdout or stderr");
  }
  return output;
}

std::optional<std::string> parse_token(const Field& field) {
  auto token = parse_text(field);
  if (!token) return std::nullopt;
  const bool visible = token->find_first_of(" \t") == std::string::npos &&
                       std::none_of(token->begin(), token->end(), [](char c) { return (c & 0x80) != 0; });
  if (visible && token->size() <= token_bytes_max) return token;
  field.report("not a bearer token",
               "write up to " + std::to_string(token_bytes_max) + " ASCII characters without blanks");
  return std::nullopt;
}

AccessLog parse_access_log(const Field& field) {
  AccessLog access;
  LogFormat format = LogFormat::json;
  MapReader reader(field);
  reader.optional("output", access.output, parse_output);
  reader.optional("format", format, one_of(access_log_formats));
  reader.optional("enabled", access.enabled, parse_truth);
  return access;
}

/// Below a second there is nothing to see, and past ten minutes a reload is no longer the cause.
std::optional<Milliseconds> parse_reload_guard(const Field& field) {
  const auto time = parse_any_duration(field);
  if (!time || time->count() == 0 || (*time >= reload_guard_min && *time <= reload_guard_max)) return time;
  field.report(quote(field.node.text) + " is out of range", "write 0, or a duration from " +
                                                                format_duration(reload_guard_min) + " to " +
                                                                format_duration(reload_guard_max));
  return std::nullopt;
}

}  // namespace

Server parse_server(const Field& field) {
  Server server;
  MapReader reader(field);
  reader.optional("workers", server.workers, parse_workers);
  reader.optional("shutdown_delay", server.shutdown_delay, parse_any_duration);
  reader.optional("shutdown_timeout", server.shutdown_timeout, parse_any_duration);
  reader.optional("reload_guard", server.reload_guard, parse_reload_guard);
  reader.optional("max_connections", server.max_connections,
                  number_between(std::uint32_t{1}, connections_max));
  reader.optional("state_dir", server.state_dir, parse_text);
  reader.optional("resolver", server.resolver, parse_resolver);
  reader.optional("overload", server.overload, parse_overload);
  reader.optional("zone", server.zone, parse_text);
  return server;
}

Admin default_admin() {
  Admin admin;
  admin.address = *SocketAddress::parse("127.0.0.1:9900");
  return admin;
}

/// A name that the admin address is asked under: lower case, without a trailing dot. Any port and every IP address pass
/// anyway, so that an address here is of no use, and no error either.
std::optional<std::string> parse_admin_host(const Field& field) {
  const auto text = parse_filled_text(field);
  if (!text) return std::nullopt;
  std::string name = http::lower(*text);
  if (name.find('*') != name.npos) {
    field.report(quote(*text) + " has a '*', and there are no wildcards here",
                 "write each name in full, such as weir.internal");
    return std::nullopt;
  }
  if (IpAddress::parse(name)) return name;
  const auto authority = http::parse_authority(name);
  if (authority && authority->host.size() != name.size()) {
    field.report(quote(*text) + " has a port, and any port passes",
                 "write " + std::string(authority->host) + " without it");
    return std::nullopt;
  }
  if (authority && name.front() == '[') return name;
  if (name.ends_with('.')) name.pop_back();
  if (is_dns_name(name)) return name;
  field.report(quote(*text) + " is not a host name",
               "write it without scheme, port and path, such as weir.internal");
  return std::nullopt;
}

Admin parse_admin(const Field& field) {
  Admin admin = default_admin();
  MapReader reader(field);
  // Nothing is said about the pair when one of them is wrong by itself.
  const bool address_is_fine =
      reader.optional("address", admin.address, parse_listen_address) || !reader.has("address");
  const bool token_is_fine = reader.optional("token", admin.token, parse_token) || !reader.has("token");
  reader.optional("read_token", admin.read_token, parse_token);
  reader.optional("hosts", admin.hosts, list_of(parse_admin_host));
  if (token_is_fine && admin.token.empty() && !admin.read_token.empty()) {
    reader.report("read_token without token: writes would need none", "set admin.token, too");
  }
  if (address_is_fine && token_is_fine && admin.token.empty() && !admin.address.ip.is_loopback()) {
    reader.report("a token is required, because " + admin.address.to_string() + " is not a loopback address",
                  "set admin.token, for example to ${WEIR_ADMIN_TOKEN}, or listen on 127.0.0.1:9900");
  }
  return admin;
}

Log parse_log(const Field& field) {
  Log log;
  MapReader reader(field);
  reader.optional("level", log.level, one_of(log_levels));
  reader.optional("format", log.format, one_of(log_formats));
  reader.optional("output", log.output, parse_output);
  reader.optional("access", log.access, parse_access_log);
  return log;
}

}  // namespace weir::config
