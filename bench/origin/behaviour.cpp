#include "behaviour.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <numbers>

namespace weir::origin {
namespace {

using std::chrono::milliseconds;

struct Field {
  std::string_view name;
  double Behaviour::*member;
  double least, most;
};

constexpr std::array<Field, 5> fields{{{"fail_percent", &Behaviour::fail_percent, 0, 100},
                                       {"latency_ms", &Behaviour::latency_ms, 0, 60'000},
                                       {"latency_spread", &Behaviour::latency_spread, 0, 3},
                                       {"slow_factor", &Behaviour::slow_factor, 0.1, 1'000},
                                       {"cold_start", &Behaviour::cold_start, 0, 3'600}}};

std::string shown(double number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return {text.data(), end};
}

std::string names() {
  std::string text;
  for (const Field& field : fields) text += (text.empty() ? "" : ", ") + std::string(field.name);
  return text;
}

std::string bounds_of(const Field& field) {
  return std::string(field.name) + ": a number from " + shown(field.least) + " to " + shown(field.most);
}

std::string apply_one(std::string_view pair, Behaviour& behaviour) {
  const std::size_t cut = pair.find('=');
  const std::string_view name = pair.substr(0, cut);
  const auto* const field = std::find_if(fields.begin(), fields.end(),
                                         [name](const Field& candidate) { return candidate.name == name; });
  if (field == fields.end()) return "unknown name '" + std::string(name) + "'; one of " + names();
  const std::string_view text = cut == std::string_view::npos ? std::string_view() : pair.substr(cut + 1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return bounds_of(*field);
  behaviour.*field->member = number;
  return {};
}

/// From 0 to below 1.
double uniform(std::uint64_t bits) {
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

/// Standard normal, of two uniform numbers (Box and Muller).
double normal(double first, double second) {
  return std::sqrt(-2 * std::log(1 - first)) * std::cos(2 * std::numbers::pi * second);
}

double cold(const Behaviour& behaviour, std::chrono::steady_clock::duration age) {
  const double seconds = std::chrono::duration<double>(age).count();
  if (seconds >= behaviour.cold_start) return 1;
  return cold_factor - (cold_factor - 1) * std::max(seconds, 0.0) / behaviour.cold_start;
}

}  // namespace

std::string fault_of(const Behaviour& behaviour) {
  for (const Field& field : fields) {
    const double number = behaviour.*field.member;
    if (!(number >= field.least && number <= field.most)) return bounds_of(field);
  }
  if (behaviour.latency_ms == 0 && behaviour.slow_factor != 1) {
    return "slow_factor multiplies latency_ms, which is 0";
  }
  if (behaviour.latency_ms == 0 && behaviour.cold_start != 0)
    return "cold_start multiplies latency_ms, which is 0";
  return {};
}

std::string apply(std::string_view query, Behaviour& behaviour) {
  Behaviour changed = behaviour;
  if (query.empty()) return "names nothing; one of " + names();
  for (std::size_t begin = 0; begin <= query.size();) {
    const std::size_t end = std::min(query.find('&', begin), query.size());
    std::string wrong = apply_one(query.substr(begin, end - begin), changed);
    if (!wrong.empty()) return wrong;
    begin = end + 1;
  }
  std::string wrong = fault_of(changed);
  if (wrong.empty()) behaviour = changed;
  return wrong;
}

std::string to_json(const Behaviour& behaviour) {
  std::string text;
  for (const Field& field : fields) {
    text += text.empty() ? "{\"" : ",\"";
    text.append(field.name).append("\":").append(shown(behaviour.*field.member));
  }
  return text + "}";
}

std::uint64_t scatter(std::uint64_t number) {
  number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9U;
  number = (number ^ number >> 27) * 0x94d049bb133111ebU;
  return number ^ number >> 31;
}

Outcome outcome_of(const Behaviour& behaviour, std::uint64_t seed, std::uint64_t number,
                   std::chrono::steady_clock::duration age) {
  constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;  // the step of splitmix64
  constexpr std::uint64_t draws = 3;                     // of one request
  const auto draw = [&](std::uint64_t which) {
    return uniform(scatter(seed + (number * draws + which + 1) * golden));
  };
  Outcome outcome;
  outcome.fails = draw(0) * 100 < behaviour.fail_percent;
  if (behaviour.latency_ms == 0) return outcome;
  const double spread = std::exp(behaviour.latency_spread * normal(draw(1), draw(2)));
  const double time = behaviour.latency_ms * behaviour.slow_factor * cold(behaviour, age) * spread;
  const double longest = static_cast<double>(answer_time_max.count());
  outcome.delay = milliseconds(std::llround(std::min(time, longest)));
  return outcome;
}

BehaviourSwitch::BehaviourSwitch(const Behaviour& first, std::string_view name)
    : seed_(scatter(std::hash<std::string_view>{}(name))), cold_since_(std::chrono::steady_clock::now()) {
  set(first);
}

Behaviour BehaviourSwitch::get() const {
  const std::lock_guard lock(mutex_);
  return behaviour_;
}

std::string BehaviourSwitch::change(std::string_view query) {
  const std::lock_guard lock(mutex_);
  Behaviour changed = behaviour_;
  std::string wrong = apply(query, changed);
  if (!wrong.empty()) return wrong;
  if (query.find("cold_start=") != std::string_view::npos) cold_since_ = std::chrono::steady_clock::now();
  set(changed);
  return {};
}

Outcome BehaviourSwitch::next() {
  if (plain_.load(std::memory_order_relaxed)) return {};
  const TimePoint now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  return outcome_of(behaviour_, seed_, asked_++, now - cold_since_);
}

void BehaviourSwitch::set(const Behaviour& behaviour) {
  behaviour_ = behaviour;
  plain_ = behaviour.fail_percent == 0 && behaviour.latency_ms == 0;
}

}  // namespace weir::origin
