#include "config/rates.hpp"

#include <algorithm>
#include <charconv>

#include "config/names.hpp"
#include "config/scalars.hpp"

namespace weir::config {
namespace {

constexpr std::uint64_t rate_count_max = 1'000'000'000;

/// A key from one of the words, or a word with a colon and a name.
template <class Key, class Plain, class Named>
std::optional<Key> parse_key(std::string_view text, const Plain& plain_words, const Named& named_words) {
  for (const auto& plain : plain_words) {
    if (plain.name == text) return Key{plain.value, {}};
  }
  const auto colon = std::min(text.find(':'), text.size());
  for (const auto& named : named_words) {
    if (named.name != text.substr(0, colon) || colon == text.size()) continue;
    const std::string_view name = text.substr(colon + 1);
    if (is_header_name(name)) return Key{named.value, std::string(name)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Rate> parse_rate(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos || text.front() == '-') return std::nullopt;
  Rate rate;
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + slash, rate.count);
  if (ec != std::errc{} || stop != text.data() + slash) return std::nullopt;
  if (rate.count == 0 || rate.count > rate_count_max) return std::nullopt;
  for (const auto& period : rate_periods) {
    if (period.name != text.substr(slash + 1)) continue;
    rate.period = period.value;
    return rate;
  }
  return std::nullopt;
}

std::string format_rate(const Rate& rate) {
  return std::to_string(rate.count) + "/" + name_of(rate_periods, rate.period);
}

std::optional<RateLimitKey> parse_rate_limit_key(std::string_view text) {
  return parse_key<RateLimitKey>(text, plain_rate_limit_keys, named_rate_limit_keys);
}

std::string format_rate_limit_key(const RateLimitKey& key) {
  if (key.name.empty()) return name_of(plain_rate_limit_keys, key.kind);
  return name_of(named_rate_limit_keys, key.kind) + ":" + key.name;
}

std::optional<HashKey> parse_hash_key(std::string_view text) {
  return parse_key<HashKey>(text, plain_hash_keys, named_hash_keys);
}

std::string format_hash_key(const HashKey& key) {
  if (key.name.empty()) return name_of(plain_hash_keys, key.kind);
  return name_of(named_hash_keys, key.kind) + ":" + key.name;
}

}  // namespace weir::config
