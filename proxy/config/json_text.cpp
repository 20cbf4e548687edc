#include "config/json_text.hpp"

#include <utility>

namespace weir::config {

void JsonText::open(std::string_view key, char begin, char end) {
  begin_value(key);
  out_ += begin;
  levels_.push_back({end, true});
}

void JsonText::close() {
  const Level level = levels_.back();
  levels_.pop_back();
  if (!level.empty) {
    out_ += '\n';
    out_.append(2 * levels_.size(), ' ');
  }
  out_ += level.end;
}

void JsonText::text(std::string_view key, std::string_view value) {
  begin_value(key);
  quote(value);
}

void JsonText::number(std::string_view key, std::uint64_t value) {
  begin_value(key);
  out_ += std::to_string(value);
}

void JsonText::decimal(std::string_view key, std::string_view digits) {
  begin_value(key);
  out_ += digits;
}

void JsonText::truth(std::string_view key, bool value) {
  begin_value(key);
  out_ += value ? "true" : "false";
}

std::string JsonText::take() {
  return std::exchange(out_, {}) + '\n';
}

void JsonText::begin_value(std::string_view key) {
  if (levels_.empty()) return;
  if (!std::exchange(levels_.back().empty, false)) out_ += ',';
  out_ += '\n';
  out_.append(2 * levels_.size(), ' ');
  if (levels_.back().end != '}') return;
  quote(key);
  out_ += ": ";
}

void JsonText::quote(std::string_view value) {
  constexpr std::string_view digits = "0123456789abcdef";
  out_ += '"';
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (c == '\n') {
      out_ += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out_ += "\\u00";
      out_ += digits[byte >> 4];
      out_ += digits[byte & 0x0f];
    } else {
      out_ += c;
    }
  }
  out_ += '"';
}

}  // namespace weir::config
