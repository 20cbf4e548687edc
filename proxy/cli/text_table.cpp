#include "cli/text_table.hpp"

#include <algorithm>

#include "observe/line_buffer.hpp"

namespace weir::control {
namespace {

constexpr std::size_t gap = 2;

std::string shown(const std::string& cell) {
  std::string text;
  observe::LineBuffer(text).plain_text(cell);
  return text;
}

/// Characters, as far as each code point takes one column.
std::size_t width_of(const std::string& text) {
  const auto starts_character = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

}  // namespace

std::string TextTable::text() const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], width_of(shown(row[i])));
  }
  std::string out;
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string cell = shown(row[i]);
      out += cell;
      if (i + 1 < widths.size()) out.append(widths[i] - width_of(cell) + gap, ' ');
    }
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  }
  return out;
}

}  // namespace weir::control
