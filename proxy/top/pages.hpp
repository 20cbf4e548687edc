// The pages, as the lines of their bodies. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "top/line.hpp"
#include "top/model.hpp"
#include "top/state.hpp"
#include "top/table.hpp"

namespace weir::top {

struct Body {
  std::vector<Line> lines;
  std::vector<std::string> ids;  // of the rows that can be selected, in the order of the lines
  std::string selected;          // what is, of these; empty: none
};

/// What all pages are drawn from. `rows`: what the screen has for the body, 0: no bound.
struct Canvas {
  const Model& model;
  const State& state;
  std::size_t columns, rows;
  bool unicode;
};

Body overview_page(const Canvas& canvas);
Body upstreams_page(const Canvas& canvas);
Body routes_page(const Canvas& canvas);
Body rollouts_page(const Canvas& canvas);
Body limits_page(const Canvas& canvas);
Body events_page(const Canvas& canvas);
Body workers_page(const Canvas& canvas);
Body help_page(const Canvas& canvas);

/// The table filtered, sorted and pinned as the state says.
Body body_of(Table table, const Canvas& canvas);

}  // namespace weir::top
