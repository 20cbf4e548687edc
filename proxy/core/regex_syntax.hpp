// The two intermediate forms of a regular expression, private to regex*.cpp: the syntax tree that the parser
// makes and the Thompson automaton built from it. Plain values; any thread.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace weir::regex {

using ByteSet = std::bitset<256>;
using Index = std::uint32_t;

inline constexpr std::size_t nesting_max = 50;   // groups in groups
inline constexpr std::size_t repeat_max = 1000;  // the numbers in {m,n}
inline constexpr std::size_t nfa_states_max = 2000;

struct Node {
  enum class Kind : std::uint8_t { bytes, sequence, alternatives, repeat, text_begin, text_end };
  Kind kind = Kind::sequence;
  ByteSet bytes;                // bytes
  std::vector<Index> children;  // sequence (empty: matches nothing but ""), alternatives, repeat (one)
  std::size_t min = 0;          // repeat
  std::size_t max = 0;          // repeat; `unbounded` for none
  static constexpr std::size_t unbounded = static_cast<std::size_t>(-1);
};

struct Tree {
  std::vector<Node> nodes;
  Index root = 0;
};

Result<Tree> parse(std::string_view expression);

struct NfaState {
  enum class Kind : std::uint8_t { bytes, split, text_begin, text_end, match };
  Kind kind = Kind::match;
  ByteSet bytes;
  Index next = 0;
  Index other = 0;  // split
};

struct Nfa {
  std::vector<NfaState> states;
  Index start = 0;
};

/// Fails when more than nfa_states_max states would be needed.
Result<Nfa> build_nfa(const Tree& tree);

}  // namespace weir::regex
