#include <algorithm>
#include <array>

#include "http/framing.hpp"
#include "http/settle.hpp"
#include "http/text.hpp"
#include "http1/parse.hpp"
#include "http1/request_line.hpp"
#include "http1/scan.hpp"
#include "http1/tokenizer.hpp"

namespace weir::http1 {
namespace {

using http::FieldFacts;
using http::Method;
using http::RequestHead;
using http::Target;

Error malformed(const char* what) {
  return client_error(ErrorKind::malformed_request, what);
}

/// Fields that Connection may not name: a proxy that follows it would strip what frames, routes or authenticates
/// the request, or what Weir itself sets (RFC 9110 7.6.1).
constexpr std::array<std::string_view, 20> never_hop_by_hop{"host",
                                                            "content-length",
                                                            "transfer-encoding",
                                                            "content-type",
                                                            "content-encoding",
                                                            "authorization",
                                                            "cookie",
                                                            "expect",
                                                            "range",
                                                            "cache-control",
                                                            "origin",
                                                            "forwarded",
                                                            "via",
                                                            "x-forwarded-for",
                                                            "x-forwarded-host",
                                                            "x-real-ip",
                                                            "x-forwarded-proto",
                                                            "x-forwarded-port",
                                                            "x-request-id",
                                                            "traceparent"};

bool may_be_hop_by_hop(std::string_view token) {
  return std::ranges::none_of(never_hop_by_hop,
                              [&](std::string_view refused) { return http::iequals(refused, token); });
}

/// Upgrades that would carry HTTP again, past every rule of the proxy.
bool switches_to_http(std::string_view upgrade) {
  return !http::for_each_list_member(upgrade, [](std::string_view member) {
    const std::string_view protocol = member.substr(0, member.find('/'));
    return !http::iequals(protocol, "h2c") && !http::iequals(protocol, "h2") &&
           !http::iequals(protocol, "http") && !http::iequals(protocol, "tls");
  });
}

/// Everything that the fields decide, in the order in which a violation is reported.
Result<void> settle(const Target& target, RequestHead& head) {
  FieldFacts facts;
  if (const char* wrong = http::gather_facts(head.fields, head.connection_tokens, facts))
    return malformed(wrong);
  if (const char* wrong = http::settle_authority(facts, target, head)) return malformed(wrong);
  if (!std::ranges::all_of(head.connection_tokens, may_be_hop_by_hop)) {
    return malformed("Connection names an end-to-end field");
  }
  http::drop_nominated(head.connection_tokens, head.fields);
  if (auto framed = http::settle_framing(facts, head); !framed) return framed;
  const bool body = http::has_body(head.body);
  head.keep_alive = http::connection_persists(facts, head.minor_version);
  head.has_via = facts.via;
  head.accepts_trailers = facts.te_trailers && head.minor_version >= 1;
  if (facts.connection_upgrade && facts.upgrade.count == 1 && head.minor_version >= 1 && !body &&
      head.method == Method::get && !switches_to_http(facts.upgrade.value)) {
    head.upgrade = facts.upgrade.value;
  }
  return http::settle_expect(facts, body, head);
}

/// `bytes` is one complete, scanned head.
Result<void> fill(std::string_view bytes, const RequestLine& line, const HeadLimits& limits,
                  RequestHead& head) {
  head.clear();
  head.bytes = bytes.size();
  head.method_text = line.method;
  head.method = http::parse_method(line.method);
  head.minor_version = line.minor_version;
  if (head.method == Method::trace || head.method == Method::connect) {
    return client_error(ErrorKind::method_refused, "TRACE and CONNECT are not served");
  }
  Target target;
  if (const char* wrong = http::parse_target(line.target, head.method, target)) return malformed(wrong);
  http::set_target(line.target, target, head);
  switch (tokenize_fields(bytes.substr(line.end), limits.field_count, head.fields)) {
    case TokenizeOutcome::split:
      return settle(target, head);
    case TokenizeOutcome::too_many_fields:
      return client_error(ErrorKind::head_too_large, "too many fields");
    case TokenizeOutcome::malformed:
      break;
  }
  return malformed("malformed field line");
}

/// The request line was read by an earlier call: one of its bytes that were scanned is a line end.
bool request_line_is_past(std::string_view bytes, std::size_t scanned) {
  const std::size_t begin = request_line_begin(bytes);
  return scanned > begin && bytes.substr(begin, scanned - begin).find('\n') != bytes.npos;
}

}  // namespace

Result<bool> parse_request_head(std::string_view bytes, const HeadLimits& limits, std::size_t& scanned,
                                RequestHead& head) {
  const std::string_view window = bytes.substr(0, limits.head_bytes);
  const auto incomplete = [&]() -> Result<bool> {
    if (window.size() == limits.head_bytes)
      return client_error(ErrorKind::head_too_large, "head is too large");
    return false;
  };
  if (scanned > window.size()) scanned = 0;
  const bool resumed = scanned > 0;
  RequestLine line;
  if (!request_line_is_past(window, scanned)) {
    const auto read = read_request_line(window, limits.uri_bytes, scanned, line);
    if (!read) return read.error();
    if (!*read) return incomplete();
    scanned = line.end;
  }
  HeadScan scan = scan_head(window, scanned);
  if (scan.wrong != nullptr) return malformed(scan.wrong);
  scanned = scan.at;
  if (!scan.complete) return incomplete();
  if (resumed) {
    // The caller's memory only decided when to look. What is accepted has been read by this call, all of it.
    std::size_t clean = 0;
    const auto read = read_request_line(window, limits.uri_bytes, clean, line);
    if (!read) return read.error();
    if (!*read) return malformed("no request line");
    scan = scan_head(window, line.end);
    if (scan.wrong != nullptr) return malformed(scan.wrong);
  }
  if (auto filled = fill(bytes.substr(0, scan.at), line, limits, head); !filled) return filled.error();
  return true;
}

}  // namespace weir::http1
