#include "top/pages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <ranges>
#include <utility>

#include "top/figures.hpp"

namespace weir::top {
namespace {

namespace json = boost::json;

constexpr std::size_t problems_shown_max = 6, events_shown_max = 8;

struct Entry {
  std::string name;
  const json::object* value;
};

/// Members of a map, in the order of the configuration.
std::vector<Entry> entries(const json::object& from, std::string_view kind) {
  std::vector<Entry> all;
  for (const auto& [name, value] : object_at(from, kind)) {
    if (value.is_object()) all.push_back({std::string(name), &value.get_object()});
  }
  std::ranges::stable_sort(all, {}, [](const Entry& entry) { return number_at(*entry.value, "place"); });
  return all;
}

std::vector<const json::object*> objects(const json::object& from, std::string_view key) {
  std::vector<const json::object*> all;
  const json::value* const list = from.if_contains(key);
  if (list == nullptr || !list->is_array()) return all;
  for (const json::value& one : list->get_array()) {
    if (one.is_object()) all.push_back(&one.get_object());
  }
  return all;
}

std::string spaced(std::string text) {
  std::ranges::replace(text, '_', ' ');
  return clean(text);
}

Cell number(std::string text, std::optional<double> order, Style style = Style::plain) {
  return {std::move(text), style, order.value_or(-1)};
}
Cell rate(std::optional<double> value) {
  return number(rate_text(value), value);
}
Cell failures(std::optional<double> value) {
  return number(rate_text(value), value, value.value_or(0) > 0 ? Style::bad : Style::plain);
}
Cell milliseconds(std::optional<double> value) {
  return number(milliseconds_text(value), value);
}
Cell count(std::optional<double> value) {
  return number(count_text(value), value);
}
Cell plain(std::string_view text, Style style = Style::plain) {
  return {clean(text), style};
}

Style severity_style(std::string_view severity) {
  if (severity == "bad" || severity == "error") return Style::bad;
  if (severity == "warn") return Style::warn;
  return Style::dim;
}

Line heading(std::string_view text) {
  Line line;
  line.heading = true;
  return line.add(text, Style::strong);
}

void add_problems(std::vector<Line>& lines, const Canvas& canvas) {
  const auto problems = objects(canvas.model.view(), "problems");
  if (problems.empty()) {
    lines.push_back(Line().add("No problems.", Style::good));
    return;
  }
  const bool all = canvas.rows == 0 || problems.size() <= problems_shown_max;
  const std::size_t shown = all ? problems.size() : problems_shown_max - 1;
  for (const json::object* const problem : problems | std::views::take(shown)) {
    const std::string severity = text_at(*problem, "severity");
    const std::string_view word = severity == "bad" ? "error  " : severity == "warn" ? "warning" : "note   ";
    lines.push_back(Line().add(word, severity_style(severity)).add("  " + clean(text_at(*problem, "text"))));
  }
  if (shown < problems.size())
    lines.push_back(Line().add(fmt::format("... and {} more", problems.size() - shown), Style::dim));
}

void add_sparklines(std::vector<Line>& lines, const Canvas& canvas) {
  constexpr std::size_t label = 13, figure = 9;
  const std::size_t wide = std::min<std::size_t>(
      canvas.columns > label + figure ? canvas.columns - label - figure : 0, Model::history_seconds);
  const auto add = [&](std::string_view name, const Points& points, const std::string& now, Style style) {
    lines.push_back(Line()
                        .add(padded(name, label))
                        .add(sparkline(points, wide, canvas.unicode), style)
                        .add(" " + now, Style::strong));
  };
  const json::object& traffic = object_at(canvas.model.view(), "traffic");
  const History& all = canvas.model.all();
  add("requests/s", all.requests, rate_text(number_at(traffic, "rps")), Style::good);
  add("failed/s", all.failed, rate_text(number_at(traffic, "failed_ps")), Style::bad);
  add("p95", all.p95_ms, milliseconds_text(number_at(traffic, "p95_ms")), Style::plain);
}

/// healthy, ejected, ...: as it is, with its style.
Cell state_cell(const json::object& endpoint) {
  const std::string state = text_at(endpoint, "state");
  const bool is_on_purpose = state == "drain" || state == "disabled";
  const bool is_pending = state == "half_open" || state == "check_pending";
  const Style style = state == "healthy" ? Style::good
                      : is_on_purpose    ? Style::dim
                      : is_pending       ? Style::warn
                                         : Style::bad;
  return {spaced(state), style};
}

std::string why(const json::object& endpoint) {
  const json::object& out = object_at(endpoint, "taken_out");
  if (!out.empty()) {
    const std::string reason = text_at(out, "reason");
    return "by " + text_at(out, "who") + (reason.empty() ? "" : ": " + reason);
  }
  if (text_at(endpoint, "state") == "healthy") return text_at(endpoint, "kept");
  const std::string until = text_at(endpoint, "until");
  return text_at(endpoint, "why") + (until.empty() ? "" : ", tried again " + clock_text(until));
}

Cell weight_cell(const json::object& endpoint) {
  const double weight = number_at(endpoint, "weight").value_or(0);
  const double effective = number_at(endpoint, "effective_weight").value_or(weight);
  return number(
      effective == weight ? fmt::format("{:g}", weight) : fmt::format("{:g}>{:.1f}", weight, effective),
      effective);
}

std::string used_text(const json::object& upstream) {
  std::size_t used = 0;
  const auto endpoints = entries(upstream, "endpoints");
  for (const Entry& endpoint : endpoints) used += text_at(*endpoint.value, "state") == "healthy" ? 1 : 0;
  return fmt::format("{} of {}", used, endpoints.size());
}

Cell upstream_state(const json::object& upstream) {
  const auto endpoints = entries(upstream, "endpoints");
  const auto used = std::ranges::count_if(
      endpoints, [](const Entry& endpoint) { return text_at(*endpoint.value, "state") == "healthy"; });
  const bool is_whole = static_cast<std::size_t>(used) == endpoints.size();
  if (is_set(upstream, "panic")) return {"panic", Style::bad};
  return {used_text(upstream), used == 0 ? Style::bad : is_whole ? Style::good : Style::warn};
}

Line event_line(const json::object& event) {
  Line line;
  line.add(padded(clock_text(text_at(event, "ts")), 10), Style::dim);
  line.add(clean(text_at(event, "text")), severity_style(text_at(event, "level")) == Style::dim
                                              ? Style::plain
                                              : severity_style(text_at(event, "level")));
  return line;
}

Table overview_table(const Canvas& canvas) {
  Table table({{.title = "UPSTREAM", .worth = 100},
               {.title = "IN USE", .worth = 90},
               {.title = "REQ/S", .right = true, .worth = 80},
               {.title = "FAILED/S", .right = true, .worth = 85},
               {.title = "P95", .right = true, .worth = 70},
               {.title = "LAST MINUTE", .worth = 20}});
  constexpr std::size_t minute = 60;
  for (const Entry& upstream : entries(canvas.model.view(), "upstreams")) {
    const json::object& now = *upstream.value;
    const History* const history = canvas.model.upstream(upstream.name);
    const std::string line = history == nullptr ? "" : sparkline(history->requests, minute, canvas.unicode);
    table.add({.id = "upstream:" + upstream.name,
               .cells = {plain(upstream.name),
                         upstream_state(now),
                         rate(number_at(now, "rps")),
                         failures(number_at(now, "failed_ps")),
                         milliseconds(number_at(now, "p95_ms")),
                         {line, Style::good}}});
  }
  return table;
}

/// Of a route's split; empty: it has none.
std::vector<const json::object*> targets_of(const Canvas& canvas, const std::string& route) {
  return objects(object_at(object_at(canvas.model.view(), "splits"), route), "targets");
}

/// `paused, 3 of 1,024 wait`; empty: it is not.
std::string pause_text(const json::object& route) {
  const json::object& pause = object_at(route, "pause");
  if (pause.empty()) return {};
  return fmt::format("paused, {} of {} wait", count_text(number_at(pause, "waiting")),
                     count_text(number_at(pause, "queue")));
}

std::string destination(const json::object& route, bool has_split) {
  if (std::string pause = pause_text(route); !pause.empty()) return pause;
  const json::value* const upstreams = route.if_contains("upstreams");
  if (has_split || upstreams == nullptr || !upstreams->is_array() || upstreams->get_array().empty())
    return text_at(route, "action");
  const json::value& first = upstreams->get_array().front();
  return first.is_string() ? std::string(first.get_string()) : std::string();
}

void add_target(Table& table, const Canvas& canvas, const std::string& route, const json::object& target) {
  const std::string name = text_at(target, "upstream");
  const double share = number_at(target, "share").value_or(0);
  constexpr std::size_t bar_columns = 10;
  table.add({.id = "target:" + route + "/" + name,
             .cells = {{"  " + bar(share, bar_columns, canvas.unicode), Style::dim},
                       plain(name),
                       number(percent_text(share), share),
                       plain(""),
                       plain(""),
                       plain(""),
                       plain("")},
             .belongs = true});
}

/// One of a rollout's sides, as a line of its table.
void add_side(Table& table, const std::string& name, const json::object& side) {
  const auto requests = number_at(side, "requests"), failed = number_at(side, "failed");
  const double share = requests.value_or(0) > 0 ? failed.value_or(0) / *requests : 0;
  table.add({.id = "",
             .cells = {plain(name), count(requests), count(failed), number(percent_text(share), share),
                       milliseconds(number_at(side, "p95_ms"))}});
}

Line steps_line(const json::object& rollout) {
  Line line;
  const auto step = static_cast<std::size_t>(number_at(rollout, "step").value_or(0));
  const json::value* const steps = rollout.if_contains("steps");
  if (steps == nullptr || !steps->is_array()) return line;
  const bool is_finished = text_at(rollout, "state") == "finished";
  std::size_t at = 0;
  for (const json::value& one : steps->get_array()) {
    ++at;
    const std::string text = one.is_number() ? fmt::format("{:g} %", one.to_number<double>()) : "";
    const Style style = is_finished || at < step ? Style::good : at == step ? Style::strong : Style::dim;
    line.add(at == 1 ? "" : " > ", Style::dim)
        .add(at == step && !is_finished ? "[" + text + "]" : text, style);
  }
  return line;
}

void add_evidence(std::vector<Line>& lines, const json::object& rollout, const Canvas& canvas) {
  const json::object& evidence = object_at(rollout, "evidence");
  const double limit = number_at(evidence, "limit").value_or(100);
  constexpr std::size_t bar_columns = 30;
  for (const auto& [family, value] : evidence) {
    if (family == "limit" || family == "suspicion" || !value.is_number()) continue;
    const double now = value.to_number<double>();
    const double share = now > 1 && limit > 1 ? std::log(now) / std::log(limit) : 0;
    const Style style = share >= 1 ? Style::bad : share >= 0.5 ? Style::warn : Style::good;
    lines.push_back(
        Line()
            .add("  worse " + padded(spaced(std::string(family)), 14))
            .add(bar(share, bar_columns, canvas.unicode), style)
            .add(fmt::format(" {} of {}", now < 0.1 ? "<0.1" : rate_text(now), rate_text(limit))));
  }
}

void add_rollout(Body& body, const Entry& entry, const Canvas& canvas) {
  const json::object& rollout = *entry.value;
  const std::string state = text_at(rollout, "state");
  const Style style = state == "rolled_back" ? Style::bad : state == "held" ? Style::warn : Style::good;
  body.lines.push_back(
      heading(clean(entry.name)).add("  ").add(state.empty() ? "not begun" : spaced(state), style));
  body.lines.push_back(Line().add("  ").add(
      fmt::format("{} at {:g} % against {}; ", clean(text_at(rollout, "canary")),
                  number_at(rollout, "weight_percent").value_or(0), clean(text_at(rollout, "comparison")))));
  for (Span& span : steps_line(rollout).spans) body.lines.back().spans.push_back(std::move(span));
  Table sides({{.title = "  SIDE", .worth = 100},
               {.title = "REQUESTS", .right = true, .worth = 50},
               {.title = "FAILED", .right = true, .worth = 60},
               {.title = "SHARE", .right = true, .worth = 90},
               {.title = "P95", .right = true, .worth = 70}});
  const json::object& both = object_at(rollout, "sides");
  if (!both.empty()) {
    add_side(sides, "  " + text_at(rollout, "canary") + " (canary)", object_at(both, "canary"));
    add_side(sides, "  " + text_at(rollout, "comparison"), object_at(both, "comparison"));
    for (Line& line : sides.lines(canvas.columns, {}, {})) body.lines.push_back(std::move(line));
  }
  add_evidence(body.lines, rollout, canvas);
  const auto done = objects(rollout, "done");
  if (!done.empty()) body.lines.push_back(Line().add("  " + clean(text_at(*done.back(), "sentence"))));
  body.lines.emplace_back();
}

Body empty_page(std::string_view text) {
  return {.lines = {Line().add(text, Style::dim)}, .ids = {}, .selected = {}};
}

}  // namespace

Body body_of(Table table, const Canvas& canvas) {
  const State& state = canvas.state;
  table.keep_matching(state.filter);
  table.sort(state.order);
  table.put_first(state.pinned);
  Body body;
  for (const Row& row : table.rows()) {
    if (!row.id.empty()) body.ids.push_back(row.id);
  }
  const bool is_there = std::ranges::find(body.ids, state.selected) != body.ids.end();
  body.selected = is_there ? state.selected : body.ids.empty() ? std::string() : body.ids.front();
  body.lines = table.lines(canvas.columns, body.selected, state.order);
  return body;
}

Body overview_page(const Canvas& canvas) {
  Body body = body_of(overview_table(canvas), canvas);
  std::vector<Line> lines;
  add_problems(lines, canvas);
  lines.emplace_back();
  add_sparklines(lines, canvas);
  lines.emplace_back();
  for (Line& line : body.lines) lines.push_back(std::move(line));
  if (!canvas.model.events().empty()) {
    lines.emplace_back();
    lines.push_back(heading("EVENTS"));
    for (const json::object& event : canvas.model.events() | std::views::take(events_shown_max))
      lines.push_back(event_line(event));
  }
  for (Line& line : lines) line = cut(std::move(line), canvas.columns);
  body.lines = std::move(lines);
  return body;
}

Body upstreams_page(const Canvas& canvas) {
  Table table({{.title = "ENDPOINT", .worth = 100},
               {.title = "STATE", .worth = 95},
               {.title = "WEIGHT", .right = true, .worth = 40},
               {.title = "REQ/S", .right = true, .worth = 80},
               {.title = "FAILED/S", .right = true, .worth = 85},
               {.title = "P95", .right = true, .worth = 60},
               {.title = "IN FLIGHT", .right = true, .worth = 50},
               {.title = "WHY", .worth = 75, .grows = true}});
  for (const Entry& upstream : entries(canvas.model.view(), "upstreams")) {
    const json::object& now = *upstream.value;
    table.add(
        {.id = "upstream:" + upstream.name,
         .cells = {{clean(upstream.name), Style::strong},
                   upstream_state(now),
                   plain(""),
                   rate(number_at(now, "rps")),
                   failures(number_at(now, "failed_ps")),
                   milliseconds(number_at(now, "p95_ms")),
                   plain(""),
                   plain(spaced(text_at(now, "balance")) + ", " + text_at(now, "protocol"), Style::dim)}});
    for (const Entry& endpoint : entries(now, "endpoints")) {
      const json::object& one = *endpoint.value;
      table.add({.id = "endpoint:" + upstream.name + "/" + endpoint.name,
                 .cells = {plain("  " + endpoint.name), state_cell(one), weight_cell(one),
                           rate(number_at(one, "rps")), failures(number_at(one, "failed_ps")),
                           milliseconds(number_at(one, "p95_ms")), count(number_at(one, "in_flight")),
                           plain(why(one))},
                 .belongs = true});
    }
  }
  return body_of(std::move(table), canvas);
}

Body routes_page(const Canvas& canvas) {
  Table table({{.title = "ROUTE", .worth = 100},
               {.title = "TO", .worth = 90, .grows = true},
               {.title = "SHARE", .right = true, .worth = 88},
               {.title = "REQ/S", .right = true, .worth = 80},
               {.title = "4XX/S", .right = true, .worth = 50},
               {.title = "FAILED/S", .right = true, .worth = 85},
               {.title = "P95", .right = true, .worth = 70}});
  for (const Entry& route : entries(canvas.model.view(), "routes")) {
    const json::object& now = *route.value;
    const auto targets = targets_of(canvas, route.name);
    table.add({.id = "route:" + route.name,
               .cells = {{clean(route.name), Style::strong},
                         plain(destination(now, !targets.empty())),
                         plain(""),
                         rate(number_at(now, "rps")),
                         rate(number_at(now, "client_errors_ps")),
                         failures(number_at(now, "failed_ps")),
                         milliseconds(number_at(now, "p95_ms"))}});
    for (const json::object* const target : targets) add_target(table, canvas, route.name, *target);
  }
  return body_of(std::move(table), canvas);
}

Body rollouts_page(const Canvas& canvas) {
  Body body;
  for (const Entry& rollout : entries(canvas.model.view(), "rollouts")) add_rollout(body, rollout, canvas);
  if (body.lines.empty()) return empty_page("No route has a rollout.");
  for (Line& line : body.lines) line = cut(std::move(line), canvas.columns);
  return body;
}

Body limits_page(const Canvas& canvas) {
  Table table({{.title = "LIMIT", .worth = 100},
               {.title = "MODE", .worth = 60},
               {.title = "REFUSED/S", .right = true, .worth = 90},
               {.title = "WOULD/S", .right = true, .worth = 70},
               {.title = "REFUSED", .right = true, .worth = 50},
               {.title = "KEYS", .right = true, .worth = 80}});
  for (const Entry& limit : entries(canvas.model.view(), "limits")) {
    const json::object& now = *limit.value;
    table.add({.id = "limit:" + limit.name,
               .cells = {plain(limit.name), plain(text_at(now, "mode")),
                         failures(number_at(now, "refused_ps")), rate(number_at(now, "shadow_ps")),
                         count(number_at(now, "refused")), count(number_at(now, "keys"))}});
  }
  if (table.rows().empty()) return empty_page("The configuration has no rate limits.");
  return body_of(std::move(table), canvas);
}

Body events_page(const Canvas& canvas) {
  Body body;
  for (const json::object& event : canvas.model.events()) {
    Line line = event_line(event);
    if (text_of(line).find(canvas.state.filter) == std::string::npos) continue;
    body.lines.push_back(cut(std::move(line), canvas.columns));
  }
  return body.lines.empty() ? empty_page("No events.") : body;
}

Body workers_page(const Canvas& canvas) {
  const auto workers = objects(canvas.model.view(), "workers");
  double most = 0;
  for (const json::object* const worker : workers)
    most = std::max(most, number_at(*worker, "rps").value_or(0));
  Table table({{.title = "WORKER", .right = true, .worth = 100},
               {.title = "REQ/S", .right = true, .worth = 90},
               {.title = "REQUESTS", .right = true, .worth = 60},
               {.title = "CONNECTIONS", .right = true, .worth = 80},
               {.title = "OF THE BUSIEST", .worth = 50}});
  constexpr std::size_t bar_columns = 30;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    const auto rps = number_at(*workers[i], "rps");
    table.add(
        {.id = "worker:" + std::to_string(i),
         .cells = {number(std::to_string(i), static_cast<double>(i)),
                   rate(rps),
                   count(number_at(*workers[i], "requests")),
                   count(number_at(*workers[i], "connections")),
                   {bar(most > 0 ? rps.value_or(0) / most : 0, bar_columns, canvas.unicode), Style::good}}});
  }
  return body_of(std::move(table), canvas);
}

Body help_page(const Canvas&) {
  static constexpr std::pair<std::string_view, std::string_view> keys[] = {
      {"1 .. 7, Tab", "pages"},
      {"up, down, PgUp, PgDn, Home, End", "rows"},
      {"F3 or /", "filter; Enter keeps it, Esc takes it off"},
      {"F6 or s", "sort by the next column; S: the other way round"},
      {"Space", "pin the row to the top, or let it go"},
      {"F9 or e", "put the endpoint back into use"},
      {"F10 or d", "drain the endpoint"},
      {"+ and -", "on a target of a split, page 3: five points more or less"},
      {"p", "pause: the screen stands still"},
      {"F1, h or ?", "this page"},
      {"q", "leave"},
  };
  Body body;
  for (const auto& [key, what] : keys)
    body.lines.push_back(Line().add(padded(key, 34), Style::strong).add(what));
  body.lines.emplace_back();
  body.lines.push_back(
      Line().add("What changes something asks for a reason first; Enter does it, Esc does not."));
  return body;
}

}  // namespace weir::top
