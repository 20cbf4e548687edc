#include <optional>
#include <string>

#include "core/regex.hpp"
#include "core/regex_syntax.hpp"

namespace weir::regex {
namespace {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

ByteSet range(unsigned char first, unsigned char last) {
  ByteSet set;
  for (unsigned byte = first; byte <= last; ++byte) set.set(byte);
  return set;
}

ByteSet single(char c) {
  return ByteSet{}.set(static_cast<unsigned char>(c));
}

/// The set of \d, \w, \s and their complements; nothing for other letters.
std::optional<ByteSet> named_set(char letter) {
  const ByteSet digits = range('0', '9');
  switch (letter) {
    case 'd':
      return digits;
    case 'D':
      return ~digits;
    case 'w':
      return digits | range('a', 'z') | range('A', 'Z') | single('_');
    case 'W':
      return ~(digits | range('a', 'z') | range('A', 'Z') | single('_'));
    case 's':
      return range('\t', '\r') | single(' ');
    case 'S':
      return ~(range('\t', '\r') | single(' '));
    default:
      return std::nullopt;
  }
}

/// Recursive descent over alternatives > sequence > repeat > atom. The first problem is kept; after it every
/// step returns at once.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Tree> run() {
    if (text_.size() > Regex::expression_bytes_max) fail("longer than 1024 bytes", 0);
    if (text_.substr(0, 4) == "(?i)") {
      fold_case_ = true;
      at_ = 4;
    }
    tree_.root = alternatives();
    if (!failed() && !done()) fail("unmatched )", at_);
    if (failed()) return self_error(ErrorKind::internal, problem_);
    return std::move(tree_);
  }

 private:
  bool done() const { return at_ >= text_.size(); }
  bool failed() const { return !problem_.empty(); }
  char peek() const { return text_[at_]; }
  bool take(char c) {
    if (done() || peek() != c) return false;
    ++at_;
    return true;
  }
  void fail(std::string_view what, std::size_t where) {
    if (!failed()) problem_ = std::string(what) + " at " + std::to_string(where + 1);
  }
  Index add(Node node) {
    tree_.nodes.push_back(std::move(node));
    return static_cast<Index>(tree_.nodes.size() - 1);
  }
  Index add_bytes(const ByteSet& set) {
    Node node;
    node.kind = Node::Kind::bytes;
    node.bytes = set;
    return add(std::move(node));
  }
  Index add_assertion(Node::Kind kind) {
    Node node;
    node.kind = kind;
    return add(std::move(node));
  }

  ByteSet folded(ByteSet set) const {
    if (!fold_case_) return set;
    for (unsigned upper = 'A'; upper <= 'Z'; ++upper) {
      const unsigned lower = upper + ('a' - 'A');
      if (set[upper] || set[lower]) set.set(upper).set(lower);
    }
    return set;
  }

  Index alternatives() {
    Node node;
    node.kind = Node::Kind::alternatives;
    do {
      node.children.push_back(sequence());
    } while (!failed() && take('|'));
    return node.children.size() == 1 ? node.children[0] : add(std::move(node));
  }

  Index sequence() {
    Node node;
    while (!failed() && !done() && peek() != '|' && peek() != ')') node.children.push_back(repeated());
    return add(std::move(node));
  }

  Index repeated() {
    const Index what = atom();
    Node node;
    const std::size_t from = at_;
    if (failed() || !quantifier(node)) return what;
    take('?');  // lazy: finds the same texts
    if (!done() && (peek() == '*' || peek() == '+' || peek() == '?')) fail("nothing to repeat", at_);
    const Node::Kind kind = tree_.nodes[what].kind;
    if (kind == Node::Kind::text_begin || kind == Node::Kind::text_end) fail("nothing to repeat", from);
    node.kind = Node::Kind::repeat;
    node.children = {what};
    return add(std::move(node));
  }

  /// True when one was read into `node`.
  bool quantifier(Node& node) {
    node.max = Node::unbounded;
    if (take('*')) return true;
    if (take('+')) {
      node.min = 1;
      return true;
    }
    if (take('?')) {
      node.max = 1;
      return true;
    }
    return !done() && peek() == '{' && counts(node);
  }

  bool counts(Node& node) {
    const std::size_t from = at_++;
    const std::optional<std::size_t> min = number();
    if (!min) {
      fail("{ without a number; write \\{ for the character", from);
      return false;
    }
    node.min = node.max = *min;
    if (take(',')) node.max = number().value_or(Node::unbounded);
    if (!take('}')) fail("unclosed {", from);
    if (node.max < node.min) fail("{m,n} with m above n", from);
    return !failed();
  }

  std::optional<std::size_t> number() {
    if (done() || !is_digit(peek())) return std::nullopt;
    std::size_t value = 0;
    for (; !done() && is_digit(peek()); ++at_) {
      value = value * 10 + static_cast<std::size_t>(peek() - '0');
      if (value > repeat_max) {
        fail("more than 1000 repeats", at_);
        return std::nullopt;
      }
    }
    return value;
  }

  Index atom() {
    const std::size_t from = at_;
    const char c = text_[at_++];
    switch (c) {
      case '(':
        return group(from);
      case '[':
        return add_bytes(folded(byte_class(from)));
      case '.':
        return add_bytes(~ByteSet{});
      case '^':
        return add_assertion(Node::Kind::text_begin);
      case '$':
        return add_assertion(Node::Kind::text_end);
      case '\\':
        return add_bytes(folded(escape(from)));
      case '*':
      case '+':
      case '?':
      case '{':
        fail("nothing to repeat", from);
        return 0;
      default:
        return add_bytes(folded(single(c)));
    }
  }

  Index group(std::size_t from) {
    if (take('?') && !take(':')) {
      fail("only (?:...) groups are known, and (?i) at the start", from);
      return 0;
    }
    if (++depth_ > nesting_max) {
      fail("more than 50 nested groups", from);
      return 0;
    }
    const Index inner = alternatives();
    --depth_;
    if (!take(')')) fail("unclosed (", from);
    return inner;
  }

  ByteSet escape(std::size_t from) {
    if (done()) {
      fail("\\ at the end", from);
      return {};
    }
    const char c = text_[at_++];
    if (const auto set = named_set(c)) return *set;
    if (is_digit(c)) fail("back-references are not supported", from);
    if (is_letter(c)) fail("unknown escape", from);
    return single(c);
  }

  /// One member of a class: a byte, or a named set.
  ByteSet class_member() {
    const std::size_t from = at_;
    const char c = text_[at_++];
    if (c == '[' && !done() && peek() == ':') fail("[:name:] is not supported", from);
    return c == '\\' ? escape(from) : single(c);
  }

  ByteSet byte_class(std::size_t from) {
    const bool negated = take('^');
    ByteSet set;
    bool first = true;
    while (!failed() && !done() && (peek() != ']' || first)) {
      first = false;
      const std::size_t member = at_;
      const ByteSet low = class_member();
      const bool is_range = at_ + 1 < text_.size() && peek() == '-' && text_[at_ + 1] != ']';
      if (!is_range) {
        set |= low;
        continue;
      }
      ++at_;
      set |= class_range(low, class_member(), member);
    }
    if (!take(']')) fail("unclosed [", from);
    // Folded before the complement: [^a] under (?i) excludes A as well.
    return negated ? ~folded(set) : set;
  }

  ByteSet class_range(const ByteSet& low, const ByteSet& high, std::size_t where) {
    if (failed()) return {};
    const std::size_t first = low._Find_first();
    const std::size_t last = high._Find_first();
    if (low.count() != 1 || high.count() != 1 || first > last) {
      fail("bad range in [ ]", where);
      return {};
    }
    return range(static_cast<unsigned char>(first), static_cast<unsigned char>(last));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  bool fold_case_ = false;
  std::string problem_;
  Tree tree_;
};

}  // namespace

Result<Tree> parse(std::string_view expression) {
  return Parser(expression).run();
}

}  // namespace weir::regex
