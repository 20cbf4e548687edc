#include "cli/rollout_seen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <exception>

#include "cli/text_table.hpp"
#include "rollout/wording.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

// These throw when the member is missing or of another kind; their callers turn that into nothing.
std::string text(const json::value& object, std::string_view key) {
  return std::string(object.at(key).as_string());
}
double number(const json::value& object, std::string_view key) {
  return object.at(key).to_number<double>();
}
std::uint64_t count(const json::value& object, std::string_view key) {
  return object.at(key).to_number<std::uint64_t>();
}

std::string percent(double value) {
  return rollout::percent(static_cast<std::uint32_t>(std::lround(value * 100)));
}

std::string time_text(double seconds) {
  return rollout::how_long(Milliseconds(std::llround(seconds * 1'000)));
}

std::string held_by(const json::value& rollout) {
  std::string held;
  for (const json::value& why : rollout.at("held").as_array())
    held += (held.empty() ? "" : ", ") + std::string(why.as_string());
  return held;
}

bool is_started(const json::value& rollout) {
  return rollout.as_object().contains("id");
}

std::string steps(const json::value& rollout) {
  std::string shown;
  for (const json::value& step : rollout.at("steps").as_array())
    shown += (shown.empty() ? "" : ", ") + percent(step.to_number<double>());
  return shown;
}

/// `running`, `rolled back`, or `held (low_traffic)`.
std::string state(const json::value& rollout) {
  const std::string held = held_by(rollout);
  std::string name = text(rollout, "state");
  std::ranges::replace(name, '_', ' ');
  return held.empty() || name != "held" ? name : name + " (" + held + ")";
}

std::string evidence(const json::value& rollout) {
  std::string shown;
  for (const auto& [family, value] : rollout.at("evidence").as_object()) {
    if (family == "limit" || family == "suspicion") continue;
    const double rounded = std::min(value.to_number<double>(), 1e9);
    shown += fmt::format("{}{} {:.{}f}", shown.empty() ? "" : ", ", std::string_view(family), rounded,
                         rounded < 10 ? 1 : 0);
  }
  const double limit = number(rollout.at("evidence"), "limit");
  shown += fmt::format("; taken back at {:.0f}", limit);
  const std::uint64_t replicas = count(rollout, "replicas");
  if (replicas > 1)
    shown += fmt::format(" ({} replicas share a false_rollback of 1 of {:.0f})", replicas,
                         limit / static_cast<double>(replicas));
  return shown;
}

std::string where(const json::value& rollout) {
  const json::value& hold = rollout.at("hold");
  return fmt::format("{} has {}, step {} of {} ({}), {} of {} held", text(rollout, "canary"),
                     percent(number(rollout, "weight_percent")), count(rollout, "step"),
                     rollout.at("steps").as_array().size(), steps(rollout),
                     time_text(number(hold, "seconds")), time_text(number(hold, "of_seconds")));
}

/// `5 of 98 requests failed on green, 9 of 1,874 on blue`.
std::string failures(const json::value& rollout) {
  const json::value& canary = rollout.at("sides").at("canary");
  const json::value& other = rollout.at("sides").at("comparison");
  return fmt::format("{} of {} requests failed on {}, {} of {} on {}",
                     rollout::grouped(count(canary, "failed")), rollout::grouped(count(canary, "requests")),
                     text(rollout, "canary"), rollout::grouped(count(other, "failed")),
                     rollout::grouped(count(other, "requests")), text(rollout, "comparison"));
}

void add_side(TextTable& table, const json::value& rollout, std::string_view side, bool by_client) {
  const json::value& counted = rollout.at("sides").at(side);
  const std::uint64_t requests = count(counted, "requests"), failed = count(counted, "failed");
  const json::value* const p95 = counted.as_object().if_contains("p95_ms");
  std::vector<std::string> row{text(rollout, side), rollout::grouped(requests),
                               rollout::grouped(failed) + " (" + rollout::percent_of(failed, requests) + ")",
                               rollout::grouped(count(counted, "client_errors")),
                               p95 == nullptr ? "-" : fmt::format("{:.1f} ms", p95->to_number<double>())};
  if (by_client) row.insert(row.begin() + 2, rollout::grouped(count(counted, "clients")));
  table.add(std::move(row));
}

std::string table_of(const json::value& rollout) {
  const bool by_client = text(rollout, "unit") == "client";
  std::vector<std::string> head{"IN THIS STEP", "REQUESTS", "FAILED", "4XX", "P95"};
  if (by_client) head.insert(head.begin() + 2, "CLIENTS");
  TextTable table(std::move(head));
  add_side(table, rollout, "canary", by_client);
  add_side(table, rollout, "comparison", by_client);
  return table.text();
}

std::string started_by(const json::value& rollout) {
  std::string out = fmt::format("started {} by {}", text(rollout, "started"), text(rollout, "who"));
  if (!text(rollout, "reason").empty()) out += ": " + text(rollout, "reason");
  const std::uint64_t restarts = count(rollout, "restarts");
  if (restarts != 0)
    out += restarts == 1 ? "; begun again once" : fmt::format("; begun again {} times", restarts);
  return out + "\n";
}

std::string whole_text(const json::value& rollout) {
  const std::string route = text(rollout, "route");
  if (!is_started(rollout)) {
    return fmt::format("{}: no rollout was started; {} would go through {}, compared with {}\n", route,
                       text(rollout, "canary"), steps(rollout), text(rollout, "comparison"));
  }
  const std::string name = text(rollout, "state");
  std::string out = fmt::format("{}: {}", route, state(rollout));
  if (name == "running" || name == "held") {
    out += ", " + where(rollout) + "\n" + table_of(rollout);
    out += fmt::format("evidence that {} is worse: {}\n", text(rollout, "canary"), evidence(rollout));
    const double warmup = number(rollout, "warmup_seconds");
    if (warmup > 0)
      out += fmt::format("{} warms up: latency counts in {}\n", text(rollout, "canary"), time_text(warmup));
  } else {
    out += "\n";
  }
  out += started_by(rollout);
  for (const json::value& done : rollout.at("done").as_array())
    out += text(done, "at") + " " + text(done, "sentence") + "\n";
  return out;
}

template <class Read>
auto or_nothing(Read read) -> std::optional<decltype(read())> {
  try {
    return read();
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<RolloutSeen> read_rollout(std::string_view source) {
  return or_nothing([source] {
    const json::value rollout = json::parse(source);
    RolloutSeen seen;
    seen.route = text(rollout, "route");
    seen.state = text(rollout, "state");
    seen.held = held_by(rollout);
    if (!is_started(rollout)) return seen;
    seen.id = count(rollout, "id");
    for (const json::value& done : rollout.at("done").as_array())
      seen.done.push_back({count(done, "number"), text(done, "at"), text(done, "sentence")});
    seen.progress = state(rollout) + ": " + where(rollout) + "; " + failures(rollout) +
                    "; evidence: " + evidence(rollout);
    return seen;
  });
}

std::optional<std::string> rollout_text(const json::value& rollout) {
  return or_nothing([&rollout] { return whole_text(rollout); });
}

std::optional<std::string> rollout_line(const json::value& rollout) {
  return or_nothing([&rollout] {
    const std::string name = text(rollout, "state");
    const bool is_running = name == "running" || name == "held";
    const json::array& done = rollout.at("done").as_array();
    return "rollout   " + text(rollout, "route") + ": " + state(rollout) + ": " +
           (is_running     ? where(rollout)
            : done.empty() ? std::string()
                           : text(done.back(), "sentence")) +
           "\n";
  });
}

}  // namespace weir::control
