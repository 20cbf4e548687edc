// Tables that fit a terminal: columns as wide as they need, the least important ones left out where there is no room.
// Pure; any thread.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "top/line.hpp"

namespace weir::top {

struct Cell {
  std::string text;
  Style style = Style::plain;
  std::optional<double> order = std::nullopt;  // sorts by it, else by the text
};

struct Column {
  std::string title;
  bool right = false;   // numbers
  unsigned worth = 10;  // the column with the least one goes first
  bool grows = false;   // is cut where there is no room for all of it, before another column goes
};

struct Row {
  std::string id;  // of what can be selected and pinned; empty: neither
  std::vector<Cell> cells;
  bool belongs = false;  // to the row before it, wherever that is sorted to
};

struct Order {
  std::size_t column = 0;  // 1, 2, ... ; 0: as they come
  bool descending = true;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// As many cells as there are columns.
  void add(Row row) { rows_.push_back(std::move(row)); }

  const std::vector<Column>& columns() const { return columns_; }
  const std::vector<Row>& rows() const { return rows_; }
  /// Rows that belong together stay so.
  void sort(const Order& order);
  /// Only what contains `text` in some cell, upper or lower case, and what belongs to it.
  void keep_matching(const std::string& text);
  /// These first, in their order.
  void put_first(const std::vector<std::string>& ids);

  /// The heading, with the order marked, and a line for each row. `selected`: an id.
  std::vector<Line> lines(std::size_t columns, const std::string& selected, const Order& order) const;

 private:
  using Group = std::vector<Row>;
  std::vector<Group> take_groups();
  void set_groups(std::vector<Group> groups);
  std::vector<std::size_t> widths(std::size_t columns, const std::vector<std::string>& titles) const;

  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

}  // namespace weir::top
