#include "balance/key.hpp"

#include "core/stable_hash.hpp"
#include "http/cookies.hpp"
#include "http/field_names.hpp"
#include "http/text.hpp"

namespace weir::balance {
namespace {

using Kind = config::HashKey::Kind;

// Chosen once: changing it would move every key.
constexpr SipKey salt{0x7765697220656e64u, 0x706f696e74206b65u};

std::uint64_t address_key(const IpAddress& ip) {
  char text[sizeof ip.bytes];
  const std::size_t size = ip.v6 ? ip.bytes.size() : 4;
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(ip.bytes[i]);
  return stable_hash(salt, {text, size});
}

}  // namespace

KeyRule::KeyRule(const config::HashKey& key) : key_(key) {
  if (key.kind == Kind::header) field_ = http::field_id(key.name);
}

std::uint64_t KeyRule::key_of(std::span<const http::Field> fields, const IpAddress& client_ip,
                              std::string_view path) const {
  std::string_view value;
  switch (key_.kind) {
    case Kind::client_ip:
      break;
    case Kind::path:
      value = path;
      break;
    case Kind::header:
      for (const http::Field& field : fields) {
        if (field.id != field_) continue;
        if (field_ == http::FieldId::unknown && !http::iequals(field.name, key_.name)) continue;
        value = field.value;
        break;
      }
      break;
    case Kind::cookie:
      http::any_cookie(fields, key_.name, [&](std::string_view found) {
        value = found;
        return true;
      });
      break;
  }
  return value.empty() ? address_key(client_ip) : stable_hash(salt, value);
}

}  // namespace weir::balance
