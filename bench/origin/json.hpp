// The one piece of JSON that weir-origin writes: a quoted string. Pure.
#pragma once

#include <string>
#include <string_view>

namespace weir::origin {

/// Appends `text` as a JSON string. Bytes above 0x7F are shown as Latin-1 code points, so that the result is
/// valid whatever a client sent.
void append_json_string(std::string& out, std::string_view text);

}  // namespace weir::origin
