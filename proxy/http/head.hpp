// Parsed message heads: views into the buffer that the head was read into, plus the facts that our own strict
// code derived from them (framing, persistence, target form). A head is valid as long as that buffer is not
// moved. Pure; no Asio, no allocation in steady state (vectors keep their capacity when reused via clear()).
#pragma once

#include <cstdint>  // which Beast 1.83 forgets

#include <boost/beast/http/field.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace weir::http {

using FieldId = boost::beast::http::field;  // `unknown` for names outside the registry

struct Field {
  FieldId id = FieldId::unknown;
  std::string_view name;   // as received; a token (RFC 9110 5.6.2)
  std::string_view value;  // without surrounding whitespace; no NUL, CR, LF
  bool verbatim = false;  // name and value are part of one line `name: value` CRLF, which may be copied whole
  bool never_indexed = false;  // it came over HTTP/2 as one that no header table may have, here or further on
};

enum class Method : std::uint8_t { get, head, post, put, delete_, patch, options, trace, connect, other };

/// Registered name of `method` in upper case; "OTHER" for other. Used as metric label.
std::string_view to_string(Method method);
Method parse_method(std::string_view text);  // exact, case-sensitive (RFC 9110 9.1)
/// RFC 9110 9.2.2.
bool is_idempotent(Method method);

enum class BodyKind : std::uint8_t { none, length, chunked, until_close };

/// How the body of a message is delimited (RFC 9112 6.3).
struct Framing {
  BodyKind kind = BodyKind::none;
  std::uint64_t length = 0;  // bytes, for BodyKind::length
};

enum class TargetForm : std::uint8_t { origin, absolute, asterisk };

/// What there is of a request's head beside its fields.
struct RequestFacts {
  Method method = Method::other;
  std::string_view method_text;
  std::string_view target;  // as received
  TargetForm form = TargetForm::origin;
  std::string_view path;   // of the target, as received, without query; "*" for asterisk
  std::string_view query;  // without '?'
  bool has_query = false;
  std::string_view authority;  // Host, which an absolute-form target must equal; empty only with HTTP/1.0
  std::string_view host;       // authority without port, as received (brackets kept for IPv6)
  int major_version = 1;       // 2: it came over HTTP/2, and minor_version is 1, which is what it may do
  int minor_version = 1;       // HTTP/1.x
  Framing body;
  bool keep_alive = true;         // what the client allows
  bool expect_continue = false;   // Expect: 100-continue on HTTP/1.1
  std::string_view upgrade;       // value of Upgrade where Connection names it; empty otherwise
  bool tunnel = false;            // RFC 8441: an extended CONNECT, read as GET with Upgrade
  bool accepts_trailers = false;  // TE: trailers
  bool has_via = false;
  std::size_t bytes = 0;  // length of the head in the buffer, leading empty lines included
};

struct RequestHead : RequestFacts {
  std::vector<Field> fields;  // in order, as received, but for those that Connection names
  std::vector<std::string_view> connection_tokens;  // members of Connection

  void clear();
  /// First field with that id, or nullptr.
  const Field* find(FieldId id) const;
};

/// What there is of a response's head beside its fields.
struct ResponseFacts {
  int status = 0;
  std::string_view reason;
  int major_version = 1;  // 2: it came over HTTP/2, and minor_version is 1, which is what it may do
  int minor_version = 1;
  Framing body;
  bool keep_alive = true;  // the endpoint's connection may be reused after this response
  std::optional<std::chrono::seconds> keep_alive_timeout;  // for so long, as the endpoint says in Keep-Alive
  std::string_view upgrade;
  std::size_t bytes = 0;
};

struct ResponseHead : ResponseFacts {
  std::vector<Field> fields;
  std::vector<std::string_view> connection_tokens;

  void clear();
  const Field* find(FieldId id) const;
};

}  // namespace weir::http
