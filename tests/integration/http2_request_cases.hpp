// What becomes of a request of HTTP/2 on its way to an endpoint of HTTP/1, row by row: the fields that a client sends,
// and the bytes that the endpoint sees, the status of the refusal, or that the stream is reset. Immutable tables, any
// thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/http2_frames.hpp"
#include "support/http_message.hpp"

namespace weir::testing {

struct Http2RequestCase {
  std::string name;
  h2::FieldLines fields;
  std::optional<std::string> body;  // nothing: END_STREAM is on HEADERS
  // One of these.
  std::string seen;    // passed on, as seen_request() writes it
  int status = 0;      // refused
  bool reset = false;  // RST_STREAM(PROTOCOL_ERROR)
};

/// A request as an endpoint got it: start line, `host: value`, then its other fields in order with names in lower case,
/// without those that Weir adds, each ended by LF, then an empty line and the body, decoded.
std::string seen_request(const Request& request);

std::vector<Http2RequestCase> passed_http2_requests();
/// Answered with a status.
std::vector<Http2RequestCase> refused_http2_requests();
/// Malformed by RFC 9113 8.1.1: pseudo fields.
std::vector<Http2RequestCase> malformed_http2_pseudo_fields();
/// The same: fields and framing.
std::vector<Http2RequestCase> malformed_http2_fields();

}  // namespace weir::testing
