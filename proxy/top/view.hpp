// What is on the screen: lines for what the model holds, as the state asks for it. Pure; golden tests read it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "top/line.hpp"
#include "top/model.hpp"
#include "top/state.hpp"

namespace weir::top {

struct Screen {
  std::vector<Line> lines;
  std::vector<std::string> ids;  // that can be selected on this page, from top to bottom
  std::string selected;          // the one that is
  std::size_t scroll = 0;        // as far as it goes
  std::size_t body_rows = 0;
};

struct Size {
  std::size_t columns = 80;
  std::size_t rows = 24;  // 0: as many as there is to show, without the lines for keys
};

/// `unicode`: bars may be made of block characters.
Screen render(const Model& model, const State& state, const Link& link, Size size, bool unicode);

}  // namespace weir::top
