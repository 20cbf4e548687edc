// The trailer section of an HTTP/2 message as the lines that HTTP/1's decoder gives (http1/chunked.hpp), so that one
// filter judges both (http/trailers.hpp). Pure: appends to a reused string; any thread.
#pragma once

#include <cstddef>
#include <string>

#include "core/error.hpp"
#include "http2/field_section.hpp"

namespace weir::http2 {

/// More than HTTP/1 takes: gRPC has the details of an error here, and its clients take 8 to 16 KiB.
inline constexpr std::size_t trailer_bytes_max = std::size_t{16} * 1024;

/// Writes `name: value` CRLF for each field to `lines`, which is cleared first, with http::never_indexed_mark where a
/// field is that. Error, and no lines: malformed_request,
/// for pseudo-fields, what no field may be (http2/field_check.hpp), and what is too long or too much.
Result<void> write_trailers(const FieldSection& section, std::string& lines);

/// The same of a response. Error: response_malformed, of the upstream.
Result<void> write_response_trailers(const FieldSection& section, std::string& lines);

}  // namespace weir::http2
