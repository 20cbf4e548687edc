// Finds the end of a head and refuses every byte sequence that HTTP/1 parsers are known to read differently:
// bare CR, bare LF, NUL and other controls, folded lines (RFC 9112 2.2, 5.2). Pure; any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir::http1 {

struct HeadScan {
  const char* wrong = nullptr;  // what is refused; nullptr: nothing so far
  bool complete = false;        // the empty line was found; `at` is just past it
  std::size_t at = 0;           // incomplete: where to go on
};

/// Looks at `bytes` from `from` (> 0) on, which an earlier scan returned or at which a line begins. What was
/// seen before is never looked at again, but for the one byte before `from`.
HeadScan scan_head(std::string_view bytes, std::size_t from);

}  // namespace weir::http1
