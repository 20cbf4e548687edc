#include "http/settle.hpp"

#include "http/authority.hpp"
#include "http/text.hpp"

namespace weir::http {
namespace {

Error malformed(const char* what) {
  return client_error(ErrorKind::malformed_request, what);
}

}  // namespace

const char* settle_authority(const FieldFacts& facts, const Target& target, RequestHead& head) {
  if (facts.host.count > 1) return "more than one Host";
  if (facts.host.count == 0 && head.minor_version >= 1) return "no Host";
  head.authority = facts.host.count == 1 ? facts.host.value : target.authority;
  const bool absolute = target.authority.data() != nullptr;
  if (facts.host.count == 0 && !absolute) return nullptr;
  const auto authority = parse_authority(head.authority);
  if (!authority) return "invalid Host";
  if (absolute && !iequals(target.authority, head.authority)) return "Host differs from the target";
  head.host = authority->host;
  return nullptr;
}

Result<void> settle_framing(const FieldFacts& facts, RequestHead& head) {
  if (facts.transfer_encoding.count > 0) {
    if (facts.content_length.count > 0) return malformed("Content-Length beside Transfer-Encoding");
    if (head.minor_version < 1) return malformed("Transfer-Encoding on HTTP/1.0");
    switch (classify_transfer_encoding(head.fields)) {
      case TransferCoding::chunked:
        head.body.kind = BodyKind::chunked;
        return {};
      case TransferCoding::unknown:
        return client_error(ErrorKind::unsupported_coding, "transfer coding other than chunked");
      case TransferCoding::malformed:
        break;
    }
    return malformed("malformed Transfer-Encoding");
  }
  if (facts.content_length.count == 0) return {};
  if (facts.content_length.count > 1) return malformed("more than one Content-Length");
  const auto length = parse_content_length(facts.content_length.value);
  if (!length) return malformed("invalid Content-Length");
  head.body = {BodyKind::length, *length};
  return {};
}

Result<void> settle_expect(const FieldFacts& facts, bool body, RequestHead& head) {
  if (facts.expect.count == 0 || head.minor_version < 1) return {};
  if (facts.expect.count > 1 || !iequals(facts.expect.value, "100-continue")) {
    return client_error(ErrorKind::expectation_failed, "expectation other than 100-continue");
  }
  head.expect_continue = body;
  return {};
}

}  // namespace weir::http
