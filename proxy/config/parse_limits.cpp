#include <algorithm>

#include "config/blocks.hpp"
#include "config/hosts.hpp"
#include "config/rates.hpp"
#include "config/scalars.hpp"

namespace weir::config {
namespace {

constexpr std::uint64_t burst_max = 1'000'000'000;
constexpr Milliseconds fill_time_max = std::chrono::hours(24 * 365 * 10);
constexpr std::size_t max_keys_min = 1'000;
constexpr std::size_t max_keys_max = 100'000'000;
constexpr std::size_t key_parts_max = 8;
constexpr int refusal_status_min = 400;
constexpr int refusal_status_max = 599;

/// The text of a scalar that `parse` understands; anything else is reported with what would be right.
template <class Parse>
auto parse_word(const Field& field, Parse parse, const std::string& what, const std::string& remedy)
    -> decltype(parse(std::string_view{})) {
  if (!field.node.is_scalar()) {
    field.report_kind("a single value", remedy);
    return std::nullopt;
  }
  auto value = parse(field.node.text);
  if (!value) field.report(quote(field.node.text) + " is not " + what, remedy);
  return value;
}

std::optional<Rate> read_rate(const Field& field) {
  return parse_word(field, parse_rate, "a rate",
                    "write a number above 0 and a unit, such as 10/s, 600/m or 1/h");
}

std::optional<RateLimitKey> read_key_part(const Field& field) {
  return parse_word(field, parse_rate_limit_key, "a key",
                    "write client_ip, header:NAME, cookie:NAME, host, path or route");
}

std::optional<std::vector<RateLimitKey>> read_key(const Field& field) {
  std::vector<RateLimitKey> key;
  if (!field.node.is_list()) {
    auto part = read_key_part(field);
    if (!part) return std::nullopt;
    key.push_back(std::move(*part));
    return key;
  }
  for (const Field& element : elements(field)) {
    auto part = read_key_part(element);
    if (!part) continue;
    if (std::find(key.begin(), key.end(), *part) != key.end()) {
      element.report(quote(element.node.text) + " is there twice", "keep one of them");
    }
    key.push_back(std::move(*part));
  }
  if (field.node.children.empty()) field.report("is empty", "name at least one part, such as client_ip");
  if (key.size() > key_parts_max) {
    field.report("has more than " + std::to_string(key_parts_max) + " parts", "remove some");
  }
  if (key.empty()) return std::nullopt;
  return key;
}

/// Redis is a documented value that this Weir does not support yet: the error says more than `unknown`.
void check_store(MapReader& reader) {
  constexpr Choice<bool> stores[] = {{"local", true}};
  const auto store = reader.find("store");
  if (!store) return;
  if (store->node.is_scalar() && store->node.text == "redis") {
    store->report("'redis' is not available",
                  "write local, the only store; each Weir then counts for itself");
    return;
  }
  one_of(stores)(*store);
}

RateLimit parse_rate_limit(const Field& field) {
  RateLimit limit;
  limit.name = field.node.key;
  MapReader reader(field);
  reader.optional("key", limit.key, read_key);
  const bool rated =
      reader.required("rate", limit.rate, read_rate, "say how many requests pass, such as 10/s");
  reader.optional("burst", limit.burst, number_between(std::uint64_t{1}, burst_max));
  reader.optional("ipv6_prefix", limit.ipv6_prefix, number_between(1U, 128U));
  reader.optional("max_keys", limit.max_keys, number_between(max_keys_min, max_keys_max));
  reader.optional("shadow", limit.shadow, parse_truth);
  reader.optional("on_missing_key", limit.on_missing_key, one_of(on_missing_keys));
  reader.optional("status", limit.status, number_between(refusal_status_min, refusal_status_max));
  reader.optional("headers", limit.headers, parse_truth);
  check_store(reader);
  const auto fill_time =
      limit.burst * static_cast<std::uint64_t>(limit.rate.period.count()) / limit.rate.count;
  if (rated && fill_time >= static_cast<std::uint64_t>(fill_time_max.count())) {
    reader.report("an empty bucket would take more than ten years to fill", "lower burst, or raise rate");
  }
  return limit;
}

}  // namespace

std::vector<RateLimit> parse_rate_limits(const Field& field, NameIndex& names) {
  std::vector<RateLimit> limits;
  names.add_keys(field.node);
  for (const Field& member : members(field)) {
    check_name(member);
    limits.push_back(parse_rate_limit(member));
  }
  return limits;
}

}  // namespace weir::config
