// A response as HTTP/2 carries it, read into the head that HTTP/1's parser would have given: from there on nothing in
// the path of a response asks which version it came with. Strict (RFC 9113 8.2, 8.3.2): what the two versions could
// read differently is wrong. Pure; no allocation in steady state; any thread.
#pragma once

#include "core/error.hpp"
#include "http/head.hpp"
#include "http2/field_section.hpp"

namespace weir::http2 {

/// Fills `head` from a complete section, interim (1xx) or final; `ended`: END_STREAM came with it. `tunnel`: the
/// request was an extended CONNECT (RFC 8441). The fields of `head` are views of `section`, good until it is changed;
/// `reason` is the usual phrase, `major_version` 2 and `minor_version` 1. `keep_alive` is true: the end of a stream is
/// that of no connection. Error: response_malformed, of the upstream.
///
/// The body is none where there can be none (1xx, HEAD, 204, 304), else as long as Content-Length says, 0 where `ended`
/// without one, and otherwise of any length, which is `chunked`. Whether DATA keeps to Content-Length is for the stream
/// to see (RFC 9113 8.1.1).
///
/// A 2xx to an extended CONNECT becomes 101 with `upgrade` "websocket": the tunnel is open. The proof that a client of
/// HTTP/1 waits for is not among its fields, since the endpoint was sent no key: the owner appends
/// {FieldId::sec_websocket_accept, "Sec-WebSocket-Accept", tls::websocket_accept(key)} to `head.fields`, with the
/// client's Sec-WebSocket-Key, and keeps that text as long as the head. A client of HTTP/2 does not get it.
Result<void> read_response(const FieldSection& section, bool ended, http::Method request_method, bool tunnel,
                           http::ResponseHead& head);

}  // namespace weir::http2
