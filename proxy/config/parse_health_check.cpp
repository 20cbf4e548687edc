#include <algorithm>
#include <utility>

#include "config/blocks.hpp"
#include "config/scalars.hpp"
#include "config/statuses.hpp"
#include "http/authority.hpp"
#include "http/text.hpp"

namespace weir::config {
namespace {

constexpr std::size_t path_bytes_max = 2048;
constexpr std::size_t ranges_max = 32;
constexpr Milliseconds interval_min{100};
constexpr std::uint32_t threshold_max = 100;
constexpr std::size_t service_bytes_max = 1024;

/// A path with an optional query, sent as it is written.
std::optional<std::string> parse_check_path(const Field& field) {
  auto path = parse_text(field);
  if (!path) return std::nullopt;
  const bool sendable = path->starts_with('/') && path->size() <= path_bytes_max &&
                        http::all(*path, http::char_class::visible) && path->find('#') == std::string::npos;
  if (sendable) return path;
  field.report(quote(*path) + " is not a path", "write one that starts with '/', such as /health");
  return std::nullopt;
}

std::optional<std::string> parse_check_host(const Field& field) {
  auto host = parse_text(field);
  if (!host || host->empty() || http::parse_authority(*host)) return host;
  field.report(quote(*host) + " is not a host",
               "write a name with an optional port, such as app.example.com");
  return std::nullopt;
}

std::optional<Milliseconds> parse_interval(const Field& field) {
  const auto interval = parse_positive_duration(field);
  if (!interval || *interval >= interval_min) return interval;
  field.report(quote(field.node.text) + " is too short", "write at least 100ms");
  return std::nullopt;
}

std::optional<std::vector<StatusRange>> parse_expect_text(const Field& field) {
  const std::string remedy = "write statuses from 100 to 599, such as 200-399 or 200-299,401";
  if (!field.node.is_scalar()) {
    field.report_kind("a single value", remedy);
    return std::nullopt;
  }
  auto ranges = parse_statuses(field.node.text);
  if (!ranges) field.report(quote(field.node.text) + " is not a list of statuses", remedy);
  return ranges;
}

/// `200-399`, `200-299,401`, or a list of these.
std::optional<std::vector<StatusRange>> parse_expect(const Field& field) {
  std::vector<StatusRange> all;
  if (!field.node.is_list()) {
    auto ranges = parse_expect_text(field);
    if (!ranges) return std::nullopt;
    all = std::move(*ranges);
  } else {
    for (const auto& ranges : list_of(parse_expect_text)(field)) {
      all.insert(all.end(), ranges.begin(), ranges.end());
    }
    if (field.node.children.empty()) {
      field.report("is empty", "name at least one status, such as [200]");
      return std::nullopt;
    }
  }
  if (all.size() <= ranges_max) return all;
  field.report("has more than " + std::to_string(ranges_max) + " ranges", "write wider ones");
  return std::nullopt;
}

std::vector<NameValue> parse_check_headers(const Field& field) {
  std::vector<NameValue> headers = parse_header_map(field);
  for (const Field& member : members(field)) {
    if (!http::iequals(member.node.key, "host")) continue;
    member.context.report(member.node.key_mark, member.path, "Host has a key of its own",
                          "write host: instead");
  }
  return headers;
}

std::optional<std::string> parse_service(const Field& field) {
  auto service = parse_text(field);
  if (!service || service->size() <= service_bytes_max) return service;
  field.report("is longer than " + std::to_string(service_bytes_max) + " bytes",
               "write the name of a gRPC service, such as shop.v1.Orders");
  return std::nullopt;
}

/// Returns the service's name.
std::string parse_grpc(const Field& field) {
  std::string service;
  MapReader reader(field);
  reader.optional("service", service, parse_service);
  return service;
}

/// Keys that mean nothing to a check of its type.
void refuse_keys(MapReader& reader, HealthCheck::Type type) {
  using enum HealthCheck::Type;
  constexpr struct {
    const char* key;
    HealthCheck::Type first, second;  // the types that have it
  } all[] = {{"path", http, http},
             {"host", http, grpc},
             {"expect", http, http},
             {"headers", http, grpc},
             {"grpc", grpc, grpc}};
  for (const auto& known : all) {
    const Node* const node = reader.field().node.find(known.key);
    if (node == nullptr || type == known.first || type == known.second) continue;
    reader.field().context.report(node->mark, join_path(reader.field().path, known.key),
                                  "means nothing to type " + name_of(health_check_types, type),
                                  "remove it, or write type: " + name_of(health_check_types, known.first));
  }
}

/// `grpc` says the type, too.
void read_type(MapReader& reader, HealthCheck& check) {
  const bool typed = reader.optional("type", check.type, one_of(health_check_types));
  const bool grpc = reader.optional("grpc", check.grpc_service, parse_grpc);
  if (grpc && !typed) check.type = HealthCheck::Type::grpc;
}

}  // namespace

HealthCheck parse_health_check(const Field& field) {
  HealthCheck check;
  MapReader reader(field);
  read_type(reader, check);
  reader.optional("path", check.path, parse_check_path);
  reader.optional("host", check.host, parse_check_host);
  reader.optional("interval", check.interval, parse_interval);
  const bool timed = reader.optional("timeout", check.timeout, parse_positive_duration);
  reader.optional("healthy_threshold", check.healthy_threshold,
                  number_between(std::uint32_t{1}, threshold_max));
  reader.optional("unhealthy_threshold", check.unhealthy_threshold,
                  number_between(std::uint32_t{1}, threshold_max));
  reader.optional("expect", check.expect, parse_expect);
  reader.optional("headers", check.headers, parse_check_headers);
  refuse_keys(reader, check.type);
  if (!timed) {
    check.timeout = std::min(check.timeout, check.interval);
  } else if (check.timeout > check.interval) {
    reader.field().context.report(
        field.node.find("timeout")->mark, join_path(field.path, "timeout"),
        "is longer than the interval of " + format_duration(check.interval) + ": one check runs at a time",
        "write a shorter one, or a longer interval");
  }
  return check;
}

}  // namespace weir::config
