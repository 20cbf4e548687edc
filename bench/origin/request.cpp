#include "request.hpp"

#include <algorithm>
#include <charconv>

namespace weir::origin {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

/// Takes one line off `in`, without its line end. False: there is no whole line.
bool take_line(std::string_view& in, std::string_view& line) {
  const std::size_t end = in.find('\n');
  if (end == std::string_view::npos) return false;
  line = in.substr(0, end);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  in.remove_prefix(end + 1);
  return true;
}

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (equals_ignoring_case(trim(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

bool parse_start_line(std::string_view line, Request& request) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || first == 0) return false;
  request.method = line.substr(0, first);
  request.target = trim(line.substr(first + 1, last - first - 1));
  request.protocol = line.substr(last + 1);
  if (request.protocol != "HTTP/1.1" && request.protocol != "HTTP/1.0") return false;
  request.minor_version = request.protocol.back() - '0';
  request.keep_alive = request.minor_version == 1;
  request.path = request.target.substr(0, request.target.find('?'));
  return !request.target.empty();
}

/// What one field means for framing and connection; false when it cannot be understood.
bool apply_field(Request& request, std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 6:
      if (equals_ignoring_case(name, "expect")) {
        request.expects_continue = equals_ignoring_case(value, "100-continue");
      }
      break;
    case 7:
      if (equals_ignoring_case(name, "upgrade"))
        request.upgrades_to_websocket = has_token(value, "websocket");
      break;
    case 10:
      if (equals_ignoring_case(name, "connection")) {
        if (has_token(value, "close")) request.keep_alive = false;
        if (has_token(value, "keep-alive")) request.keep_alive = true;
      }
      break;
    case 12:
      if (equals_ignoring_case(name, "content-type")) request.content_type = value;
      break;
    case 14:
      if (equals_ignoring_case(name, "content-length")) {
        if (!parse_decimal(value, request.content_length)) return false;
        if (request.body == BodyKind::none) request.body = BodyKind::length;
      }
      break;
    case 17:
      if (equals_ignoring_case(name, "transfer-encoding")) {
        if (!has_token(value, "chunked")) return false;
        request.body = BodyKind::chunked;
      } else if (equals_ignoring_case(name, "sec-websocket-key")) {
        request.websocket_key = value;
      }
      break;
    default:
      break;
  }
  return true;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool parse_decimal(std::string_view text, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

ParseResult parse_request(std::string_view in, Request& request, std::size_t& consumed) {
  auto headers = std::move(request.headers);
  headers.clear();
  request = Request{};
  request.headers = std::move(headers);

  const std::size_t total = in.size();
  const ParseResult unfinished = total > head_bytes_max ? ParseResult::too_large : ParseResult::incomplete;
  std::string_view line;
  do {  // empty lines before a request are allowed (RFC 9112 2.2)
    if (!take_line(in, line)) return unfinished;
  } while (line.empty());
  const bool start_line_is_good = parse_start_line(line, request);
  if (!start_line_is_good) return ParseResult::malformed;
  for (;;) {
    if (!take_line(in, line)) return unfinished;
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return ParseResult::malformed;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    request.headers.emplace_back(name, value);
    if (!apply_field(request, name, value)) return ParseResult::malformed;
  }
  if (request.body == BodyKind::length && request.content_length == 0) request.body = BodyKind::none;
  consumed = total - in.size();
  return consumed > head_bytes_max ? ParseResult::too_large : ParseResult::complete;
}

}  // namespace weir::origin
