#include "http2/priority.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace weir::http2 {

namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_alpha(char c) {
  return is_lower(c) || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Dictionary of RFC 8941 3.2, of whose members only integers of one digit and booleans are kept.
class Dictionary {
 public:
  explicit Dictionary(std::string_view text) : rest_(text) {}

  std::optional<Priority> read() {
    Priority priority;
    skip_any_of(" ");
    while (!rest_.empty()) {
      const auto key = read_key();
      if (!key) return std::nullopt;
      Value value{.boolean = 1};
      if (take('=')) {
        const auto read = read_value();
        if (!read) return std::nullopt;
        value = *read;
      }
      if (!skip_parameters()) return std::nullopt;
      // The last of a name counts, so a value that does not fit brings the default back.
      if (*key == "u") priority.urgency = value.digit != none ? value.digit : Priority{}.urgency;
      if (*key == "i") priority.incremental = value.boolean == 1;  // the default is false
      skip_any_of(" \t");
      if (rest_.empty()) break;
      if (!take(',')) return std::nullopt;
      skip_any_of(" \t");
      if (rest_.empty()) return std::nullopt;  // a comma at the end
    }
    return priority;
  }

 private:
  static constexpr std::uint8_t none = 255;
  struct Value {
    std::uint8_t boolean = none;
    std::uint8_t digit = none;  // 0 to 7
  };

  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_any_of(std::string_view set) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(set), rest_.size()));
  }
  /// The longest beginning whose bytes `accepted` takes.
  template <class Accepted>
  std::string_view take_while(Accepted accepted) {
    std::size_t bytes = 0;
    while (bytes < rest_.size() && accepted(rest_[bytes])) ++bytes;
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }

  std::optional<std::string_view> read_key() {
    if (rest_.empty() || !(is_lower(rest_[0]) || rest_[0] == '*')) return std::nullopt;
    return take_while(
        [](char c) { return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*'; });
  }

  /// An item without its parameters, or an inner list.
  std::optional<Value> read_value() {
    if (!take('(')) return read_bare_item();
    while (true) {
      skip_any_of(" ");
      if (take(')')) return Value{};
      if (!read_bare_item() || !skip_parameters()) return std::nullopt;
      if (rest_.empty() || (rest_[0] != ' ' && rest_[0] != ')')) return std::nullopt;
    }
  }

  std::optional<Value> read_bare_item() {
    if (rest_.empty()) return std::nullopt;
    const char first = rest_[0];
    if (first == '"') return read_string();
    if (first == '?') return read_boolean();
    if (first == ':') return read_bytes();
    if (first == '-' || is_digit(first)) return read_number();
    if (!is_alpha(first) && first != '*') return std::nullopt;
    take_while([](char c) {
      return is_alpha(c) || is_digit(c) ||
             std::string_view("!#$%&'*+-.^_`|~:/").find(c) != std::string_view::npos;
    });
    return Value{};
  }

  std::optional<Value> read_boolean() {
    if (rest_.size() < 2 || (rest_[1] != '0' && rest_[1] != '1')) return std::nullopt;
    const Value value{.boolean = static_cast<std::uint8_t>(rest_[1] == '1' ? 1 : 0)};
    rest_.remove_prefix(2);
    return value;
  }

  std::optional<Value> read_string() {
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return Value{};
      }
      if (rest_[i] == '\\' && (++i == rest_.size() || (rest_[i] != '"' && rest_[i] != '\\')))
        return std::nullopt;
      const auto byte = static_cast<unsigned char>(rest_[i]);
      if (byte < 0x20 || byte > 0x7e) return std::nullopt;
    }
    return std::nullopt;
  }

  std::optional<Value> read_bytes() {
    rest_.remove_prefix(1);
    take_while([](char c) { return is_alpha(c) || is_digit(c) || c == '+' || c == '/' || c == '='; });
    if (!take(':')) return std::nullopt;
    return Value{};
  }

  std::optional<Value> read_number() {
    const bool negative = take('-');
    const std::string_view digits = take_while(is_digit);
    if (digits.empty() || digits.size() > 15) return std::nullopt;
    if (take('.')) {
      const std::size_t fraction = take_while(is_digit).size();
      if (fraction == 0 || fraction > 3 || digits.size() > 12) return std::nullopt;
      return Value{};
    }
    const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size() - 1);
    const std::string_view number = digits.substr(zeros);
    if (number.size() != 1 || number[0] > '7' || (negative && number[0] != '0')) return Value{};
    return Value{.digit = static_cast<std::uint8_t>(number[0] - '0')};
  }

  bool skip_parameters() {
    while (take(';')) {
      skip_any_of(" ");
      if (!read_key()) return false;
      if (take('=') && !read_bare_item()) return false;
    }
    return true;
  }

  std::string_view rest_;
};

}  // namespace

Priority parse_priority(std::string_view text) {
  while (text.ends_with(' ')) text.remove_suffix(1);
  return Dictionary(text).read().value_or(Priority{});
}

}  // namespace weir::http2
