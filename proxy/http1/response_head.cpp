#include <algorithm>

#include "http/framing.hpp"
#include "http/text.hpp"
#include "http1/parse.hpp"
#include "http1/scan.hpp"
#include "http1/tokenizer.hpp"

namespace weir::http1 {
namespace {

using http::BodyKind;
using http::FieldFacts;
using http::Method;
using http::ResponseHead;
using http::TransferCoding;

constexpr std::string_view version_prefix = "HTTP/1.";
constexpr std::string_view status_line_shape = "HTTP/1.d ddd ";  // d: a digit; then the reason phrase
constexpr std::size_t minor_at = 7;
constexpr std::size_t status_at = 9;
constexpr std::size_t status_digits = 3;
constexpr int status_min = 100;
constexpr int status_max = 599;

Error malformed(const char* what) {
  return upstream_error(ErrorKind::response_malformed, what);
}
Error too_large(const char* what) {
  return upstream_error(ErrorKind::response_head_too_large, what);
}

constexpr int digit(char c) {
  return c - '0';
}

/// Reads `HTTP/1.x NNN reason` (RFC 9112 4). What is wrong with it, or nullptr.
const char* read_status_line(std::string_view line, ResponseHead& head) {
  if (line.size() < status_line_shape.size()) return "status line is too short";
  const bool fits = line.starts_with(version_prefix) && http::is(line[minor_at], http::char_class::digit) &&
                    line[minor_at + 1] == ' ' &&
                    http::all(line.substr(status_at, status_digits), http::char_class::digit) &&
                    line[status_at + status_digits] == ' ';
  if (!fits) return "malformed status line";
  head.minor_version = digit(line[minor_at]);
  if (head.minor_version > 1) return "HTTP version is not 1.0 or 1.1";
  for (const char c : line.substr(status_at, status_digits)) head.status = head.status * 10 + digit(c);
  if (head.status < status_min || head.status > status_max) return "status code out of range";
  head.reason = line.substr(status_line_shape.size());
  return nullptr;
}

const char* settle_framing(const FieldFacts& facts, Method request_method, ResponseHead& head) {
  if (facts.transfer_encoding.count > 0) {
    if (facts.content_length.count > 0) return "Content-Length beside Transfer-Encoding";
    if (head.minor_version < 1) return "Transfer-Encoding on HTTP/1.0";
    if (head.status < 200 || head.status == 204) return "Transfer-Encoding on a response that has no body";
    if (http::classify_transfer_encoding(head.fields) != TransferCoding::chunked) {
      return "transfer coding other than chunked";
    }
  }
  if (facts.content_length.count > 1) return "more than one Content-Length";
  std::optional<std::uint64_t> length;
  if (facts.content_length.count == 1) {
    length = http::parse_content_length(facts.content_length.value);
    if (!length) return "invalid Content-Length";
  }
  if (http::has_no_body(head.status, request_method)) return nullptr;
  if (facts.transfer_encoding.count > 0) {
    head.body.kind = BodyKind::chunked;
  } else if (length) {
    head.body = {BodyKind::length, *length};
  } else {
    head.body.kind = BodyKind::until_close;
  }
  return nullptr;
}

const char* settle_upgrade(const FieldFacts& facts, bool upgrade_requested, ResponseHead& head) {
  if (head.status != 101) return nullptr;
  if (!upgrade_requested) return "101 to a request without Upgrade";
  if (facts.upgrade.count != 1 || facts.upgrade.value.empty()) return "101 without Upgrade";
  head.upgrade = facts.upgrade.value;
  head.keep_alive = false;
  return nullptr;
}

const char* settle(Method request_method, bool upgrade_requested, ResponseHead& head) {
  FieldFacts facts;
  if (const char* wrong = http::gather_facts(head.fields, head.connection_tokens, facts)) return wrong;
  if (const char* wrong = settle_framing(facts, request_method, head)) return wrong;
  http::drop_nominated(head.connection_tokens, head.fields);
  head.keep_alive =
      http::connection_persists(facts, head.minor_version) && head.body.kind != BodyKind::until_close;
  if (facts.keep_alive.count != 0)
    head.keep_alive_timeout = http::parse_keep_alive_timeout(facts.keep_alive.value);
  return settle_upgrade(facts, upgrade_requested, head);
}

}  // namespace

Result<bool> parse_response_head(std::string_view bytes, const HeadLimits& limits, Method request_method,
                                 bool upgrade_requested, std::size_t& scanned, ResponseHead& head) {
  const std::string_view window = bytes.substr(0, limits.head_bytes);
  const std::size_t shown = std::min(window.size(), version_prefix.size());
  if (window.substr(0, shown) != version_prefix.substr(0, shown)) return malformed("not an HTTP/1 response");
  if (shown == version_prefix.size()) {
    const bool resumed = scanned > shown && scanned <= window.size();
    HeadScan scan = scan_head(window, resumed ? scanned : shown);
    // The caller's memory only decides when to look. What is accepted has been read by this call, all of it.
    if (scan.complete && resumed) scan = scan_head(window, shown);
    if (scan.wrong != nullptr) return malformed(scan.wrong);
    scanned = scan.at;
    if (scan.complete) {
      const std::string_view whole = bytes.substr(0, scan.at);
      head.clear();
      head.bytes = whole.size();
      const std::size_t line_bytes = whole.find('\r');
      if (const char* wrong = read_status_line(whole.substr(0, line_bytes), head)) return malformed(wrong);
      const TokenizeOutcome outcome =
          tokenize_fields(whole.substr(line_bytes + 2), limits.field_count, head.fields);
      if (outcome == TokenizeOutcome::too_many_fields) return too_large("too many fields in the response");
      if (outcome == TokenizeOutcome::malformed) return malformed("malformed field line");
      if (const char* wrong = settle(request_method, upgrade_requested, head)) return malformed(wrong);
      return true;
    }
  }
  if (window.size() == limits.head_bytes) return too_large("response head is too large");
  return false;
}

}  // namespace weir::http1
