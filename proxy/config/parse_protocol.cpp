#include <string>
#include <string_view>

#include "config/blocks.hpp"
#include "config/scalars.hpp"

namespace weir::config {
namespace {

constexpr std::uint32_t connections_max = 64;
constexpr std::uint32_t streams_max = 1000;
constexpr std::string_view protocols_of_http2 = "h2, h2c or auto";

UpstreamHttp2 parse_http2(const Field& field) {
  UpstreamHttp2 http2;
  MapReader reader(field);
  reader.optional("connections", http2.connections, number_between(std::uint32_t{1}, connections_max));
  reader.optional("max_streams", http2.max_streams, number_between(std::uint32_t{1}, streams_max));
  return http2;
}

/// With TLS, ALPN says what is spoken; without it, only the configuration can.
void check_tls(const Field& protocol, UpstreamProtocol value, bool tls) {
  if (value == UpstreamProtocol::h2c && tls) {
    protocol.report("h2c is HTTP/2 without TLS, and this upstream has tls", "write h2, or remove tls");
  } else if (value == UpstreamProtocol::h2 && !tls) {
    protocol.report("h2 is HTTP/2 over TLS, and this upstream has no tls",
                    "write h2c for HTTP/2 without TLS, or add tls: {}");
  } else if (value == UpstreamProtocol::automatic && !tls) {
    protocol.report("auto lets TLS choose the protocol, and this upstream has no tls",
                    "write http1 or h2c, or add tls: {}");
  }
}

void check_retry(const Field& upstream) {
  const Node* const retry = upstream.node.find("retry");
  const Node* const on = retry == nullptr ? nullptr : retry->find("on");
  if (on == nullptr || !on->is_list()) return;
  const std::string path = join_path(join_path(upstream.path, "retry"), "on");
  for (std::size_t i = 0; i < on->children.size(); ++i) {
    const Node& word = on->children[i];
    if (!word.is_scalar() || !word.text.starts_with("grpc_")) continue;
    upstream.context.report(
        word.mark, join_path(path, i), quote(word.text) + " means nothing over HTTP/1",
        "set the upstream's protocol to " + std::string(protocols_of_http2) + ", or remove it");
  }
}

void check_grpc_checks(const Field& upstream) {
  const Node& check = *upstream.node.find("health_check");
  const std::string_view key = check.find("grpc") != nullptr ? "grpc" : "type";
  upstream.context.report(
      check.find(key)->mark, join_path(join_path(upstream.path, "health_check"), key),
      "checks by gRPC need HTTP/2 to the endpoints",
      "set the upstream's protocol to " + std::string(protocols_of_http2) + ", or write type: tcp");
}

}  // namespace

void parse_protocol(MapReader& reader, Upstream& upstream) {
  const bool known = reader.optional("protocol", upstream.protocol, one_of(upstream_protocols));
  if (known) check_tls(*reader.find("protocol"), upstream.protocol, reader.has("tls"));
  const auto http2 = reader.find("h2");
  if (!http2) return;
  upstream.h2 = parse_http2(*http2);
  if (upstream.protocol == UpstreamProtocol::http1 && (known || !reader.has("protocol"))) {
    http2->report("only makes sense with HTTP/2 to the endpoints",
                  "set protocol to " + std::string(protocols_of_http2) + ", or remove it");
  }
}

void check_protocol(const MapReader& reader, const Upstream& upstream) {
  const Node* const written = reader.field().node.find("protocol");
  const bool http1 = written == nullptr || (written->is_scalar() && written->text == "http1");
  if (!http1) return;
  check_retry(reader.field());
  if (upstream.health_check && upstream.health_check->type == HealthCheck::Type::grpc) {
    check_grpc_checks(reader.field());
  }
}

}  // namespace weir::config
