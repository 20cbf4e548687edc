// Which `{` opens a block and which one initialises: enough of C++'s grammar for rules about functions and
// expressions. A heuristic over tokens, made for formatted code.
#pragma once

#include <cstddef>
#include <vector>

#include "tidy/source.hpp"

namespace weir::tidy {

enum class Brace {
  scope,        // namespace, class, struct, union, enum, extern "C"
  function,     // a function's or lambda's body
  block,        // if, for, while, switch, do, try, bare
  initializer,  // T{...}, = {...}
};

/// Kind of the brace at `tokens[open]`; `statement` is the index of the first token of its statement.
Brace classify(const std::vector<Token>& tokens, std::size_t statement, std::size_t open);

/// True where `tokens[i]` is the `[` that introduces a lambda, rather than a subscript or an attribute.
bool is_lambda_introducer(const std::vector<Token>& tokens, std::size_t i);

}  // namespace weir::tidy
