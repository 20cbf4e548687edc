// Lines of text with styles, as a terminal shows them: cut to columns, without what could control it. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::top {

enum class Style : std::uint8_t { plain, strong, dim, good, warn, bad };

struct Span {
  std::string text;
  Style style = Style::plain;
};

struct Line {
  std::vector<Span> spans;
  bool selected = false, heading = false;

  Line& add(std::string_view text, Style style = Style::plain);
};

/// How many columns `text` takes: one for each character of UTF-8.
std::size_t columns_of(std::string_view text);
std::size_t columns_of(const Line& line);
/// Names and texts of others: control characters and what is no UTF-8 become `?`.
std::string clean(std::string_view text);
/// At most `columns` of it; what is cut ends with `~`.
std::string fit(std::string_view text, std::size_t columns);
/// Exactly `columns`.
std::string padded(std::string_view text, std::size_t columns, bool right = false);
/// The line cut to `columns`.
Line cut(Line line, std::size_t columns);
/// Without styles.
std::string text_of(const Line& line);

}  // namespace weir::top
