// A request as HTTP/2 carries it, read into the head that HTTP/1's parser would have given: from there on nothing in
// the path of a request asks which version it came with. Strict: what the two versions could read differently is wrong
// (RFC 9113 8.2, 8.3; RFC 8441 for WebSocket). Pure; no allocation in steady state; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.hpp"
#include "http/head.hpp"
#include "http2/field_section.hpp"

namespace weir::http2 {

struct RequestRules {
  std::size_t uri_bytes = 8 * 1024;
  /// Sec-WebSocket-Key for the endpoint of a tunnel: clients of HTTP/2 send none.
  std::string_view websocket_key;
};

struct ReadRequest {
  enum class Kind : std::uint8_t {
    ok,
    malformed,  // RFC 9113 8.1.1: the stream ends with PROTOCOL_ERROR
    refused,    // understood: answered by the kind of the error
  };
  Kind kind = Kind::ok;
  /// Of the client. refused: malformed_request (:authority and Host), uri_too_long, method_refused, expectation_failed,
  /// unsupported_protocol.
  Error error;
};

/// Fills `head` from a complete section; `ended`: END_STREAM came with it, so there is neither body nor trailers. The
/// parts of `head` are views of `section`, to which text may have been added, and good until it is changed. Of a
/// refused request `head` has what was read until then.
///
/// The body is what DATA has to be: as long as Content-Length says, or, as `chunked`, of any length. Whether DATA keeps
/// to Content-Length is for the stream to see (RFC 9113 8.1.1). `cookie` fields become one (RFC 9113 8.2.3), and
/// `:authority` becomes a Host, behind all other fields, where there was none. An extended CONNECT for WebSocket
/// becomes GET with `head.upgrade`, `head.tunnel` and the key of `rules`, and has no body.
ReadRequest read_request(FieldSection& section, bool ended, const RequestRules& rules,
                         http::RequestHead& head);

}  // namespace weir::http2
