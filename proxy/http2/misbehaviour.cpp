#include "http2/misbehaviour.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace weir::http2 {

namespace {

struct Facts {
  std::string_view name;
  std::int64_t cost_tenths;  // of a token
};
constexpr std::array<Facts, misbehaviour_kinds> table = {{
    {"client_reset", 10},
    {"server_reset", 10},
    {"endpoint_reset", 10},
    {"stream_error", 10},
    {"refused_stream", 10},
    {"empty_frame", 10},
    {"control_frame", 5},
    {"control_frame", 1},
    {"window_update", 10},
}};

}  // namespace

std::string_view misbehaviour_name(Misbehaviour kind) {
  return table[static_cast<std::size_t>(kind)].name;
}

bool MisbehaviourBudget::spend(Misbehaviour kind, TimePoint now) {
  if (now > filled_) {
    const auto full_after = std::chrono::seconds(tokens_max / tokens_per_second);
    const auto passed = std::min<Duration>(now - filled_, full_after);
    const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(passed);
    // What does not make up a microsecond is left for the next time.
    filled_ = passed == full_after ? now : filled_ + microseconds;
    left_ = std::min(left_ + microseconds.count() * tokens_per_second, tokens_max * parts);
  }
  const std::int64_t cost = table[static_cast<std::size_t>(kind)].cost_tenths * (parts / 10);
  if (cost > left_) return false;
  left_ -= cost;
  return true;
}

void MisbehaviourBudget::grant(std::int64_t tokens) {
  left_ = std::min(left_ + tokens * parts, tokens_max * parts);
}

}  // namespace weir::http2
