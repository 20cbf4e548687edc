// What the fields of a request decide, the same in every version of HTTP: whom it is for, how its body is delimited,
// whether it waits for 100. Filled into a head by its reader. Pure; any thread.
#pragma once

#include <string_view>

#include "core/error.hpp"
#include "http/framing.hpp"
#include "http/head.hpp"
#include "http/target.hpp"

namespace weir::http {

/// Host and target must name one authority (RFC 9112 3.2, 3.3; RFC 9113 8.3.1). What is wrong, or nullptr.
const char* settle_authority(const FieldFacts& facts, const Target& target, RequestHead& head);

/// How long the body is, decided here and nowhere else (RFC 9112 6.3). Errors: malformed_request, unsupported_coding.
Result<void> settle_framing(const FieldFacts& facts, RequestHead& head);

/// RFC 9110 10.1.1. Error: expectation_failed.
Result<void> settle_expect(const FieldFacts& facts, bool body, RequestHead& head);

/// Fills in what `text` says, which was taken apart into `target`.
inline void set_target(std::string_view text, const Target& target, RequestHead& head) {
  head.target = text;
  head.form = target.form;
  head.path = target.path;
  head.query = target.query;
  head.has_query = target.has_query;
}

inline bool has_body(const Framing& framing) {
  return framing.kind == BodyKind::chunked || framing.length > 0;
}

}  // namespace weir::http
