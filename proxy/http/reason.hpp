// Reason phrases of the status codes (RFC 9110 15). Pure; any thread.
#pragma once

#include <string_view>

namespace weir::http {

/// "" for unknown codes.
std::string_view reason_phrase(int status);

}  // namespace weir::http
