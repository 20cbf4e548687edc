// Splits a complete, scanned head into fields with Beast's parser. Beast judges nothing here that matters:
// what it would accept wrongly was refused before (http/scan.hpp) or is decided after (http/framing.hpp).
// Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "http/head.hpp"

namespace weir::http {

enum class TokenizeOutcome : std::uint8_t { split, malformed, too_many_fields };

/// Appends the fields of `head` (start line to empty line, nothing after it) to `fields`; at most
/// `count_max`.
TokenizeOutcome tokenize_request(std::string_view head, std::size_t count_max, std::vector<Field>& fields);
TokenizeOutcome tokenize_response(std::string_view head, std::size_t count_max, std::vector<Field>& fields);

}  // namespace weir::http
