// Weights that were set while Weir ran, and the text of the state file that keeps them over a restart. Pure; the
// control thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace weir::split {

inline constexpr std::size_t state_bytes_max = 32 * 1024 * 1024;
inline constexpr std::size_t state_routes_max = 20'000;
inline constexpr std::size_t who_bytes_max = 160;
inline constexpr std::size_t reason_bytes_max = 256;

/// By upstream name, in the order of the configuration.
using NamedWeights = std::vector<std::pair<std::string, std::uint32_t>>;

struct RuntimeWeights {
  std::string route;
  NamedWeights weights;
  NamedWeights base;  // same names, same order
  std::int64_t since_ms = 0;
  std::int64_t expires_ms = 0;  // 0: never
  std::string who, reason;      // one line each; reason may be empty
  bool operator==(const RuntimeWeights&) const = default;
};

using State = std::vector<RuntimeWeights>;

/// True for text that may stand in the state: one line, no control characters, at most `bytes_max`.
bool is_note(std::string_view text, std::size_t bytes_max);
/// `blue=90 green=10`.
std::string to_string(const NamedWeights& weights);

//   weir-split-state 1
//   route api
//   weights blue=90 green=10
//   base blue=100 green=0         the configuration's own weights at that time
//   since 1763690400000           Unix time in milliseconds
//   expires 1763691300000         absent: they stay
//   who root@edge-1
//   reason canary of 1.4          absent: none
//   check 5c1fd6a0b1e3fc42        SipHash-2-4 with key 0 of everything before: the file is whole
std::string write_state(const State& state);
/// Exactly what write_state wrote, or an error (internal) that names the line.
Result<State> parse_state(std::string_view text);

}  // namespace weir::split
