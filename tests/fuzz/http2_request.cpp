// read_request and write_trailers over arbitrary fields: what is accepted has only parts that HTTP/1 can carry, all of
// them views of the section, and, written as HTTP/1, is read there as the same request. The first byte chooses
// END_STREAM; then each field is two lengths and two texts.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "field_input.hpp"
#include "http/authority.hpp"
#include "http/text.hpp"
#include "http1/parse.hpp"
#include "http2/request.hpp"
#include "http2/trailers.hpp"
#include "require.hpp"

namespace {

using namespace weir;
using fuzz::fields_max;
using fuzz::require;
using fuzz::require_inside;

constexpr http2::RequestRules rules{.uri_bytes = 64, .websocket_key = "dGhlIHNhbXBsZSBub25jZQ=="};

void require_sound(const http2::FieldSection& section, const http::RequestHead& head, bool ended) {
  const std::string_view text(section[0].name.data(), section.text_bytes());
  require(http::is_token(head.method_text) && head.method != http::Method::trace &&
          head.method != http::Method::connect);
  require(head.target.size() <= rules.uri_bytes && http::all(head.target, http::char_class::visible));
  require(head.path == "*" || head.path.starts_with('/'));
  require_inside(head.target, text);
  require_inside(head.path, text);
  require_inside(head.authority, text);
  require(http::parse_authority(head.authority).has_value());
  require(head.major_version == 2 && head.minor_version == 1 && head.connection_tokens.empty());
  require(head.tunnel == (head.upgrade == "websocket") && head.tunnel == !head.upgrade.empty());
  unsigned hosts = 0, cookies = 0, lengths = 0, keys = 0;
  for (const http::Field& field : head.fields) {
    require(http::is_token(field.name) && http::is_field_value(field.value) && !field.verbatim);
    require(http::trim_ows(field.value) == field.value && http::lower(field.name) == field.name);
    require_inside(field.value, text);
    if (field.name == "host") ++hosts;
    if (field.name == "cookie") ++cookies;
    if (field.name == "content-length") ++lengths;
    if (field.name == "sec-websocket-key") ++keys;
    require(field.name != "connection" && field.name != "transfer-encoding" && field.name != "upgrade");
  }
  require(hosts == 1 && cookies <= 1 && (!head.tunnel || keys == 1));
  require(lengths == (head.body.kind == http::BodyKind::length ? 1u : 0u));
  require(!ended || (head.body.kind != http::BodyKind::chunked && head.body.length == 0));
}

/// A Content-Length or chunked is what the writers would frame it by.
void require_same_in_http1(const http::RequestHead& head) {
  std::string text(head.method_text);
  text.append(" ").append(head.target).append(" HTTP/1.1\r\n");
  for (const http::Field& field : head.fields) {
    text.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  if (head.body.kind == http::BodyKind::chunked) text += "transfer-encoding: chunked\r\n";
  text += "\r\n";
  http::RequestHead again;
  std::size_t scanned = 0;
  const http1::HeadLimits limits{
      .head_bytes = 1 << 20, .field_count = fields_max + 2, .uri_bytes = rules.uri_bytes};
  const auto read = http1::parse_request_head(text, limits, scanned, again);
  require(read && *read && again.bytes == text.size());
  require(again.method_text == head.method_text && again.path == head.path && again.query == head.query);
  require(again.authority == head.authority && again.host == head.host);
  require(again.body.kind == head.body.kind && again.body.length == head.body.length);
  require(again.expect_continue == head.expect_continue && again.accepts_trailers == head.accepts_trailers);
  const std::size_t framing = head.body.kind == http::BodyKind::chunked ? 1 : 0;
  require(again.fields.size() == head.fields.size() + framing && again.has_via == head.has_via);
}

void check_trailers(const http2::FieldSection& section) {
  std::string lines;
  if (!http2::write_trailers(section, lines)) {
    require(lines.empty());
    return;
  }
  std::size_t count = 0;
  for (const char c : lines) count += c == '\n' ? 1 : 0;
  require(count == section.size() && (lines.empty() || lines.ends_with("\r\n")));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool ended = (data[0] & 1) != 0;
  http2::FieldSection section = fuzz::take_section({reinterpret_cast<const char*>(data) + 1, size - 1});
  check_trailers(section);
  http::RequestHead head;
  const http2::ReadRequest read = http2::read_request(section, ended, rules, head);
  if (read.kind == http2::ReadRequest::Kind::ok) {
    require_sound(section, head, ended);
    require_same_in_http1(head);
  } else {
    require(read.error.origin == Origin::client && !read.error.detail.empty());
    require(read.kind == http2::ReadRequest::Kind::refused ||
            read.error.kind == ErrorKind::malformed_request);
  }
  return 0;
}
