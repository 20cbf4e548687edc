// Columns of text that line up, for people at a terminal. Pure.
#pragma once

#include <string>
#include <vector>

namespace weir::control {

class TextTable {
 public:
  explicit TextTable(std::vector<std::string> head) { add(std::move(head)); }
  /// As many cells as the head has.
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  /// Lines without trailing spaces; control characters in cells are shown as escapes.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace weir::control
