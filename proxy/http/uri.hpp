// The path as rules see it, and as the endpoint gets it. Matching works on a normalised copy (RFC 3986 6.2.2: dot
// segments, duplicate slashes, percent-encoding of unreserved characters). The endpoint gets the client's bytes, but
// with dot segments resolved: it must not read another path than the one that was judged. An encoded slash is a
// character of its segment here; whether a reader that decodes it would be treated alike is the route's to say
// (route/readings.hpp). Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"

namespace weir::http {

/// Writes the normalised form of an origin-form `path` (starts with '/') to `out`: percent-decoding of
/// unreserved characters, upper-case hex elsewhere, duplicate slashes merged, dot segments removed; a
/// trailing slash is kept. Fast (no copy beyond `out`'s reused capacity). Errors, all malformed_request: an
/// encoded or plain NUL, backslash (%5C or '\'), broken percent-encoding, a control or non-ASCII byte, more ".." than
/// segments, a dot segment with parameters ("..;x").
Result<void> normalise_path(std::string_view path, std::string& out);

/// True when `path` is already in normalised form: the common case, decided in one pass without a copy.
bool is_normalised(std::string_view path);

/// `path`, which normalise_path took, with its dot segments resolved, and everything else as it came; empty slashes
/// only stay behind the last of them. False, and `out` untouched: there is none, so that `path` itself can be sent.
bool resolve_dot_segments(std::string_view path, std::string& out);

/// Whether a normalised path has an encoded slash, and that path read as if it were a plain one. Error:
/// malformed_request where that reading is no path.
bool has_encoded_slash(std::string_view normalised);
Result<void> decode_slashes(std::string_view normalised, std::string& out);

/// `host` in lower case without trailing dots, port and brackets untouched; written to `out`.
void normalise_host(std::string_view host, std::string& out);

}  // namespace weir::http
