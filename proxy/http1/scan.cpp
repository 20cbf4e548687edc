#include "http1/scan.hpp"

#include "http/controls.hpp"

namespace weir::http1 {

HeadScan scan_head(std::string_view bytes, std::size_t from) {
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* at = begin + from;
  const auto offset = [begin](const char* p) { return static_cast<std::size_t>(p - begin); };
  while (at < end) {
    const bool line_begins = at[-1] == '\n';
    if (line_begins && (*at == ' ' || *at == '\t')) return {"line begins with whitespace"};
    at = http::find_control(at, end);
    if (at == end) break;
    if (*at == '\t') {
      ++at;
    } else if (*at == '\r') {
      if (at + 1 == end) break;
      if (at[1] != '\n') return {"CR without LF"};
      if (at[-1] == '\n') return {nullptr, true, offset(at + 2)};
      at += 2;
    } else {
      return {*at == '\n' ? "LF without CR" : "control byte in the head"};
    }
  }
  return {nullptr, false, offset(at)};
}

}  // namespace weir::http1
