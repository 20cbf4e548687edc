#include "top/view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "top/figures.hpp"
#include "top/pages.hpp"

namespace weir::top {
namespace {

constexpr std::size_t rows_above = 3, rows_below = 1;

/// `weir 0.1.0 ready  up 3h 12m  generation 7  4 workers`, and how old it is.
Line title_line(const Model& model, const Link& link, std::size_t columns) {
  const boost::json::object& view = model.view();
  const boost::json::object& process = object_at(view, "process");
  Line line;
  line.add("weir " + clean(text_at(process, "version")), Style::strong);
  const std::string state = text_at(process, "state");
  line.add(" " + clean(state), state == "ready" ? Style::good : Style::warn);
  if (const auto up = seconds_between(text_at(process, "started"), text_at(view, "at")))
    line.add("  up " + duration_text(*up));
  line.add("  generation " + count_text(number_at(object_at(view, "config"), "generation")));
  line.add("  workers " + count_text(number_at(process, "workers")));
  line.add("  in flight " + count_text(number_at(object_at(view, "traffic"), "in_flight")));
  if (link.is_live) return cut(std::move(line), columns);
  const std::string age = fmt::format("{} OLD: {}", duration_text(link.age_seconds), clean(link.problem));
  Line stale;
  stale.add(age + "  ", Style::bad);
  for (Span& span : line.spans) stale.add(span.text, Style::dim);
  return cut(std::move(stale), columns);
}

Line pages_line(const State& state, std::size_t columns) {
  Line line;
  for (std::size_t i = 0; i < page_names.size(); ++i) {
    const bool is_shown = !state.shows_help && static_cast<std::size_t>(state.page) == i;
    if (i > 0) line.add(" ");
    line.add(fmt::format("{}{}{}", i + 1, is_shown ? "*" : " ", page_names[i]),
             is_shown ? Style::strong : Style::dim);
  }
  if (!state.filter.empty()) line.add("  /" + clean(state.filter), Style::warn);
  if (state.is_paused) line.add("  paused", Style::warn);
  return cut(std::move(line), columns);
}

Line last_line(const State& state, std::size_t columns) {
  if (state.prompt) {
    const std::string asked = question(*state.prompt);
    return cut(Line().add(clean(asked), Style::strong).add(clean(state.prompt->text)).add("_", Style::dim),
               columns);
  }
  if (!state.notice.empty()) return cut(Line().add(clean(state.notice), state.notice_style), columns);
  constexpr std::string_view keys =
      "q leave  ? keys  Tab page  / filter  s sort  Space pin  d drain  e enable  +/- weight  p pause";
  return cut(Line().add(keys, Style::dim), columns);
}

Body body_of_page(const Canvas& canvas) {
  if (canvas.state.shows_help) return help_page(canvas);
  switch (canvas.state.page) {
    case Page::overview:
      return overview_page(canvas);
    case Page::upstreams:
      return upstreams_page(canvas);
    case Page::routes:
      return routes_page(canvas);
    case Page::rollouts:
      return rollouts_page(canvas);
    case Page::limits:
      return limits_page(canvas);
    case Page::events:
      return events_page(canvas);
    case Page::workers:
      return workers_page(canvas);
  }
  return {};
}

/// The scroll at which the selected line is on the screen, as near to `wanted` as it goes.
std::size_t scroll_for(const std::vector<Line>& lines, std::size_t wanted, std::size_t rows) {
  const std::size_t most = lines.size() > rows ? lines.size() - rows : 0;
  std::size_t scroll = std::min(wanted, most);
  const auto selected = std::ranges::find(lines, true, &Line::selected);
  if (selected == lines.end()) return scroll;
  const auto at = static_cast<std::size_t>(selected - lines.begin());
  if (at < scroll) scroll = at;
  if (at >= scroll + rows) scroll = at + 1 - rows;
  return at < rows && wanted == 0 ? 0 : scroll;
}

}  // namespace

Screen render(const Model& model, const State& state, const Link& link, Size size, bool unicode) {
  const std::size_t frame = rows_above + rows_below;
  const std::size_t body_rows = size.rows == 0 ? 0 : size.rows > frame ? size.rows - frame : 1;
  Screen screen;
  screen.body_rows = body_rows;
  if (!model.has_view()) {
    screen.lines.push_back(cut(Line().add("weir top: ").add(clean(link.problem), Style::warn), size.columns));
    screen.lines.resize(std::max<std::size_t>(size.rows, 1));
    return screen;
  }
  Body body = body_of_page({model, state, size.columns, body_rows, unicode});
  screen.lines.push_back(title_line(model, link, size.columns));
  screen.ids = std::move(body.ids);
  screen.selected = std::move(body.selected);
  if (size.rows == 0) {
    screen.lines.emplace_back();
    for (Line& line : body.lines) screen.lines.push_back(std::move(line));
    return screen;
  }
  screen.lines.push_back(pages_line(state, size.columns));
  screen.lines.emplace_back();
  screen.scroll = scroll_for(body.lines, state.scroll, body_rows);
  for (std::size_t i = 0; i < body_rows; ++i) {
    const std::size_t at = screen.scroll + i;
    screen.lines.push_back(at < body.lines.size() ? std::move(body.lines[at]) : Line());
  }
  screen.lines.push_back(last_line(state, size.columns));
  screen.lines.resize(size.rows);
  return screen;
}

}  // namespace weir::top
