#include "replay/report.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace weir::replay {
namespace {

namespace json = boost::json;

constexpr std::size_t label_width = 12;

double percent(double part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100 * part / static_cast<double>(whole);
}

void count_line(std::string& out, std::string_view label, std::uint64_t count, std::uint64_t whole,
                std::string_view note = {}) {
  out += fmt::format("  {:<{}} {:>10}  {:>8.4f} %{}{}\n", label, label_width, count,
                     percent(static_cast<double>(count), whole), note.empty() ? "" : "  ", note);
}

void append_examples(std::string& out, const std::vector<Example>& examples) {
  for (const Example& example : examples) {
    out += fmt::format("    line {}: {}  {}, client {}\n      old  {}\n      new  {}\n", example.line,
                       example.ts, example.request, example.client, example.old, example.now);
  }
}

void append_shifts(std::string& out, const Report& report) {
  if (report.shifts.empty()) return;
  out += fmt::format(
      "\nshares of splits: about {:.0f} requests ({:.4f} %) are expected to go to another upstream\n",
      report.moved, percent(report.moved, report.requests));
  for (const Shift& shift : report.shifts) {
    const std::string route =
        shift.old_route == shift.now_route ? shift.old_route : shift.old_route + " -> " + shift.now_route;
    out += fmt::format("  route {}, {} requests\n", route, shift.requests);
    for (const Shift::Side& side : shift.sides)
      out += fmt::format("    {:<{}} {:>7.3f} % -> {:>7.3f} %\n", side.upstream, label_width, 100 * side.old,
                         100 * side.now);
  }
}

void append_limits(std::string& out, const Report::Limits& limits) {
  if (!limits.any) return;
  out += fmt::format("\nrate limits: the log has {} refused requests, old refuses {}, new {}\n",
                     limits.logged, limits.old, limits.now);
  if (limits.skipped != 0)
    out += fmt::format("  {} requests took no token, because their route is not known\n", limits.skipped);
  if (limits.evictions != 0)
    out += fmt::format("  {} buckets were given up for want of room, and count as full\n", limits.evictions);
}

json::array examples_json(const std::vector<Example>& examples) {
  json::array list;
  for (const Example& example : examples) {
    list.push_back({{"line", example.line},
                    {"ts", example.ts},
                    {"request", example.request},
                    {"client_ip", example.client},
                    {"old", example.old},
                    {"new", example.now}});
  }
  return list;
}

json::array shifts_json(const std::vector<Shift>& shifts) {
  json::array list;
  for (const Shift& shift : shifts) {
    json::array sides;
    for (const Shift::Side& side : shift.sides)
      sides.push_back({{"upstream", side.upstream}, {"old", side.old}, {"new", side.now}});
    list.push_back({{"old_route", shift.old_route},
                    {"new_route", shift.now_route},
                    {"requests", shift.requests},
                    {"moved", shift.moved},
                    {"sides", std::move(sides)}});
  }
  return list;
}

}  // namespace

std::string_view to_string(Difference difference) {
  constexpr std::array<std::string_view, difference_count> names{
      "listener", "route", "access", "rate_limit", "answer", "upstream", "path"};
  return names[static_cast<std::size_t>(difference)];
}

std::string to_text(const Report& report, std::string_view log) {
  std::string out = fmt::format("replay of {}: {} lines, {} requests", log, report.lines, report.requests);
  if (report.requests != 0) out += fmt::format(", {} to {}", report.first_ts, report.last_ts);
  out += "\n";
  if (report.unreadable != 0)
    out += fmt::format("  {} lines cannot be read, the first is line {}: {}\n", report.unreadable,
                       report.first_unreadable, report.why_unreadable);
  count_line(out, "same", report.same, report.requests,
             report.early == 0 ? "" : fmt::format("{} of them ended before any rule", report.early));
  count_line(out, "different", report.different, report.requests);
  count_line(out, "unknown", report.unknown, report.requests);
  for (const auto& [missing, count] : report.unknown_for)
    out += fmt::format("    {} for want of: {}\n", count, missing);
  if (report.misfits != 0)
    out += fmt::format(
        "  {} requests took another route in the log than in old, the first is line {}: the log may be "
        "of another configuration\n",
        report.misfits, report.first_misfit);
  if (report.different != 0) out += "\nin what they differ\n";
  for (std::size_t i = 0; i < difference_count; ++i) {
    const Report::OfKind& kind = report.kinds[i];
    if (kind.requests == 0) continue;
    count_line(out, to_string(static_cast<Difference>(i)), kind.requests, report.requests);
    append_examples(out, kind.examples);
  }
  append_shifts(out, report);
  append_limits(out, report.limits);
  return out;
}

json::object to_json(const Report& report) {
  json::object kinds;
  for (std::size_t i = 0; i < difference_count; ++i) {
    const Report::OfKind& kind = report.kinds[i];
    kinds[to_string(static_cast<Difference>(i))] = {{"requests", kind.requests},
                                                    {"examples", examples_json(kind.examples)}};
  }
  json::object missing;
  for (const auto& [what, count] : report.unknown_for) missing[what] = count;
  json::object shown{{"lines", report.lines},
                     {"requests", report.requests},
                     {"unreadable", report.unreadable},
                     {"same", report.same},
                     {"different", report.different},
                     {"unknown", report.unknown},
                     {"early", report.early},
                     {"misfits", report.misfits},
                     {"kinds", std::move(kinds)},
                     {"unknown_for", std::move(missing)},
                     {"shifts", shifts_json(report.shifts)},
                     {"moved", report.moved}};
  if (report.unreadable != 0)
    shown["first_unreadable"] = {{"line", report.first_unreadable}, {"why", report.why_unreadable}};
  if (report.misfits != 0) shown["first_misfit"] = report.first_misfit;
  if (report.requests != 0) shown["from"] = report.first_ts;
  if (report.requests != 0) shown["to"] = report.last_ts;
  if (report.limits.any) {
    shown["rate_limits"] = {{"logged", report.limits.logged},
                            {"old", report.limits.old},
                            {"new", report.limits.now},
                            {"skipped", report.limits.skipped},
                            {"evictions", report.limits.evictions}};
  }
  return shown;
}

}  // namespace weir::replay
