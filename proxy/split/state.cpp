#include "split/state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "config/model.hpp"
#include "core/stable_hash.hpp"
#include "http/text.hpp"

namespace weir::split {
namespace {

constexpr std::string_view title = "weir-split-state 1";
constexpr std::size_t name_bytes_max = 64;

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_bytes_max && std::ranges::all_of(text, [](char c) {
    return http::is(c, http::char_class::alpha | http::char_class::digit) || c == '-' || c == '_';
  });
}

/// Decimal without sign or leading zeros.
template <class Number>
std::optional<Number> parse_number(std::string_view text, Number max) {
  Number value = 0;
  const char* const end = text.data() + text.size();
  if (text.empty() || text.front() == '-' || (text.front() == '0' && text.size() > 1)) return std::nullopt;
  const auto [stop, ec] = std::from_chars(text.data(), end, value);
  if (ec != std::errc{} || stop != end || value > max) return std::nullopt;
  return value;
}

std::optional<NamedWeights> parse_weights(std::string_view text) {
  NamedWeights weights;
  for (bool more = true; more;) {
    const std::string_view pair = text.substr(0, text.find(' '));
    more = pair.size() < text.size();
    text.remove_prefix(pair.size() + (more ? 1 : 0));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view name = pair.substr(0, equals);
    const auto weight =
        parse_number<std::uint32_t>(pair.substr(std::min(equals + 1, pair.size())), config::split_weight_max);
    const bool taken = std::ranges::any_of(weights, [&](const auto& other) { return other.first == name; });
    if (!is_name(name) || !weight || taken || weights.size() == config::split_targets_max)
      return std::nullopt;
    weights.emplace_back(name, *weight);
  }
  const bool all_zero = std::ranges::all_of(weights, [](const auto& pair) { return pair.second == 0; });
  if (all_zero) return std::nullopt;
  return weights;
}

bool same_names(const NamedWeights& a, const NamedWeights& b) {
  return std::ranges::equal(a, b, {}, &NamedWeights::value_type::first, &NamedWeights::value_type::first);
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  Result<State> read() {
    State state;
    if (!is_line(title)) return wrong("is not the start of a state file");
    take();
    while (find("route ")) {
      if (state.size() == state_routes_max) return wrong("is one route too many");
      auto entry = read_entry();
      if (!entry) return entry.error();
      const auto same = [&](const RuntimeWeights& other) { return other.route == entry->route; };
      if (std::ranges::any_of(state, same)) return wrong("ends a route that came before");
      state.push_back(std::move(*entry));
    }
    if (!rest_.empty()) return wrong("is not expected here");
    return state;
  }

 private:
  Result<RuntimeWeights> read_entry() {
    RuntimeWeights entry;
    const auto route = find("route ");
    if (!is_name(*route)) return wrong("is not the name of a route");
    entry.route = *route;
    take();
    for (const auto& [key, into] : {std::pair("weights ", &entry.weights), std::pair("base ", &entry.base)}) {
      const auto text = find(key);
      auto weights = text ? parse_weights(*text) : std::nullopt;
      if (!weights) return wrong(fmt::format("is not '{}' with weights", key));
      *into = std::move(*weights);
      take();
    }
    if (!same_names(entry.weights, entry.base)) return wrong("comes after weights of different names");
    const auto since = time_at("since ");
    if (!since) return wrong("is not 'since' with a time");
    entry.since_ms = *since;
    take();
    if (find("expires ")) {
      const auto expires = time_at("expires ");
      if (!expires || *expires == 0) return wrong("is not 'expires' with a time");
      entry.expires_ms = *expires;
      take();
    }
    const auto who = find("who ");
    if (!who || who->empty() || !is_note(*who, who_bytes_max)) return wrong("is not 'who' with a name");
    entry.who = *who;
    take();
    if (const auto reason = find("reason ")) {
      if (reason->empty() || !is_note(*reason, reason_bytes_max)) return wrong("is not a reason");
      entry.reason = *reason;
      take();
    }
    return entry;
  }

  std::string_view line() const { return rest_.substr(0, rest_.find('\n')); }
  bool is_line(std::string_view text) const { return !rest_.empty() && line() == text; }
  /// What follows `key` on this line, when it starts with it.
  std::optional<std::string_view> find(std::string_view key) const {
    if (!line().starts_with(key)) return std::nullopt;
    return line().substr(key.size());
  }
  std::optional<std::int64_t> time_at(std::string_view key) const {
    constexpr std::int64_t year_9999_ms = 253'402'300'799'999;
    const auto text = find(key);
    return text ? parse_number<std::int64_t>(*text, year_9999_ms) : std::nullopt;
  }
  void take() {
    rest_.remove_prefix(std::min(line().size() + 1, rest_.size()));
    ++number_;
  }
  Error wrong(std::string_view what) const {
    return self_error(ErrorKind::internal, fmt::format("line {} {}", number_, what));
  }

  std::string_view rest_;
  int number_ = 1;
};

std::string check_line(std::string_view text) {
  return fmt::format("check {:016x}\n", stable_hash({}, text));
}

}  // namespace

bool is_note(std::string_view text, std::size_t bytes_max) {
  return text.size() <= bytes_max && std::ranges::all_of(text, [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte >= 0x20 && byte != 0x7f;
         });
}

std::string to_string(const NamedWeights& weights) {
  std::string text;
  for (const auto& [name, weight] : weights) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, weight);
  }
  return text;
}

std::string write_state(const State& state) {
  std::string text(title);
  text += '\n';
  for (const RuntimeWeights& entry : state) {
    text += fmt::format("route {}\nweights {}\nbase {}\nsince {}\n", entry.route, to_string(entry.weights),
                        to_string(entry.base), entry.since_ms);
    if (entry.expires_ms != 0) text += fmt::format("expires {}\n", entry.expires_ms);
    text += fmt::format("who {}\n", entry.who);
    if (!entry.reason.empty()) text += fmt::format("reason {}\n", entry.reason);
  }
  return text + check_line(text);
}

Result<State> parse_state(std::string_view text) {
  const std::size_t check_bytes = check_line({}).size();
  if (text.size() > state_bytes_max)
    return self_error(ErrorKind::internal, "larger than a state file can be");
  if (text.size() < check_bytes) return self_error(ErrorKind::internal, "too short for a state file");
  const std::string_view body = text.substr(0, text.size() - check_bytes);
  if (!body.ends_with('\n') || text.substr(body.size()) != check_line(body))
    return self_error(ErrorKind::internal, "the last line is not the check of what is before it");
  return Reader(body).read();
}

}  // namespace weir::split
