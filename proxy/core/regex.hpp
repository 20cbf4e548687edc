// Regular expressions for rules that strangers' bytes are matched against: RE2, so that a match takes time
// linear in the text whatever the expression; no backtracking. What cannot be compiled within the bounds is
// refused with the reason. Immutable after compile; any thread.
//
// The WHOLE text must match, byte by byte (no UTF-8). RE2 syntax: github.com/google/re2/wiki/Syntax; there is
// no back-reference and no look-around: those are what makes matching slow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/error.hpp"

namespace re2 {
class RE2;
}

namespace weir {

class Regex {
 public:
  static constexpr std::size_t expression_bytes_max = 1024;
  static constexpr std::int64_t memory_bytes_max = 2 * 1024 * 1024;  // of the program and its automata

  Regex();  // matches nothing
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  /// The error's detail says what is wrong: "missing ): /a(". Always of kind internal: the caller knows better
  /// what it is about.
  static Result<Regex> compile(std::string_view expression);

  /// The whole of `text` matches.
  bool matches(std::string_view text) const;

 private:
  explicit Regex(std::unique_ptr<re2::RE2> compiled);
  std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace weir
