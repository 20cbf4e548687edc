// Regular expressions for rules that strangers' bytes are matched against: compiled once into a deterministic
// automaton, so that a match costs one table step a byte, whatever the expression and the text; no
// backtracking, no allocation, no error at match time. What cannot be compiled within the bounds is refused
// with the reason. Immutable after compile; any thread.
//
// The WHOLE text must match. Syntax: literals, `.` (any byte), classes `[a-z_]` `[^/]`, `\d \D \w \W \s \S`,
// `\` before punctuation, groups `( )` `(?: )`, `|`, `* + ? {m} {m,} {m,n}` (a lazy `?` behind them changes
// nothing),
// `^` and `$` (allowed, seldom needed), `(?i)` at the very start for ASCII letters of either case. There is
// no back-reference, look-around or `\b`: those are what makes matching slow.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace weir {

class Regex {
 public:
  static constexpr std::size_t expression_bytes_max = 1024;
  static constexpr std::size_t dfa_states_max = 2000;

  /// The error's detail says what is wrong and where: "unclosed ( at 5". Always of kind internal: whoever
  /// compiles knows better what it is about.
  static Result<Regex> compile(std::string_view expression);

  /// The whole of `text` matches.
  bool matches(std::string_view text) const {
    std::size_t state = start_;
    for (const char c : text) {
      state = next_[state * classes_ + class_of_[static_cast<unsigned char>(c)]];
      if (state == dead) return false;
    }
    return accepts_[state] != 0;
  }

 private:
  friend class DfaBuilder;
  static constexpr std::size_t dead = 0;

  std::array<std::uint8_t, 256>
      class_of_{};  // bytes that no part of the expression tells apart share a class
  std::size_t classes_ = 1;
  std::size_t start_ = dead;
  std::vector<std::uint16_t> next_{0};    // [state * classes_ + class]
  std::vector<std::uint8_t> accepts_{0};  // [state]
};

}  // namespace weir
