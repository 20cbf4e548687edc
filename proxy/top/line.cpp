#include "top/line.hpp"

#include <utility>

namespace weir::top {
namespace {

bool continues(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

/// Bytes of the character of UTF-8 that `text` begins with, which is no control character; 0: there is none.
std::size_t character_bytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x20 || first == 0x7f) return 0;
  if (first < 0x80) return 1;
  const std::size_t bytes = first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (bytes == 0 || first >= 0xf5 || text.size() < bytes) return 0;
  for (std::size_t i = 1; i < bytes; ++i) {
    if (!continues(text[i])) return 0;
  }
  const bool is_c1 = first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
  return is_c1 ? 0 : bytes;
}

}  // namespace

Line& Line::add(std::string_view text, Style style) {
  if (!text.empty()) spans.push_back({std::string(text), style});
  return *this;
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  for (const char byte : text) columns += continues(byte) ? 0 : 1;
  return columns;
}

std::size_t columns_of(const Line& line) {
  std::size_t columns = 0;
  for (const Span& span : line.spans) columns += columns_of(span.text);
  return columns;
}

std::string clean(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t bytes = character_bytes(text);
    if (bytes == 0) {
      shown += '?';
      text.remove_prefix(1);
    } else {
      shown += text.substr(0, bytes);
      text.remove_prefix(bytes);
    }
  }
  return shown;
}

std::string fit(std::string_view text, std::size_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::size_t bytes = 0;
  for (std::size_t seen = 0; bytes < text.size(); ++bytes) {
    if (!continues(text[bytes]) && ++seen == columns) break;
  }
  return std::string(text.substr(0, bytes)) + '~';
}

std::string padded(std::string_view text, std::size_t columns, bool right) {
  std::string shown = fit(text, columns);
  const std::string space(columns - columns_of(shown), ' ');
  return right ? space + shown : shown + space;
}

Line cut(Line line, std::size_t columns) {
  std::size_t left = columns;
  for (std::size_t i = 0; i < line.spans.size(); ++i) {
    Span& span = line.spans[i];
    const std::size_t wide = columns_of(span.text);
    if (wide <= left) {
      left -= wide;
      continue;
    }
    span.text = fit(span.text, left);
    line.spans.resize(left == 0 ? i : i + 1);
    break;
  }
  return line;
}

std::string text_of(const Line& line) {
  std::string text;
  for (const Span& span : line.spans) text += span.text;
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

}  // namespace weir::top
