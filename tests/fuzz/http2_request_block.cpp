// write_request_block over every request of HTTP/1 that is accepted: the head that an endpoint of HTTP/1 would get, as
// a block that our own strict reader takes for the same request. The first byte chooses how the body is framed, and
// whether an upgrade becomes a tunnel.
#include <cstdint>
#include <string>
#include <string_view>

#include "http/text.hpp"
#include "http1/parse.hpp"
#include "http1/write.hpp"
#include "http2/hpack_decoder.hpp"
#include "http2/request.hpp"
#include "http2/request_block.hpp"
#include "require.hpp"

namespace {

using namespace weir;
using fuzz::require;

/// What the block says.
http2::FieldSection decode(std::string_view block) {
  http2::HpackDecoder decoder;
  http2::FieldSection section;
  const auto outcome =
      decoder.decode(block, true, [&](const http2::FieldLine& line) { section.add(line.name, line.value); });
  require(outcome == http2::HpackDecoder::Outcome::ok);
  return section;
}

/// What goes to an endpoint of HTTP/1, read there.
http::RequestHead read_http1(std::string_view text) {
  http::RequestHead head;
  std::size_t scanned = 0;
  const http1::HeadLimits limits{.head_bytes = 1 << 20, .field_count = 200, .uri_bytes = 1 << 16};
  const auto read = http1::parse_request_head(text, limits, scanned, head);
  require(read && *read && head.bytes == text.size());
  return head;
}

bool passes(const http::Field& field, bool tunnel) {
  if (tunnel && field.id == http::FieldId::sec_websocket_key) return false;
  switch (field.id) {
    case http::FieldId::host:
    case http::FieldId::connection:
    case http::FieldId::upgrade:
    case http::FieldId::transfer_encoding:
      return false;
    default:
      return true;
  }
}

void require_same(const http::RequestHead& sent, const http::RequestHead& received, bool tunnel) {
  require(received.method_text == sent.method_text && received.target == sent.target);
  require(received.authority == sent.authority && received.host == sent.host);
  require(received.accepts_trailers == sent.accepts_trailers && received.has_via == sent.has_via);
  std::size_t at = 0;
  for (const http::Field& field : sent.fields) {
    if (!passes(field, tunnel)) continue;
    require(at < received.fields.size());
    require(received.fields[at].name == http::lower(field.name) && received.fields[at].value == field.value);
    ++at;
  }
  const std::size_t added = tunnel ? 2 : 1;  // Host, and the key of the tunnel
  require(at + added == received.fields.size());
}

/// Cookies that the reader of HTTP/2 joins cannot be compared one by one.
bool has_crumbs(const http::RequestHead& head) {
  unsigned cookies = 0;
  for (const http::Field& field : head.fields) cookies += field.id == http::FieldId::cookie ? 1 : 0;
  return cookies > 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  http::RequestHead head;
  std::size_t scanned = 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto parsed = http1::parse_request_head(bytes, {}, scanned, head);
  if (!parsed || !*parsed || head.authority.empty()) return 0;
  const bool tunnel = (data[0] & 1) != 0 && http::iequals(head.upgrade, "websocket");
  const bool chunked = (data[0] & 2) != 0 && !tunnel;
  http::Framing body;
  if (chunked) body.kind = http::BodyKind::chunked;
  std::string target(head.path);
  if (head.has_query) target.append("?").append(head.query);
  std::string text;
  http::Forwarding forwarding;
  forwarding.client_ip = "192.0.2.1";
  forwarding.request_id = "id";
  http1::write_request_head(text, head, target, body, forwarding, {}, tunnel);
  const http::RequestHead sent = read_http1(text);

  std::string block;
  http2::write_request_block(block, text, {.scheme = "https", .tunnel = tunnel});
  http2::FieldSection section = decode(block);
  http::RequestHead received;
  const http2::RequestRules rules{.uri_bytes = 1 << 16, .websocket_key = "dGhlIHNhbXBsZSBub25jZQ=="};
  const auto read = http2::read_request(section, !chunked, rules, received);
  if (tunnel && sent.method != http::Method::get) return 0;
  if (tunnel && sent.body.kind != http::BodyKind::none) return 0;
  require(read.kind == http2::ReadRequest::Kind::ok);
  if (!has_crumbs(sent)) require_same(sent, received, tunnel);
  return 0;
}
