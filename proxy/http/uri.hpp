// The path as rules see it. Matching works on a normalised copy (RFC 3986 6.2.2: dot segments, duplicate
// slashes, percent-encoding of unreserved characters); the endpoint receives the target as it came unless a
// rewrite asks otherwise. What could slip past a rule (encoded slash, backslash, NUL) is refused. Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"

namespace weir::http {

/// Writes the normalised form of an origin-form `path` (starts with '/') to `out`: percent-decoding of
/// unreserved characters, upper-case hex elsewhere, duplicate slashes merged, dot segments removed; a
/// trailing slash is kept. Fast (no copy beyond `out`'s reused capacity). Errors, all malformed_request: an
/// encoded or plain NUL, backslash (%5C or '\'), encoded slash (%2F), broken percent-encoding, a control or
/// non-ASCII byte, more ".." than segments, a dot segment with parameters ("..;x").
Result<void> normalise_path(std::string_view path, std::string& out);

/// True when `path` is already in normalised form: the common case, decided in one pass without a copy.
bool is_normalised(std::string_view path);

/// `host` in lower case without trailing dots, port and brackets untouched; written to `out`.
void normalise_host(std::string_view host, std::string& out);

}  // namespace weir::http
