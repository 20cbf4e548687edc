#include "http1/request_line.hpp"

#include <algorithm>

#include "http/target.hpp"
#include "http/text.hpp"

namespace weir::http1 {
namespace {

constexpr std::string_view version_shape = "HTTP/d.d\r\n";  // d: a digit
constexpr std::size_t major_at = 5;
constexpr std::size_t minor_at = 7;

Error malformed(const char* what) {
  return client_error(ErrorKind::malformed_request, what);
}

/// Length of the text at the start of `bytes` that fits the version and its line end.
std::size_t matching_version_bytes(std::string_view bytes) {
  const std::size_t shown = std::min(bytes.size(), version_shape.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const bool fits =
        version_shape[i] == 'd' ? http::is(bytes[i], http::char_class::digit) : bytes[i] == version_shape[i];
    if (!fits) return i;
  }
  return shown;
}

Result<bool> read_version(std::string_view rest, RequestLine& line) {
  if (rest.starts_with("HTTP/1.1\r\n")) {  // what it nearly always is
    line.minor_version = 1;
    return true;
  }
  const std::size_t matching = matching_version_bytes(rest);
  if (matching < std::min(rest.size(), version_shape.size())) return malformed("no HTTP version");
  if (matching < version_shape.size()) return false;
  if (rest[major_at] != '1' || rest[minor_at] > '1') {
    return client_error(ErrorKind::unsupported_version, "HTTP version is not 1.0 or 1.1");
  }
  line.minor_version = rest[minor_at] - '0';
  return true;
}

}  // namespace

std::size_t request_line_begin(std::string_view bytes) {
  return bytes.starts_with("\r\n") ? 2 : 0;
}

Result<bool> read_request_line(std::string_view bytes, std::size_t uri_bytes_max, std::size_t& clean,
                               RequestLine& line) {
  line.begin = request_line_begin(bytes);
  if (line.begin == bytes.size() || bytes == "\r") return false;
  std::size_t at = line.begin;
  while (at < bytes.size() && http::is(bytes[at], http::char_class::token)) {
    if (++at - line.begin > http::method_bytes_max) return malformed("method is too long");
  }
  if (at == bytes.size()) return false;
  if (at == line.begin || bytes[at] != ' ') return malformed("no method");
  line.method = bytes.substr(line.begin, at - line.begin);

  const std::size_t target_begin = at + 1;
  at = std::max(target_begin, clean);
  while (at < bytes.size() && http::is(bytes[at], http::char_class::visible)) {
    if (++at - target_begin > uri_bytes_max)
      return client_error(ErrorKind::uri_too_long, "target is too long");
  }
  clean = std::min(at, bytes.size());
  if (at >= bytes.size()) return false;
  if (at == target_begin || bytes[at] != ' ')
    return malformed("target is empty or has a byte that no URI has");
  line.target = bytes.substr(target_begin, at - target_begin);

  line.end = at + 1 + version_shape.size();
  return read_version(bytes.substr(at + 1), line);
}

}  // namespace weir::http1
