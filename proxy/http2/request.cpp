#include "http2/request.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "http/framing.hpp"
#include "http/settle.hpp"
#include "http/target.hpp"
#include "http/text.hpp"
#include "http2/field_check.hpp"

namespace weir::http2 {
namespace {

using http::BodyKind;
using http::Field;
using http::FieldId;
using http::Method;

ReadRequest malformed(const char* what) {
  return {ReadRequest::Kind::malformed, client_error(ErrorKind::malformed_request, what)};
}

ReadRequest refused(Error why) {
  return {ReadRequest::Kind::refused, std::move(why)};
}

enum class Pseudo : std::uint8_t { method, scheme, authority, path, protocol };
constexpr std::size_t pseudo_count = 5;

/// The lengths tell all but two of them apart.
std::optional<Pseudo> find_pseudo(std::string_view name) {
  const auto only = [name](std::string_view text, Pseudo pseudo) {
    return name == text ? std::optional(pseudo) : std::nullopt;
  };
  switch (name.size()) {
    case std::string_view(":path").size():
      return only(":path", Pseudo::path);
    case std::string_view(":method").size():
      return name == ":method" ? Pseudo::method : only(":scheme", Pseudo::scheme);
    case std::string_view(":protocol").size():
      return only(":protocol", Pseudo::protocol);
    case std::string_view(":authority").size():
      return only(":authority", Pseudo::authority);
    default:
      return std::nullopt;
  }
}

/// Where in the section the pseudo-fields are: they come first, each at most once.
class PseudoFields {
 public:
  /// The next one. What is wrong with it, or nullptr.
  const char* take(const FieldLine& line) {
    if (const char* wrong = check_value(line.value)) return wrong;
    const auto known = find_pseudo(line.name);
    if (!known) return "unknown pseudo-field";
    std::uint8_t& place = places_[static_cast<std::size_t>(*known)];
    if (place != 0) return "pseudo-field twice";
    place = ++count_;
    return nullptr;
  }

  std::size_t count() const { return count_; }
  bool has(Pseudo which) const { return place_of(which) != 0; }
  /// Empty where there is none.
  std::string_view value(const FieldSection& section, Pseudo which) const {
    return has(which) ? section[place_of(which) - 1u].value : std::string_view{};
  }

 private:
  std::uint8_t place_of(Pseudo which) const { return places_[static_cast<std::size_t>(which)]; }

  std::array<std::uint8_t, pseudo_count> places_{};  // counted from 1; 0: it is not there
  std::uint8_t count_ = 0;
};

struct Collected {
  PseudoFields pseudo;
  unsigned te = 0;
  unsigned crumbs = 0;          // `cookie` fields
  std::size_t crumb_bytes = 0;  // of them, joined
};

/// Judges each field by itself; those that are no pseudo-fields go to `fields`. What is wrong, or nullptr.
const char* collect(const FieldSection& section, Collected& seen, std::vector<Field>& fields) {
  for (std::size_t i = 0; i < section.size(); ++i) {
    const FieldLine line = section[i];
    if (line.name.starts_with(':')) {
      if (!fields.empty()) return "pseudo-field behind a field";
      if (const char* wrong = seen.pseudo.take(line)) return wrong;
      continue;
    }
    const CheckedField checked = check_field(line);
    if (checked.wrong != nullptr) return checked.wrong;
    if (checked.id == FieldId::te && ++seen.te > 1) return "TE twice";
    if (checked.id == FieldId::cookie) {
      ++seen.crumbs;
      seen.crumb_bytes += line.value.size() + 2;
    }
    fields.push_back({checked.id, line.name, line.value, false, line.never_indexed});
  }
  return nullptr;
}

/// RFC 3986 3.1.
bool is_scheme(std::string_view text) {
  return !text.empty() && http::is(text.front(), http::char_class::alpha) &&
         std::ranges::all_of(text, [](char c) {
           return http::is(c, http::char_class::alpha | http::char_class::digit) || c == '+' || c == '-' ||
                  c == '.';
         });
}

/// Those that there must be, and may not be, and what each may say (RFC 9113 8.3.1, 8.5; RFC 8441 4). What is wrong, or
/// nullptr. Which authority it names is judged with Host.
const char* check_pseudo_fields(const FieldSection& section, const PseudoFields& pseudo) {
  const std::string_view method = pseudo.value(section, Pseudo::method);
  if (!http::is_token(method)) return method.empty() ? "no :method" : ":method is not a token";
  if (method.size() > http::method_bytes_max) return "method is too long";
  const bool connect = method == "CONNECT";
  if (!pseudo.has(Pseudo::protocol)) {
    if (connect) {
      if (pseudo.has(Pseudo::scheme) || pseudo.has(Pseudo::path)) return "CONNECT with :scheme or :path";
      return pseudo.has(Pseudo::authority) ? nullptr : "CONNECT without :authority";
    }
  } else if (!connect) {
    return ":protocol without CONNECT";
  } else if (!http::is_token(pseudo.value(section, Pseudo::protocol))) {
    return ":protocol is not a token";
  }
  const std::string_view scheme = pseudo.value(section, Pseudo::scheme);
  if (!is_scheme(scheme)) return scheme.empty() ? "no :scheme" : "invalid :scheme";
  const std::string_view path = pseudo.value(section, Pseudo::path);
  if (path.empty()) return "no :path";
  if (!http::all(path, http::char_class::visible)) return ":path has a byte that no URI has";
  return path.front() == '/' || path == "*" ? nullptr : ":path is neither a path nor an asterisk";
}

/// All crumbs as one text of the section, which has room for it. Empty ones would leave a delimiter at an end, and a
/// value that ends with a space is malformed in HTTP/2 (RFC 9113 8.2.1).
std::string_view join_crumbs(FieldSection& section, const std::vector<Field>& fields) {
  const char* begin = nullptr;
  std::size_t bytes = 0;
  for (const Field& field : fields) {
    if (field.id != FieldId::cookie || field.value.empty()) continue;
    if (begin != nullptr) bytes += section.keep("; ").size();
    const std::string_view kept = section.keep(field.value);
    if (begin == nullptr) begin = kept.data();
    bytes += kept.size();
  }
  return begin == nullptr ? section.keep({}) : std::string_view(begin, bytes);
}

/// What the fields of HTTP/1 have and those of HTTP/2 have not: one Cookie, and the key of a tunnel.
void translate_fields(FieldSection& section, const Collected& seen, bool tunnel, std::string_view key,
                      std::vector<Field>& fields) {
  if (seen.crumbs < 2 && !tunnel) return;
  section.reserve(seen.crumb_bytes + key.size());
  // The text may have moved, the lines are where they were.
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const FieldLine line = section[seen.pseudo.count() + i];
    fields[i].name = line.name;
    fields[i].value = line.value;
  }
  if (seen.crumbs > 1) {
    const auto first = std::ranges::find(fields, FieldId::cookie, &Field::id);
    first->value = join_crumbs(section, fields);
    fields.erase(std::remove_if(first + 1, fields.end(),
                                [](const Field& field) { return field.id == FieldId::cookie; }),
                 fields.end());
  }
  if (tunnel) {
    std::erase_if(fields, [](const Field& field) { return field.id == FieldId::sec_websocket_key; });
    fields.push_back({FieldId::sec_websocket_key, "sec-websocket-key", section.keep(key)});
  }
}

/// What is wrong with Content-Length and END_STREAM, or nullptr.
const char* settle_body(const http::FieldFacts& facts, bool ended, http::RequestHead& head) {
  if (head.tunnel) return facts.content_length.count > 0 ? "Content-Length with CONNECT" : nullptr;
  if (facts.content_length.count > 1) return "more than one Content-Length";
  if (!http::settle_framing(facts, head)) return "invalid Content-Length";
  if (facts.content_length.count == 0) {
    head.body.kind = ended ? BodyKind::none : BodyKind::chunked;
  } else if (ended && head.body.length > 0) {
    return "Content-Length without a body";
  }
  return nullptr;
}

/// Whom the request is for; `:authority` counts as a Host where there is none. What is wrong, or nullptr.
const char* settle_host(const FieldSection& section, const PseudoFields& pseudo, http::FieldFacts& facts,
                        http::Target& target, http::RequestHead& head) {
  if (pseudo.has(Pseudo::authority)) {
    target.authority = pseudo.value(section, Pseudo::authority);
    if (facts.host.count == 0) {
      facts.host.add(target.authority);
      head.fields.push_back({FieldId::host, "host", target.authority});
    }
  }
  return http::settle_authority(facts, target, head);
}

}  // namespace

ReadRequest read_request(FieldSection& section, bool ended, const RequestRules& rules,
                         http::RequestHead& head) {
  head.clear();
  head.major_version = 2;
  Collected seen;
  if (const char* wrong = collect(section, seen, head.fields)) return malformed(wrong);
  const PseudoFields& pseudo = seen.pseudo;
  if (const char* wrong = check_pseudo_fields(section, pseudo)) return malformed(wrong);
  head.tunnel = pseudo.has(Pseudo::protocol);
  translate_fields(section, seen, head.tunnel, rules.websocket_key, head.fields);
  head.method_text = head.tunnel ? "GET" : pseudo.value(section, Pseudo::method);
  head.method = http::parse_method(head.method_text);

  const std::string_view path = pseudo.value(section, Pseudo::path);
  http::Target target;
  if (!path.empty()) {
    if (const char* wrong = http::parse_target(path, head.method, target)) return malformed(wrong);
  }
  http::FieldFacts facts;
  if (const char* wrong = http::gather_facts(head.fields, head.connection_tokens, facts))
    return malformed(wrong);
  if (const char* wrong = settle_body(facts, ended, head)) return malformed(wrong);
  head.has_via = facts.via;
  head.accepts_trailers = facts.te_trailers;

  if (path.size() > rules.uri_bytes)
    return refused(client_error(ErrorKind::uri_too_long, "target is too long"));
  http::set_target(path, target, head);
  if (head.method == Method::trace || head.method == Method::connect)
    return refused(client_error(ErrorKind::method_refused, "TRACE and CONNECT are not served"));
  if (const char* wrong = settle_host(section, pseudo, facts, target, head))
    return refused(client_error(ErrorKind::malformed_request, wrong));
  if (head.tunnel) {
    if (!http::iequals(pseudo.value(section, Pseudo::protocol), "websocket"))
      return refused(
          client_error(ErrorKind::unsupported_protocol, "extended CONNECT for another than websocket"));
    head.upgrade = "websocket";
  }
  if (auto expected = http::settle_expect(facts, http::has_body(head.body), head); !expected)
    return refused(std::move(expected).error());
  return {};
}

}  // namespace weir::http2
