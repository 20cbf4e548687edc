#include "http2/request_block.hpp"

#include <cassert>
#include <cstddef>
#include <cstring>

#include "http/lower_case.hpp"
#include "http/outgoing.hpp"
#include "http/text.hpp"
#include "http2/hpack_encoder.hpp"

namespace weir::http2 {
namespace {

constexpr std::string_view line_end = "\r\n";

/// Takes the line that `text` begins with off it. There is one: the text is our own.
std::string_view take_line(std::string_view& text) {
  const void* const found = std::memchr(text.data(), '\r', text.size());
  assert(found != nullptr);
  const auto bytes = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
  const std::string_view line = text.substr(0, bytes);
  text.remove_prefix(bytes + line_end.size());
  return line;
}

struct Line {
  std::string_view name;
  std::string_view value;
  bool never_indexed = false;
};

Line split(std::string_view line) {
  const void* const found = std::memchr(line.data(), ':', line.size());
  assert(found != nullptr);
  const auto colon = static_cast<std::size_t>(static_cast<const char*>(found) - line.data());
  std::string_view value = line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);  // nearly always all that there is to trim
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  bool never_indexed = false;
  if (!value.empty() && (is_space(value.front()) || is_space(value.back()))) {
    never_indexed = line[colon + 1] == http::never_indexed_mark;
    value = http::trim_ows(value);
  }
  return {line.substr(0, colon), value, never_indexed};
}

/// Nearly always in the first line; a policy that sets Host writes it behind all others.
std::string_view find_host(std::string_view lines) {
  while (lines.size() > line_end.size()) {
    const Line line = split(take_line(lines));
    if (http::iequals(line.name, "host")) return line.value;
  }
  return {};
}

struct RequestLine {
  std::string_view method;
  std::string_view target;
};

RequestLine split_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  assert(first != line.npos && first < last);
  return {line.substr(0, first), line.substr(first + 1, last - first - 1)};
}

void put_pseudo_fields(BlockWriter& writer, const RequestLine& line, std::string_view authority,
                       const RequestBlockOptions& options) {
  writer.method(options.tunnel ? std::string_view("CONNECT") : line.method);
  if (options.tunnel) writer.literal(":protocol", "websocket");
  writer.scheme(options.scheme);
  if (!authority.empty()) writer.authority(authority);
  writer.path(line.target);
}

bool lists_trailers(std::string_view te) {
  return !http::for_each_list_member(
      te, [](std::string_view member) { return !http::iequals(member, "trailers"); });
}

/// Of names in lower case, one look for most: those that do not pass. Host is :authority.
bool is_dropped(std::string_view name, bool tunnel) {
  switch (name.size()) {
    case std::string_view("host").size():
      return name == "host";
    case std::string_view("upgrade").size():
      return name == "upgrade";
    case std::string_view("connection").size():
      return name == "connection" || name == "keep-alive";
    case std::string_view("http2-settings").size():
      return name == "http2-settings";
    case std::string_view("proxy-connection").size():
      return name == "proxy-connection";
    case std::string_view("transfer-encoding").size():
      return name == "transfer-encoding" || (tunnel && name == "sec-websocket-key");
    default:
      return false;
  }
}

void put_field(BlockWriter& writer, const Line& line, bool tunnel) {
  char lower[BlockWriter::static_name_bytes_max];
  if (line.name.size() > sizeof lower) {
    return line.never_indexed ? writer.never_indexed(line.name, line.value)
                              : writer.literal(line.name, line.value);
  }
  http::write_lower(lower, line.name);
  const std::string_view name(lower, line.name.size());
  if (is_dropped(name, tunnel)) return;
  if (line.never_indexed) return writer.never_indexed(name, line.value);
  if (name != "te") return writer.lower_field(name, line.value);
  if (lists_trailers(line.value)) writer.lower_field(name, "trailers");
}

}  // namespace

void write_request_block(std::string& out, std::string_view head, const RequestBlockOptions& options) {
  assert(head.ends_with("\r\n\r\n"));
  BlockWriter writer(out);
  const RequestLine request_line = split_request_line(take_line(head));
  put_pseudo_fields(writer, request_line, find_host(head), options);
  while (head.size() > line_end.size()) put_field(writer, split(take_line(head)), options.tunnel);
}

}  // namespace weir::http2
