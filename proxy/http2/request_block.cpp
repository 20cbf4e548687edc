#include "http2/request_block.hpp"

#include <cassert>
#include <cstddef>
#include <utility>

#include "http/field_names.hpp"
#include "http/find_byte.hpp"
#include "http/lower_case.hpp"
#include "http/outgoing.hpp"
#include "http/text.hpp"
#include "http2/hpack_encoder.hpp"

namespace weir::http2 {
namespace {

constexpr std::string_view line_end = "\r\n";

struct Line {
  std::string_view name;
  std::string_view value;
  bool never_indexed = false;
};

std::string_view text(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

/// The lines of a head, one after the other. They are whole: the text is our own.
class Lines {
 public:
  explicit Lines(std::string_view head) : at_(head.data()), end_(head.data() + head.size()) {}

  /// The line that stands first, whatever is in it.
  std::string_view take_first() { return take_until_end(at_); }
  bool at_empty_line() const { return *at_ == line_end.front(); }
  Line take_field();

 private:
  /// From the next byte on; the end of the line is searched from `from` on.
  std::string_view take_until_end(const char* from) {
    const char* const end = http::find_byte(from, end_, line_end.front());
    assert(end != end_);
    return text(std::exchange(at_, end + line_end.size()), end);
  }

  const char* at_;
  const char* end_;
};

Line Lines::take_field() {
  const char* const colon = http::find_byte(at_, end_, ':');
  assert(colon != end_);
  const std::string_view name = text(at_, colon);
  std::string_view value = take_until_end(colon).substr(name.size() + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);  // nearly always all that there is to trim
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  bool never_indexed = false;
  if (!value.empty() && (is_space(value.front()) || is_space(value.back()))) {
    never_indexed = colon[1] == http::never_indexed_mark;
    value = http::trim_ows(value);
  }
  return {name, value, never_indexed};
}

bool is_host(const Line& line) {
  return http::iequals(line.name, "host");
}

std::string_view find_host(Lines lines) {
  while (!lines.at_empty_line()) {
    const Line line = lines.take_field();
    if (is_host(line)) return line.value;
  }
  return {};
}

/// Takes it where it stands first, as nearly always; a policy that sets Host writes it behind all others.
std::string_view take_host(Lines& lines) {
  if (lines.at_empty_line()) return {};
  Lines behind = lines;
  const Line first = behind.take_field();
  if (!is_host(first)) return find_host(behind);
  lines = behind;
  return first.value;
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

/// Whatever its name is.
void put_any_field(BlockWriter& writer, const Line& line, bool tunnel) {
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

/// Most names are common ones, of which it is known at once what they are.
void put_field(BlockWriter& writer, const Line& line, bool tunnel) {
  const auto id = http::find_common_field(line.name);
  if (!id || line.never_indexed) return put_any_field(writer, line, tunnel);
  switch (*id) {
    case http::FieldId::host:
    case http::FieldId::connection:
    case http::FieldId::keep_alive:
    case http::FieldId::transfer_encoding:
    case http::FieldId::upgrade:
      return;
    case http::FieldId::te:
      return put_any_field(writer, line, tunnel);
    default:
      return writer.field(*id, line.name, line.value);
  }
}

}  // namespace

void write_request_block(std::string& out, std::string_view head, const RequestBlockOptions& options) {
  assert(head.ends_with("\r\n\r\n"));
  BlockWriter writer(out);
  Lines lines(head);
  const RequestLine request_line = split_request_line(lines.take_first());
  put_pseudo_fields(writer, request_line, take_host(lines), options);
  while (!lines.at_empty_line()) put_field(writer, lines.take_field(), options.tunnel);
}

}  // namespace weir::http2
