// read_response and write_response_trailers over arbitrary fields: what is accepted has only parts that HTTP/1 can
// carry, all of them views of the section, and, written as HTTP/1, is read there as the same response. Of the first
// byte the lowest bits choose END_STREAM, HEAD and a tunnel; then each field is two lengths and two texts.
#include <cstdint>
#include <string>
#include <string_view>

#include "field_input.hpp"
#include "http/text.hpp"
#include "http1/parse.hpp"
#include "http2/response_head.hpp"
#include "http2/trailers.hpp"
#include "require.hpp"

namespace {

using namespace weir;
using fuzz::require;
using fuzz::require_inside;
using http::BodyKind;

struct Question {
  bool ended;
  http::Method method;
  bool tunnel;
};

bool has_no_body(int status, http::Method method) {
  return method == http::Method::head || status < 200 || status == 204 || status == 304;
}

void require_sound(const http2::FieldSection& section, const http::ResponseHead& head, Question question) {
  const std::string_view text(section[0].name.data(), section.text_bytes());
  require(head.status >= 100 && head.status <= 599 && http::is_field_value(head.reason));
  require(head.major_version == 2 && head.minor_version == 1 && head.keep_alive);
  require(head.connection_tokens.empty() && !head.keep_alive_timeout);
  require(head.fields.size() + 1 == section.size());
  unsigned lengths = 0;
  for (const http::Field& field : head.fields) {
    require(http::is_token(field.name) && http::is_field_value(field.value) && !field.verbatim);
    require(http::trim_ows(field.value) == field.value && http::lower(field.name) == field.name);
    require_inside(field.name, text);
    require_inside(field.value, text);
    if (field.name == "content-length") ++lengths;
    require(field.name != "connection" && field.name != "transfer-encoding" && field.name != "upgrade");
  }
  require(head.upgrade == (head.status == 101 ? "websocket" : "") && (head.status != 101 || question.tunnel));
  require(head.body.kind != BodyKind::until_close);
  require((head.body.kind == BodyKind::none) == has_no_body(head.status, question.method));
  require(head.body.kind != BodyKind::chunked || (lengths == 0 && !question.ended));
  require(!question.ended || head.status >= 200 || head.status == 101);
  require(!question.ended || head.body.length == 0);
}

/// With what says how long the body is, where Content-Length does not.
void require_same_in_http1(const http::ResponseHead& head, Question question) {
  std::string text = "HTTP/1.1 " + std::to_string(head.status) + " \r\n";
  bool length = false;
  for (const http::Field& field : head.fields) {
    text.append(field.name).append(": ").append(field.value).append("\r\n");
    length = length || field.name == "content-length";
  }
  if (head.body.kind == BodyKind::chunked) text += "transfer-encoding: chunked\r\n";
  if (head.body.kind == BodyKind::length && !length) text += "content-length: 0\r\n";
  if (head.status == 101) return;  // where Content-Length does not count, whatever it says
  text += "\r\n";
  http::ResponseHead again;
  std::size_t scanned = 0;
  const http1::HeadLimits limits{.head_bytes = 1 << 20, .field_count = fuzz::fields_max + 1, .uri_bytes = 1};
  const auto read = http1::parse_response_head(text, limits, question.method, false, scanned, again);
  require(read && *read && again.bytes == text.size());
  require(again.status == head.status && again.body.kind == head.body.kind);
  require(again.body.length == head.body.length && again.keep_alive);
}

void check_trailers(const http2::FieldSection& section) {
  std::string lines;
  if (const auto written = http2::write_response_trailers(section, lines); !written) {
    require(lines.empty() && written.error().origin == Origin::upstream);
    return;
  }
  require(lines.empty() || lines.ends_with("\r\n"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Question question{(data[0] & 1) != 0, (data[0] & 2) != 0 ? http::Method::head : http::Method::get,
                          (data[0] & 4) != 0};
  const http2::FieldSection section = fuzz::take_section({reinterpret_cast<const char*>(data) + 1, size - 1});
  check_trailers(section);
  http::ResponseHead head;
  const auto read = http2::read_response(section, question.ended, question.method, question.tunnel, head);
  if (read) {
    require_sound(section, head, question);
    require_same_in_http1(head, question);
  } else {
    require(read.error().origin == Origin::upstream && read.error().kind == ErrorKind::response_malformed &&
            !read.error().detail.empty());
  }
  return 0;
}
