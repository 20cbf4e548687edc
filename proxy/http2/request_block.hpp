// Requests as header blocks of HTTP/2 (RFC 9113 8.3.1), translated from the HTTP/1 text that http1::write_request_head
// gives: a request is composed once, whatever its endpoint speaks, and a retry at another endpoint starts from the same
// text. Pure: appends to a reused string, which the codec cuts into frames; any thread.
#pragma once

#include <string>
#include <string_view>

namespace weir::http2 {

struct RequestBlockOptions {
  std::string_view scheme = "https";  // of the connection to the endpoint: http | https
  bool tunnel = false;  // the head asks for an upgrade to WebSocket: an extended CONNECT (RFC 8441)
};

/// `head` is one of our own making: a request line, lines `Name: value` CRLF, and an empty line. It is not checked
/// again, only asserted.
///
/// `:authority` is its Host, wherever that stands; there is none where Host is empty or missing, and Host itself does
/// not pass. Names are in lower case, order and values stay. What is about an HTTP/1 connection is left out:
/// Connection, Keep-Alive, Proxy-Connection, Transfer-Encoding, Upgrade, HTTP2-Settings; TE where it lists `trailers`
/// says only that. Content-Length stays: whether DATA keeps to it is for the sender to see.
///
/// A line with http::never_indexed_mark is written as one never to be indexed.
///
/// `options.tunnel`: `:method` is CONNECT, `:protocol` websocket, and Sec-WebSocket-Key does not pass: what is open
/// then needs no proof (RFC 8441 5).
void write_request_block(std::string& out, std::string_view head, const RequestBlockOptions& options);

}  // namespace weir::http2
