// Responses as header blocks of HTTP/2 (RFC 9113 8.3.2): the fields that an HTTP/1 client would get
// (http/response_fields.hpp), in lower case, without what belongs to one HTTP/1 connection. No reason phrase. Pure:
// appends to a reused string, which the codec cuts into frames; any thread.
#pragma once

#include <string>
#include <string_view>

#include "http/outgoing.hpp"

namespace weir::http2 {

/// http1::write_response_head as a block. Of ResponseOptions, `keep_alive`, `client_minor_version` and `upgrade` do not
/// matter here. Content-Length is there where it is known; what other bodies end with is END_STREAM.
///
/// 1xx: end-to-end fields only. 101 is the answer to an extended CONNECT (RFC 8441 5): `:status` 200, and without
/// Sec-WebSocket-Accept, which answers a key that this client did not send.
void write_response_block(std::string& out, const http::ResponseHead& head,
                          const http::ResponseOptions& options, std::string_view date);

/// http1::write_own_head as a block.
void write_own_block(std::string& out, const http::OwnResponse& response,
                     const http::ResponseOptions& options, std::string_view date);

/// Trailers (RFC 9113 8.1) from `Name: value\r\n` lines, such as http::forwardable_trailers gives. Without lines the
/// block is empty, and no HEADERS are to be sent.
void write_trailer_block(std::string& out, std::string_view lines);

}  // namespace weir::http2
