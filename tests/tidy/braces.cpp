#include "tidy/braces.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace weir::tidy {

namespace {

template <std::size_t N>
bool is_one_of(const Token& token, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), token.text) != words.end();
}

constexpr std::array<std::string_view, 5> scope_words = {"namespace", "class", "struct", "union", "enum"};
constexpr std::array<std::string_view, 3> bare_block_words = {"else", "do", "try"};
constexpr std::array<std::string_view, 5> after_parameters = {"const", "noexcept", "override", "final",
                                                              "mutable"};
constexpr std::array<std::string_view, 5> control_words = {"if", "for", "while", "switch", "catch"};

/// Index of the bracket that `tokens[close]` closes, or `close` when there is none.
std::size_t matching_open(const std::vector<Token>& tokens, std::size_t statement, std::size_t close) {
  const std::string close_text = tokens[close].text;
  const std::string open_text = close_text == ")" ? "(" : "[";
  int depth = 0;
  for (std::size_t i = close + 1; i-- > statement;) {
    if (tokens[i].text == close_text) ++depth;
    if (tokens[i].text == open_text && --depth == 0) return i;
  }
  return close;
}

/// A `{` after `)`: a control statement's block or a function's body.
Brace after_parenthesis(const std::vector<Token>& tokens, std::size_t statement, std::size_t close) {
  const std::size_t open = matching_open(tokens, statement, close);
  if (open > statement && tokens[open - 1].text == "constexpr") return Brace::block;  // if constexpr (...)
  if (open > statement && is_one_of(tokens[open - 1], control_words)) return Brace::block;
  return Brace::function;
}

bool has_trailing_return_type(const std::vector<Token>& tokens, std::size_t statement, std::size_t open) {
  for (std::size_t i = open; i-- > statement;) {
    if (tokens[i].text == "->") return i > statement && tokens[i - 1].text == ")";
    const bool of_a_type = tokens[i].is_word || tokens[i].text == "::" || tokens[i].text == "<" ||
                           tokens[i].text == ">" || tokens[i].text == "," || tokens[i].text == "*" ||
                           tokens[i].text == "&";
    if (!of_a_type) return false;
  }
  return false;
}

bool opens_scope(const std::vector<Token>& tokens, std::size_t statement, std::size_t open) {
  int angles = 0;
  for (std::size_t i = statement; i < open; ++i) {
    if (tokens[i].text == "<") ++angles;
    if (tokens[i].text == ">") --angles;
    if (tokens[i].text == "(" || tokens[i].text == "=") return false;
    if (angles == 0 && is_one_of(tokens[i], scope_words)) return true;
  }
  return false;
}

}  // namespace

Brace classify(const std::vector<Token>& tokens, std::size_t statement, std::size_t open) {
  if (open == statement) return Brace::block;
  const Token& before = tokens[open - 1];
  if (before.text == ")") return after_parenthesis(tokens, statement, open - 1);
  if (before.text == "]") {
    return is_lambda_introducer(tokens, matching_open(tokens, statement, open - 1)) ? Brace::function
                                                                                    : Brace::initializer;
  }
  if (is_one_of(before, after_parameters)) return Brace::function;
  if (is_one_of(before, bare_block_words) || before.text == ":") return Brace::block;
  if (before.text == "\"") return Brace::scope;  // extern "C"
  if (opens_scope(tokens, statement, open)) return Brace::scope;
  if (has_trailing_return_type(tokens, statement, open)) return Brace::function;
  // The body of a constructor whose last member initialiser ends in `}`.
  if (before.text == "}") return Brace::function;
  return Brace::initializer;
}

bool is_lambda_introducer(const std::vector<Token>& tokens, std::size_t i) {
  if (tokens[i].text != "[") return false;
  if (i + 1 < tokens.size() && tokens[i + 1].text == "[") return false;  // attribute
  if (i == 0) return true;
  const Token& before = tokens[i - 1];
  if (before.text == "[" || before.text == ")" || before.text == "]" || before.text == "\"") return false;
  return !before.is_word || before.text == "return" || before.text == "co_return" ||
         before.text == "co_await";
}

}  // namespace weir::tidy
