// Where text has a byte that no field may have. Heads are searched whole, many bytes at a time. Pure; any thread.
#pragma once

namespace weir::http {

/// First byte in [at, end) that is a control (HTAB included), or `end`.
const char* find_control(const char* at, const char* end);

}  // namespace weir::http
