#include "top/table.hpp"

#include <algorithm>
#include <cctype>
#include <ranges>
#include <utility>

namespace weir::top {
namespace {

constexpr std::size_t gap = 2, growing_min = 12;
constexpr std::size_t left_out = 0;  // width of a column

std::string lower(std::string text) {
  for (char& byte : text) byte = static_cast<char>(std::tolower(static_cast<unsigned char>(byte)));
  return text;
}

bool is_less(const Cell& one, const Cell& other) {
  if (one.order || other.order) {
    constexpr double least = std::numeric_limits<double>::lowest();
    return one.order.value_or(least) < other.order.value_or(least);
  }
  return one.text < other.text;
}

}  // namespace

std::vector<Table::Group> Table::take_groups() {
  std::vector<Group> groups;
  for (Row& row : rows_) {
    if (!row.belongs || groups.empty()) groups.emplace_back();
    groups.back().push_back(std::move(row));
  }
  rows_.clear();
  return groups;
}

void Table::set_groups(std::vector<Group> groups) {
  for (Group& group : groups) {
    for (Row& row : group) rows_.push_back(std::move(row));
  }
}

void Table::sort(const Order& order) {
  if (order.column == 0 || order.column > columns_.size()) return;
  const std::size_t at = order.column - 1;
  auto groups = take_groups();
  std::ranges::stable_sort(groups, [&](const Group& one, const Group& other) {
    const Cell &left = one.front().cells[at], &right = other.front().cells[at];
    return order.descending ? is_less(right, left) : is_less(left, right);
  });
  set_groups(std::move(groups));
}

void Table::keep_matching(const std::string& text) {
  if (text.empty()) return;
  const std::string wanted = lower(text);
  const auto matches = [&](const Group& group) {
    return std::ranges::any_of(group, [&](const Row& row) {
      return std::ranges::any_of(
          row.cells, [&](const Cell& cell) { return lower(cell.text).find(wanted) != std::string::npos; });
    });
  };
  auto groups = take_groups();
  std::erase_if(groups, [&](const Group& group) { return !matches(group); });
  set_groups(std::move(groups));
}

void Table::put_first(const std::vector<std::string>& ids) {
  auto groups = take_groups();
  std::ranges::stable_partition(groups, [&](const Group& group) {
    return std::ranges::any_of(group,
                               [&](const Row& row) { return std::ranges::find(ids, row.id) != ids.end(); });
  });
  set_groups(std::move(groups));
}

/// left_out: the column is not shown.
std::vector<std::size_t> Table::widths(std::size_t columns, const std::vector<std::string>& titles) const {
  std::vector<std::size_t> natural, wide;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t most = std::max<std::size_t>(columns_of(titles[i]), 1);
    for (const Row& row : rows_) most = std::max(most, columns_of(row.cells[i].text));
    natural.push_back(most);
    wide.push_back(columns_[i].grows ? std::min(most, growing_min) : most);
  }
  const auto total = [&] {
    std::size_t sum = 0;
    for (const std::size_t width : wide) sum += width == left_out ? 0 : width + gap;
    return sum == 0 ? 0 : sum - gap;
  };
  while (total() > columns) {
    std::optional<std::size_t> least;
    for (std::size_t i = 0; i < wide.size(); ++i) {
      if (wide[i] != left_out && (!least || columns_[i].worth < columns_[*least].worth)) least = i;
    }
    const auto shown = std::ranges::count_if(wide, [](std::size_t width) { return width != left_out; });
    if (!least || shown == 1) break;
    wide[*least] = left_out;
  }
  for (std::size_t i = 0; i < wide.size(); ++i) {
    if (!columns_[i].grows || wide[i] == left_out || total() >= columns) continue;
    wide[i] = std::min(natural[i], wide[i] + columns - total());
  }
  return wide;
}

std::vector<Line> Table::lines(std::size_t columns, const std::string& selected, const Order& order) const {
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const bool sorted = order.column == i + 1;
    titles.push_back(columns_[i].title + (!sorted ? "" : order.descending ? "-" : "+"));
  }
  const auto wide = widths(columns, titles);
  std::vector<Line> lines;
  const auto add = [&](Line line, const auto& cell_of) {
    bool first = true;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (wide[i] == left_out) continue;
      if (!std::exchange(first, false)) line.add(std::string(gap, ' '));
      const Cell cell = cell_of(i);
      line.add(padded(cell.text, wide[i], columns_[i].right), cell.style);
    }
    lines.push_back(cut(std::move(line), columns));
  };
  Line heading;
  heading.heading = true;
  add(std::move(heading), [&](std::size_t i) { return Cell{titles[i], Style::dim}; });
  for (const Row& row : rows_) {
    Line line;
    line.selected = !row.id.empty() && row.id == selected;
    add(std::move(line), [&](std::size_t i) { return row.cells[i]; });
  }
  return lines;
}

}  // namespace weir::top
