// Splits the field section of a complete, scanned head into fields. http1/scan.hpp has refused control bytes, lone CR
// or LF and folded lines before; what the fields mean is decided after (http/framing.hpp). So what is left to judge
// here is the name: one or more tchar, then the colon (RFC 9112 5.1). Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "http/head.hpp"

namespace weir::http1 {

enum class TokenizeOutcome : std::uint8_t { split, malformed, too_many_fields };

/// Appends the fields of `section` (what follows the start line, the empty line included, nothing after it) to
/// `fields`; at most `count_max`.
TokenizeOutcome tokenize_fields(std::string_view section, std::size_t count_max,
                                std::vector<http::Field>& fields);

}  // namespace weir::http1
