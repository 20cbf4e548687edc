#include "http2/request_block.hpp"

#include <cassert>
#include <cstddef>
#include <cstring>

#include "http/field_names.hpp"
#include "http/text.hpp"
#include "http2/hpack_encoder.hpp"

namespace weir::http2 {
namespace {

using http::FieldId;

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
};

Line split(std::string_view line) {
  const void* const found = std::memchr(line.data(), ':', line.size());
  assert(found != nullptr);
  const auto colon = static_cast<std::size_t>(static_cast<const char*>(found) - line.data());
  return {line.substr(0, colon), http::trim_ows(line.substr(colon + 1))};
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
  writer.field(":method", options.tunnel ? std::string_view("CONNECT") : line.method);
  if (options.tunnel) writer.field(":protocol", "websocket");
  writer.field(":scheme", options.scheme);
  if (!authority.empty()) writer.field(":authority", authority);
  writer.field(":path", line.target);
}

/// Of the names that are not common (http/field_names.hpp): those that do not pass.
bool is_dropped(std::string_view name, bool tunnel) {
  switch (name.size()) {
    case std::string_view("http2-settings").size():
      return http::iequals(name, "http2-settings");
    case std::string_view("proxy-connection").size():
      return http::iequals(name, "proxy-connection");
    case std::string_view("sec-websocket-key").size():
      return tunnel && http::iequals(name, "sec-websocket-key");
    default:
      return false;
  }
}

bool lists_trailers(std::string_view te) {
  return !http::for_each_list_member(
      te, [](std::string_view member) { return !http::iequals(member, "trailers"); });
}

void put_field(BlockWriter& writer, const Line& line, bool tunnel) {
  const auto common = http::find_common_field(line.name);
  if (!common) {
    if (!is_dropped(line.name, tunnel)) writer.field(line.name, line.value);
    return;
  }
  switch (*common) {
    case FieldId::host:  // is :authority
    case FieldId::connection:
    case FieldId::keep_alive:
    case FieldId::transfer_encoding:
    case FieldId::upgrade:
      return;
    case FieldId::te:
      if (lists_trailers(line.value)) writer.field(FieldId::te, "te", "trailers");
      return;
    default:
      return writer.field(*common, line.name, line.value);
  }
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
