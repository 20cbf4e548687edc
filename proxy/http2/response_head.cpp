#include "http2/response_head.hpp"

#include <optional>
#include <string_view>

#include "http/framing.hpp"
#include "http/reason.hpp"
#include "http/text.hpp"
#include "http2/field_check.hpp"

namespace weir::http2 {
namespace {

using http::BodyKind;
using http::FieldId;

constexpr std::size_t status_digits = 3;
constexpr int status_max = 599;  // as in HTTP/1
constexpr int switching_protocols = 101;

/// Three digits, from 100 on; 0 on all else.
int parse_status(std::string_view text) {
  if (text.size() != status_digits || !http::all(text, http::char_class::digit)) return 0;
  int status = 0;
  for (const char c : text) status = status * 10 + (c - '0');
  return status >= 100 && status <= status_max ? status : 0;
}

/// The only pseudo-field of responses. What is wrong with it, or nullptr.
const char* take_pseudo_field(const FieldLine& line, http::ResponseHead& head) {
  if (!head.fields.empty()) return "pseudo-field behind a field";
  if (line.name != ":status") return "unknown pseudo-field";
  if (head.status != 0) return ":status twice";
  head.status = parse_status(line.value);
  return head.status == 0 ? "invalid :status" : nullptr;
}

/// Judges each field by itself. What is wrong, or nullptr.
const char* collect(const FieldSection& section, http::Single& content_length, http::ResponseHead& head) {
  for (std::size_t i = 0; i < section.size(); ++i) {
    const FieldLine line = section[i];
    if (line.name.starts_with(':')) {
      if (const char* wrong = take_pseudo_field(line, head)) return wrong;
      continue;
    }
    const CheckedField checked = check_field(line);
    if (checked.wrong != nullptr) return checked.wrong;
    if (checked.id == FieldId::content_length) content_length.add(line.value);
    head.fields.push_back({checked.id, line.name, line.value, false, line.never_indexed});
  }
  return head.status == 0 ? "no :status" : nullptr;
}

const char* settle_body(const http::Single& content_length, bool ended, http::Method request_method,
                        http::ResponseHead& head) {
  if (content_length.count > 1) return "more than one Content-Length";
  std::optional<std::uint64_t> length;
  if (content_length.count == 1) {
    length = http::parse_content_length(content_length.value);
    if (!length) return "invalid Content-Length";
  }
  if (http::has_no_body(head.status, request_method)) return nullptr;
  if (ended && length.value_or(0) > 0) return "Content-Length without a body";
  if (ended || length) {
    head.body = {BodyKind::length, length.value_or(0)};
  } else {
    head.body.kind = BodyKind::chunked;
  }
  return nullptr;
}

const char* settle(const http::Single& content_length, bool ended, http::Method request_method, bool tunnel,
                   http::ResponseHead& head) {
  if (head.status == switching_protocols) return "101 over HTTP/2";
  if (head.status < 200 && ended) return "interim response that ends the stream";
  if (tunnel && head.status >= 200 && head.status < 300) {  // what is said of a body does not count
    head.status = switching_protocols;
    head.upgrade = "websocket";
    return nullptr;
  }
  return settle_body(content_length, ended, request_method, head);
}

}  // namespace

Result<void> read_response(const FieldSection& section, bool ended, http::Method request_method, bool tunnel,
                           http::ResponseHead& head) {
  head.clear();
  head.major_version = 2;
  http::Single content_length;
  const char* wrong = collect(section, content_length, head);
  if (wrong == nullptr) wrong = settle(content_length, ended, request_method, tunnel, head);
  if (wrong != nullptr) return upstream_error(ErrorKind::response_malformed, wrong);
  head.reason = http::reason_phrase(head.status);
  return {};
}

}  // namespace weir::http2
