// The request line, read strictly and as far as it has arrived (RFC 9112 3): method, target, version. Pure; any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/error.hpp"

namespace weir::http1 {

struct RequestLine {
  std::string_view method;
  std::string_view target;
  int minor_version = 1;
  std::size_t begin = 0;  // of the method: past one leading empty line
  std::size_t end = 0;    // just past the CRLF
};

/// Where the request line begins in `bytes`: one empty line before it is skipped (RFC 9112 2.2).
std::size_t request_line_begin(std::string_view bytes);

/// Reads the request line at the start of `bytes`. true: complete. false: more bytes are needed, and `clean`
/// says how far this call got, for a later one (0 at first). Errors: malformed_request, uri_too_long,
/// unsupported_version.
Result<bool> read_request_line(std::string_view bytes, std::size_t uri_bytes_max, std::size_t& clean,
                               RequestLine& line);

}  // namespace weir::http1
