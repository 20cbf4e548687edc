#include "limit/key.hpp"

#include <algorithm>

#include "http/text.hpp"

namespace weir::limit {
namespace {

using Kind = config::RateLimitKey::Kind;

/// Kind and length in front make parts unambiguous: ("ab", "c") is not ("a", "bc").
void add_part(TableHash& hash, Kind kind, std::string_view bytes) {
  hash.add(std::uint64_t{bytes.size()} << 8 | static_cast<std::uint64_t>(kind));
  hash.add(bytes);
}

std::string_view field_value(const std::vector<http::Field>& fields, http::FieldId id,
                             std::string_view name) {
  for (const http::Field& field : fields) {
    if (field.id != id) continue;
    if (id != http::FieldId::unknown || http::iequals(field.name, name)) return field.value;
  }
  return {};
}

}  // namespace

std::string_view cookie_value(const std::vector<http::Field>& fields, std::string_view name) {
  for (const http::Field& field : fields) {
    if (field.id != http::FieldId::cookie) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = http::trim_ows(rest.substr(0, end));
      if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
        return pair.substr(name.size() + 1);
      }
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return {};
}

KeyRule::KeyRule(const config::RateLimit& limit)
    : ipv6_prefix_(limit.ipv6_prefix), on_missing_(limit.on_missing_key) {
  for (const config::RateLimitKey& part : limit.key) {
    const auto field =
        part.kind == Kind::header ? boost::beast::http::string_to_field(part.name) : http::FieldId::unknown;
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
    std::string_view value;
    switch (part.kind) {
      case Kind::client_ip:
        add_client_ip(hash, source.client_ip);
        continue;
      case Kind::host:
        value = source.host;
        break;
      case Kind::path:
        value = source.path;
        break;
      case Kind::route:
        value = source.route;
        break;
      case Kind::header:
      case Kind::cookie:
        value = part.kind == Kind::header ? field_value(source.fields, part.field, part.name)
                                          : cookie_value(source.fields, part.name);
        if (!value.empty()) break;
        if (on_missing_ == config::OnMissingKey::pass) return {Outcome::pass, 0};
        if (on_missing_ == config::OnMissingKey::refuse) return {Outcome::refuse, 0};
        add_client_ip(hash, source.client_ip);
        continue;
    }
    add_part(hash, part.kind, value);
  }
  return {Outcome::found, hash.finish()};
}

}  // namespace weir::limit
