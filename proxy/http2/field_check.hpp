// Whether a decoded field may be in an HTTP/2 message at all (RFC 9113 8.2): what a translation to HTTP/1 could turn
// into another field, another message or another framing ends here. Of pseudo-fields only the value is judged here, the
// rest by who reads them (http2/request.hpp). Pure; any thread; depends on http/ and field sections.
#pragma once

#include <string_view>

#include "http/head.hpp"
#include "http2/field_section.hpp"

namespace weir::http2 {

struct CheckedField {
  const char* wrong = nullptr;  // what is wrong with it, or nullptr
  http::FieldId id = http::FieldId::unknown;
};

/// A regular field: its name is a token without upper case, its value passes check_value(), it is not about the
/// connection (RFC 9113 8.2.2), and TE says `trailers`.
CheckedField check_field(const FieldLine& line);

/// No control byte but HTAB, and no whitespace at either end (RFC 9113 8.2.1). What is wrong, or nullptr.
const char* check_value(std::string_view value);

}  // namespace weir::http2
