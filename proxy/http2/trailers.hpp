// The trailer section of an HTTP/2 message as the lines that HTTP/1's decoder gives (http/chunked.hpp), bounded alike,
// so that one filter judges both (http/trailers.hpp). Pure: appends to a reused string; any thread.
#pragma once

#include <string>

#include "core/error.hpp"
#include "http2/field_section.hpp"

namespace weir::http2 {

/// Writes `name: value` CRLF for each field to `lines`, which is cleared first. Error, and no lines: malformed_request,
/// for pseudo-fields, what no field may be (http2/field_check.hpp), and more than HTTP/1 takes.
Result<void> write_trailers(const FieldSection& section, std::string& lines);

/// The same of a response. Error: response_malformed, of the upstream.
Result<void> write_response_trailers(const FieldSection& section, std::string& lines);

}  // namespace weir::http2
