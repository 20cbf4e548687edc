#include "cli/pause_client.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cmath>
#include <exception>
#include <ostream>
#include <utility>

#include "admin/endpoint_request.hpp"
#include "cli/drain_wait.hpp"
#include "cli/terminal_text.hpp"
#include "core/units.hpp"
#include "upstream/operator_state.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

std::string path_of(const std::string& route) {
  return "/api/v1/routes/" + encoded(route) + "/pause";
}

std::string text(const json::object& object, std::string_view key) {
  return std::string(object.at(key).as_string());
}
std::uint64_t number(const json::object& object, std::string_view key) {
  return object.at(key).to_number<std::uint64_t>();
}

std::string line_of(const json::object& pause) {
  const std::string route = text(pause, "route");
  if (text(pause, "state") != "paused") {
    const std::uint64_t waiting = number(pause, "waiting");
    return waiting == 0 ? route + ": not paused"
                        : fmt::format("{}: not paused, {} requests leave", route, waiting);
  }
  const double left = pause.at("seconds_left").to_number<double>();
  std::string line =
      fmt::format("{}: paused, {} of at most {} requests wait, goes on in {:.0f} s; by {}", route,
                  number(pause, "waiting"), number(pause, "queue"), std::ceil(left), text(pause, "who"));
  const std::string reason = text(pause, "reason");
  return reason.empty() ? line : line + ": " + reason;
}

/// What the admin address says of the route.
struct Seen {
  std::string body;
  json::object pause;
};

std::optional<Seen> read_pause(std::string body) {
  boost::system::error_code error;
  json::value value = json::parse(body, error);
  if (error || !value.is_object() || !pause_line(value.get_object())) return std::nullopt;
  return Seen{std::move(body), std::move(value.get_object())};
}

void print(const Seen& seen, bool as_json, std::ostream& out) {
  if (as_json) {
    out << seen.body << '\n';
    return;
  }
  out << *pause_line(seen.pause) << '\n';
  const json::value* const running = seen.pause.if_contains("running");
  if (text(seen.pause, "state") == "paused" && running != nullptr)
    out << running->to_number<std::uint64_t>() << " requests that came before still run\n";
}

ClientOutcome put(const AdminTarget& target, const std::string& route, const json::object& body,
                  std::optional<Seen>& seen, std::ostream& err) {
  Asked asked = ask_admin(target, "PUT", path_of(route), err, client_timeout, json::serialize(body));
  if (asked.outcome != ClientOutcome::done) return asked.outcome;
  seen = read_pause(std::move(asked.body));
  return seen ? ClientOutcome::done : not_weir(target, err);
}

/// Until no request runs that came before the pause: as a drain waits, of a route instead of an endpoint.
ClientOutcome wait_for_running(const AdminTarget& target, const PauseSetting& setting,
                               std::optional<Seen>& seen, std::ostream& err) {
  const TimePoint start = Clock::now();
  DrainWait waiting(setting.timeout);
  for (;;) {
    const auto elapsed = std::chrono::duration_cast<Milliseconds>(Clock::now() - start);
    const bool paused = text(seen->pause, "state") == "paused";
    const std::uint64_t running = number(seen->pause, "running");
    const DrainWait::Step step = waiting.saw(
        upstream::name_of(paused ? upstream::OperatorState::drain : upstream::OperatorState::active), running,
        elapsed);
    if (!step.progress.empty()) err << "waiting for " << setting.route << ": " << step.progress << std::endl;
    if (step.next == DrainWait::Next::drained) return ClientOutcome::done;
    if (step.next == DrainWait::Next::taken_back) {
      err << "weir: " << setting.route << ": the pause ended meanwhile, with " << running
          << " requests running that came before it\n";
      return ClientOutcome::refused;
    }
    if (step.next == DrainWait::Next::timed_out) {
      err << "weir: " << setting.route << ": " << running << " requests that came before still run after "
          << format_duration(setting.timeout) << "; the route stays paused\n";
      return ClientOutcome::refused;
    }
    wait_for(step.pause);
    Asked asked = ask_admin(target, "GET", path_of(setting.route), err);
    if (asked.outcome != ClientOutcome::done) return asked.outcome;
    seen = read_pause(std::move(asked.body));
    if (!seen) return not_weir(target, err);
  }
}

}  // namespace

std::optional<std::string> pause_line(const json::object& pause) {
  try {
    return terminal_text(line_of(pause));
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

ClientOutcome pause_route(const AdminTarget& target, const PauseSetting& setting, bool as_json,
                          std::ostream& out, std::ostream& err) {
  json::object body{{"state", "paused"}, {"who", who_asks()}};
  if (!setting.max.empty()) body["max"] = setting.max;
  if (setting.queue != 0) body["queue"] = setting.queue;
  if (!setting.reason.empty()) body["reason"] = setting.reason;
  std::optional<Seen> seen;
  ClientOutcome outcome = put(target, setting.route, body, seen, err);
  if (outcome == ClientOutcome::done && setting.wait) outcome = wait_for_running(target, setting, seen, err);
  if (outcome == ClientOutcome::done) print(*seen, as_json, out);
  return outcome;
}

ClientOutcome resume_route(const AdminTarget& target, const std::string& route, const std::string& reason,
                           bool as_json, std::ostream& out, std::ostream& err) {
  json::object body{{"state", "resumed"}, {"who", who_asks()}};
  if (!reason.empty()) body["reason"] = reason;
  std::optional<Seen> seen;
  const ClientOutcome outcome = put(target, route, body, seen, err);
  if (outcome == ClientOutcome::done) print(*seen, as_json, out);
  return outcome;
}

}  // namespace weir::control
