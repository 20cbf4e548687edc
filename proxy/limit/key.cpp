#include "limit/key.hpp"

#include <algorithm>
#include <charconv>

#include "http/cookies.hpp"
#include "http/field_names.hpp"
#include "http/text.hpp"

namespace weir::limit {
namespace {

using Kind = config::RateLimitKey::Kind;

/// Kind and length in front make parts unambiguous: ("ab", "c") is not ("a", "bc").
void add_part(TableHash& hash, Kind kind, std::string_view bytes) {
  hash.add(std::uint64_t{bytes.size()} << 8 | static_cast<std::uint64_t>(kind));
  hash.add(bytes);
}
void add_part(TableHash& hash, Kind kind, std::uint64_t number) {
  hash.add(std::uint64_t{sizeof number} << 8 | static_cast<std::uint64_t>(kind));
  hash.add(number);
}

/// How many different values a request has for a part of the key.
enum class Values : std::uint8_t { none, one, several };

/// An empty one is none.
Values header_value(const std::vector<http::Field>& fields, http::FieldId id, std::string_view name,
                    std::string_view& value) {
  for (const http::Field& field : fields) {
    if (field.id != id || field.value.empty()) continue;
    if (id == http::FieldId::unknown && !http::iequals(field.name, name)) continue;
    if (!value.empty() && value != field.value) return Values::several;
    value = field.value;
  }
  return value.empty() ? Values::none : Values::one;
}

std::string_view without_quotes(std::string_view value) {
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  return quoted ? value.substr(1, value.size() - 2) : value;
}

/// Of the bytes that `value` stands for after percent-decoding.
std::uint64_t hash_of_decoded(std::string_view value, const SipKey& secret) {
  TableHash hash(secret);
  while (!value.empty()) {
    const std::size_t plain = std::min(value.find('%'), value.size());
    hash.add(value.substr(0, plain));
    value.remove_prefix(plain);
    if (value.empty()) break;
    unsigned byte = 0;
    const bool escape = value.size() >= 3 && http::all(value.substr(1, 2), http::char_class::hex);
    if (escape) std::from_chars(value.data() + 1, value.data() + 3, byte, 16);
    const char decoded = escape ? static_cast<char>(byte) : '%';
    hash.add({&decoded, 1});
    value.remove_prefix(escape ? 3 : 1);
  }
  return hash.finish();
}

/// What endpoints read alike is one value: with quotes around it or without, percent-encoded or not. With quotes or
/// backslashes inside it is unknown how endpoints read it.
Values cookie_value(const std::vector<http::Field>& fields, std::string_view name, const SipKey& secret,
                    std::uint64_t& value) {
  auto values = Values::none;
  http::any_cookie(fields, name, [&](std::string_view received) {
    const std::string_view text = without_quotes(received);
    if (text.empty()) return false;
    const std::uint64_t hash = hash_of_decoded(text, secret);
    const bool unclear = text.find_first_of("\"\\") != text.npos;
    values = unclear || (values == Values::one && hash != value) ? Values::several : Values::one;
    value = hash;
    return values == Values::several;
  });
  return values;
}

}  // namespace

KeyRule::KeyRule(const config::RateLimit& limit)
    : ipv6_prefix_(limit.ipv6_prefix), on_missing_(limit.on_missing_key) {
  for (const config::RateLimitKey& part : limit.key) {
    const auto field = part.kind == Kind::header ? http::field_id(part.name) : http::FieldId::unknown;
    parts_.push_back({part.kind, field, part.name});
  }
}

void KeyRule::add_client_ip(TableHash& hash, const IpAddress& ip) const {
  auto bytes = ip.bytes;
  const std::size_t size = ip.v6 ? bytes.size() : 4;
  if (ip.v6) {
    std::size_t at = ipv6_prefix_ / 8;
    if (ipv6_prefix_ % 8 != 0) {
      bytes[at] = static_cast<std::uint8_t>(bytes[at] & (0xff00U >> (ipv6_prefix_ % 8)));
      ++at;
    }
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.end(), std::uint8_t{0});
  }
  char text[sizeof bytes];
  std::copy_n(bytes.begin(), size, text);
  add_part(hash, Kind::client_ip, {text, size});
}

KeyRule::Key KeyRule::key_of(const KeySource& source, const SipKey& secret) const {
  TableHash hash(secret);
  for (const Part& part : parts_) {
    Values values = Values::one;
    std::string_view text;
    std::uint64_t number = 0;
    switch (part.kind) {
      case Kind::client_ip:
        add_client_ip(hash, source.client_ip);
        break;
      case Kind::host:
        add_part(hash, part.kind, source.host);
        break;
      case Kind::path:
        add_part(hash, part.kind, source.path);
        break;
      case Kind::route:
        add_part(hash, part.kind, source.route);
        break;
      case Kind::header:
        values = header_value(source.fields, part.field, part.name, text);
        if (values == Values::one) add_part(hash, part.kind, text);
        break;
      case Kind::cookie:
        values = cookie_value(source.fields, part.name, secret, number);
        if (values == Values::one) add_part(hash, part.kind, number);
        break;
    }
    if (values == Values::one) continue;
    if (on_missing_ == config::OnMissingKey::refuse) return {Outcome::refuse, 0};
    // Not where there are several: sending a second value would switch the limit off.
    if (on_missing_ == config::OnMissingKey::pass && values == Values::none) return {Outcome::pass, 0};
    add_client_ip(hash, source.client_ip);
  }
  return {Outcome::found, hash.finish()};
}

}  // namespace weir::limit
