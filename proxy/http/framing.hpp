// What the fields of a message say about its framing and its connection, gathered in one pass, and the rules
// that requests and responses share (RFC 9112 6, 9.3). Strict: whatever two readers could read differently is
// wrong. Pure; any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "http/head.hpp"

namespace weir::http {

/// More members of Connection than this are refused: every field is compared with each of them.
inline constexpr std::size_t connection_tokens_max = 32;
/// Larger bodies are refused, so that byte counts can be added up without a thought.
inline constexpr std::uint64_t content_length_max = INT64_MAX;

/// A field that may come once.
struct Single {
  std::string_view value;  // of the last one
  unsigned count = 0;

  void add(std::string_view text) {
    value = text;
    ++count;
  }
};

struct FieldFacts {
  Single host;
  Single content_length;
  Single transfer_encoding;
  Single expect;
  Single upgrade;
  Single keep_alive;
  bool te_trailers = false;       // TE lists trailers
  bool via = false;               // there is a Via
  bool connection_close = false;  // Connection names close, keep-alive, upgrade
  bool connection_keep_alive = false;
  bool connection_upgrade = false;
};

/// Gathers the facts and the members of Connection. What is wrong with Connection, or nullptr.
const char* gather_facts(const std::vector<Field>& fields, std::vector<std::string_view>& connection_tokens,
                         FieldFacts& facts);

/// Takes the fields that `connection_tokens` name out of `fields`: they are for this hop only, so that no rule may go
/// by them either. What every hop drops anyway (field_role.hpp) stays: framing is read from it.
void drop_nominated(const std::vector<std::string_view>& connection_tokens, std::vector<Field>& fields);

/// Decimal digits only, up to content_length_max: no sign, no list (RFC 9110 8.6).
std::optional<std::uint64_t> parse_content_length(std::string_view value);

/// `timeout=N` of a Keep-Alive field (RFC 2068 19.7.1.1), up to a day; nothing where it has none that is a number. N
/// may be quoted, have blanks around `=` and parameters behind `;`; its fraction is cut off.
std::optional<std::chrono::seconds> parse_keep_alive_timeout(std::string_view value);

enum class TransferCoding : std::uint8_t {
  chunked,    // exactly one field that says exactly `chunked`
  unknown,    // well formed, but with a coding other than chunked
  malformed,  // not a list of codings, chunked twice or not last, parameters on it
};

/// Judges all Transfer-Encoding fields together; there must be one.
TransferCoding classify_transfer_encoding(const std::vector<Field>& fields);

/// No body follows a response, whatever its fields say (RFC 9112 6.3, points 1 and 2).
bool has_no_body(int status, Method request_method);

/// Whether the connection stays usable after this message, as Connection says (RFC 9112 9.3).
bool connection_persists(const FieldFacts& facts, int minor_version);

}  // namespace weir::http
