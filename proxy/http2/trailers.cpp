#include "http2/trailers.hpp"

#include "http/outgoing.hpp"
#include "http/trailers.hpp"
#include "http2/field_check.hpp"

namespace weir::http2 {
namespace {

constexpr std::string_view separator = ": ", marked_separator = ":\t";
static_assert(marked_separator[1] == http::never_indexed_mark);
constexpr std::string_view line_end = "\r\n";

/// What is wrong with the section, or nullptr; `bytes`: of its lines.
const char* check_section(const FieldSection& section, std::size_t& bytes) {
  if (section.size() > http::trailer_count_max) return "too many trailer fields";
  bytes = 0;
  for (std::size_t i = 0; i < section.size(); ++i) {
    const FieldLine line = section[i];
    if (line.name.starts_with(':')) return "pseudo-field in trailers";
    if (const CheckedField checked = check_field(line); checked.wrong != nullptr) return checked.wrong;
    bytes += line.name.size() + separator.size() + line.value.size() + line_end.size();
  }
  return bytes <= trailer_bytes_max ? nullptr : "trailer section is too long";
}

/// The same; where it is nullptr, the lines are there.
const char* write(const FieldSection& section, std::string& lines) {
  lines.clear();
  std::size_t bytes = 0;
  if (const char* wrong = check_section(section, bytes)) return wrong;
  lines.reserve(bytes);  // they may be held for as long as a request runs
  for (std::size_t i = 0; i < section.size(); ++i) {
    const FieldLine line = section[i];
    lines.append(line.name).append(line.never_indexed ? marked_separator : separator);
    lines.append(line.value).append(line_end);
  }
  return nullptr;
}

}  // namespace

Result<void> write_trailers(const FieldSection& section, std::string& lines) {
  if (const char* wrong = write(section, lines)) return client_error(ErrorKind::malformed_request, wrong);
  return {};
}

Result<void> write_response_trailers(const FieldSection& section, std::string& lines) {
  if (const char* wrong = write(section, lines)) return upstream_error(ErrorKind::response_malformed, wrong);
  return {};
}

}  // namespace weir::http2
