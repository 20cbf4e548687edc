#include "tidy/coroutine_rule.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "tidy/braces.hpp"

namespace weir::tidy {

namespace {

/// Trivial types, which have no members to destroy twice.
constexpr std::array<std::string_view, 9> harmless_braced = {"nanoseconds", "microseconds", "milliseconds",
                                                             "seconds",     "minutes",      "size_t",
                                                             "string_view", "uint64_t",     "span"};

class Scanner {
 public:
  explicit Scanner(const SourceFile& file) : file_(file), tokens_(file.tokens) { statements_.push_back({}); }

  std::vector<Finding> run() && {
    for (at_ = 0; at_ < tokens_.size(); ++at_) step();
    return std::move(findings_);
  }

 private:
  struct Statement {
    std::size_t start = 0;
    std::vector<char> brackets;  // open ones, innermost last
    int await_line = 0;
    bool conditional = false;
    bool braced_temporary = false;
    bool dereference = false;
    bool lambda = false;
    bool capturing_lambda = false;
  };

  Statement& current() { return statements_.back(); }

  void step() {
    const Token& token = tokens_[at_];
    if (token.text == "co_await") {
      if (current().await_line == 0) current().await_line = token.line;
      if (at_ + 1 < tokens_.size() && tokens_[at_ + 1].text == "*") current().dereference = true;
    } else if (token.text == "?") {
      current().conditional = true;
    } else if (token.text == "(" || token.text == "[") {
      note_lambda();
      current().brackets.push_back(token.text[0]);
    } else if (token.text == ")" || token.text == "]") {
      if (!current().brackets.empty()) current().brackets.pop_back();
    } else if (token.text == "{") {
      open_brace();
    } else if (token.text == "}") {
      close_brace();
    } else if (token.text == ";" && current().brackets.empty()) {
      end_statement();
    }
  }

  void note_lambda() {
    if (!is_lambda_introducer(tokens_, at_)) return;
    current().lambda = true;
    if (at_ + 1 < tokens_.size() && tokens_[at_ + 1].text != "]") current().capturing_lambda = true;
  }

  void open_brace() {
    const Brace kind = classify(tokens_, current().start, at_);
    if (kind == Brace::initializer) {
      if (!is_harmless()) current().braced_temporary = true;
      current().brackets.push_back('{');
      return;
    }
    // A lambda's body lies inside a statement that goes on after it; any other block ends its head.
    const bool inside_statement = kind == Brace::function && current().lambda;
    if (!inside_statement) end_statement();
    Statement inner;
    inner.start = at_ + 1;
    statements_.push_back(inner);
  }

  /// Nothing that could be destroyed twice: a trivial type by name, or a span `{&one, 1}`.
  bool is_harmless() const {
    const std::string& type = tokens_[at_ - 1].text;
    if (std::find(harmless_braced.begin(), harmless_braced.end(), type) != harmless_braced.end()) return true;
    return type == "(" && at_ + 1 < tokens_.size() && tokens_[at_ + 1].text == "&";
  }

  void close_brace() {
    if (!current().brackets.empty()) {
      current().brackets.pop_back();
      return;
    }
    end_statement();
    if (statements_.size() > 1) statements_.pop_back();
    if (!current().lambda) current().start = at_ + 1;
  }

  void end_statement() {
    Statement& statement = current();
    if (statement.await_line != 0) {
      if (statement.conditional) add("`?:` in an expression with co_await");
      if (statement.braced_temporary) add("braced temporary in an expression with co_await");
      if (statement.dereference) add("co_await of `*pointer`, which GCC 12 copies: name a reference");
      if (statement.capturing_lambda) add("capturing lambda temporary in an expression with co_await");
    }
    statement = Statement{};
    statement.start = at_ + 1;
  }

  void add(const std::string& what) {
    findings_.push_back(
        {file_.path, current().await_line, what + ": GCC 12 miscompiles it; name it, then move it"});
  }

  const SourceFile& file_;
  const std::vector<Token>& tokens_;
  std::size_t at_ = 0;
  std::vector<Statement> statements_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> coroutine_hazards(const SourceFile& file) {
  return Scanner(file).run();
}

}  // namespace weir::tidy
