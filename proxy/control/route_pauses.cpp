#include "control/route_pauses.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "admin/endpoint_request.hpp"
#include "admin/pause_report.hpp"
#include "core/units.hpp"
#include "observe/events.hpp"
#include "observe/log.hpp"
#include "server/worker.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

std::uint64_t get(const std::atomic<std::uint64_t>& count) {
  return count.load(std::memory_order_relaxed);
}

std::uint64_t gone(const route::PauseGate& gate) {
  return get(gate.counts.let_go) + get(gate.counts.timeout) + get(gate.counts.left);
}

std::string because(const std::string& reason) {
  return reason.empty() ? reason : ": " + reason;
}

void emit(std::string_view kind, config::LogLevel level, std::string text) {
  observe::Event event;
  event.kind = kind;
  event.level = level;
  event.text = std::move(text);
  observe::emit(std::move(event));
}

/// Of the route with that name; null where it is none, or does not proxy.
std::shared_ptr<route::PauseGate> gate_of(const server::Snapshot& snapshot, std::string_view route) {
  const auto found = std::ranges::find_if(
      *snapshot.routes, [route](const server::RouteRuntime& each) { return each.config->name == route; });
  return found == snapshot.routes->end() ? nullptr : found->pause;
}

RouteVerbOutcome no_gate(const server::Snapshot& snapshot, const std::string& route) {
  std::vector<std::string> names;
  for (const server::RouteRuntime& each : *snapshot.routes) {
    if (each.config->name == route)
      return refused_verb(409,
                          "route " + route + " answers by itself: no request of it could wait for anything");
    if (each.pause) names.push_back(each.config->name);
  }
  return refused_verb(404, "no route is named '" + route + "'; those that proxy are: " + listed(names));
}

}  // namespace

RoutePauses::RoutePauses(boost::asio::io_context& io, Serving& serving, AuditLog& audit)
    : serving_(serving), audit_(audit), timer_(io) {}

void RoutePauses::call(const RouteVerbCall& call, const Reply<RouteVerbOutcome>& reply) {
  const auto snapshot = serving_.snapshot();
  const auto gate = gate_of(*snapshot, call.route);
  if (!gate) return reply(no_gate(*snapshot, call.route));
  if (!call.write) return answer(call.route, gate, reply);
  auto parsed = parse_pause_request(call.body);
  if (auto* problems = std::get_if<Problems>(&parsed))
    return reply(refused_verb(422, "the route is neither paused nor resumed", std::move(*problems)));
  const auto& request = std::get<PauseRequest>(parsed);
  if (request.paused && serving_.state() == RunState::draining)
    return reply(refused_verb(503, "shutting down"));
  set(call.route, gate, request, asked_by(request.who, call.peer), reply);
}

void RoutePauses::set(const std::string& route, const std::shared_ptr<route::PauseGate>& gate,
                      const PauseRequest& request, const std::string& who,
                      const Reply<RouteVerbOutcome>& reply) {
  const auto running = pauses_.find(route);
  if (request.paused) {
    const auto begun = begin(route, gate, request, who);
    if (!begun) return reply(refused_verb(500, "the route is not paused: " + begun.error().detail));
  } else if (running != pauses_.end()) {
    json::object facts{{"route", route}};
    if (!request.reason.empty()) facts["reason"] = request.reason;
    const auto recorded = audit_.record(std::chrono::system_clock::now(), who, "route_resume", facts);
    if (!recorded) return reply(refused_verb(500, "the route is not resumed: " + recorded.error().detail));
    end(running, "route_resumed", "by " + who + because(request.reason));
  }
  serving_.when_installed([this, route, gate, reply] { answer(route, gate, reply); });
}

Result<void> RoutePauses::begin(const std::string& route, const std::shared_ptr<route::PauseGate>& gate,
                                const PauseRequest& request, const std::string& who) {
  json::object facts{{"route", route}, {"max", format_duration(request.max)}, {"queue", request.queue}};
  if (!request.reason.empty()) facts["reason"] = request.reason;
  auto recorded = audit_.record(std::chrono::system_clock::now(), who, "route_pause", facts);
  if (!recorded) return recorded;
  const TimePoint now = Clock::now();
  const auto [at, fresh] = pauses_.try_emplace(route);
  Pause& pause = at->second;
  if (fresh) {
    pause.gate = gate;
    pause.since = now;
    pause.gone = gone(*gate);
    pause.refused = get(gate->counts.refused);
  }
  pause.who = who;
  pause.reason = request.reason;
  pause.until = now + request.max;
  gate->close(request.queue);
  emit("route_paused", config::LogLevel::info,
       fmt::format("{} {} for {} at most, by {}{}", fresh ? "paused route" : "goes on pausing route", route,
                   format_duration(request.max), who, because(request.reason)));
  arm();
  return {};
}

void RoutePauses::end(Place pause, std::string_view kind, const std::string& why) {
  const auto [route, entry] = std::move(*pause);
  pauses_.erase(pause);
  // Before the gate opens: then those that wait begin to be counted as gone.
  const std::uint64_t waiting = entry.gate->waiting();
  const std::uint64_t waited = gone(*entry.gate) - entry.gone + waiting;
  const std::uint64_t refused = get(entry.gate->counts.refused) - entry.refused;
  entry.gate->open();
  serving_.post([](server::Worker& worker) { worker.paused().look_again(); });
  const bool loud = kind != "route_resumed" || refused != 0;
  emit(kind, loud ? config::LogLevel::warn : config::LogLevel::info,
       fmt::format("route {} goes on after {:.1f} s, {}; {} requests waited, {} to its end, {} were refused",
                   route, std::chrono::duration<double>(Clock::now() - entry.since).count(), why, waited,
                   waiting, refused));
  arm();
}

void RoutePauses::end_by_itself(Place pause, const std::string& why) {
  const auto recorded = audit_.record(std::chrono::system_clock::now(), "weir", "route_pause_over",
                                      json::object{{"route", pause->first}, {"reason", why}});
  if (!recorded) observe::log(config::LogLevel::error, "audit: {}", recorded.error().detail);
  end(pause, "route_pause_over", why);
}

void RoutePauses::expire(TimePoint now) {
  for (auto at = pauses_.begin(); at != pauses_.end();) {
    const auto pause = at++;
    if (pause->second.until > now) continue;
    end_by_itself(pause, "because its time is over");
  }
}

void RoutePauses::reconcile() {
  const auto snapshot = serving_.snapshot();
  for (auto at = pauses_.begin(); at != pauses_.end();) {
    const auto pause = at++;
    if (gate_of(*snapshot, pause->first) == pause->second.gate) continue;
    end_by_itself(pause, "because it left the configuration");
  }
}

void RoutePauses::drain(Milliseconds left) {
  const TimePoint last = Clock::now() + left - std::min(drain_margin, left / 2);
  for (auto& [route, pause] : pauses_) pause.until = std::min(pause.until, last);
  arm();
}

void RoutePauses::arm() {
  timer_.cancel();
  if (pauses_.empty()) return;
  const auto first = std::ranges::min_element(
      pauses_, {}, [](const std::pair<const std::string, Pause>& each) { return each.second.until; });
  timer_.expires_at(first->second.until);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    expire(Clock::now());
    arm();
  });
}

/// A worker's requests of the route and those of them that wait are counted at one moment: none that runs is missed.
void RoutePauses::answer(const std::string& route, const std::shared_ptr<route::PauseGate>& gate,
                         const Reply<RouteVerbOutcome>& reply) const {
  const auto snapshot = serving_.snapshot();
  const auto found = std::ranges::find(*snapshot->routes, gate, &server::RouteRuntime::pause);
  if (found == snapshot->routes->end()) return reply(refused_verb(409, "the route was removed by a reload"));
  const auto running = [gate, name = found->name](server::Worker& worker) {
    const std::int64_t* const all = worker.metrics().in_flight.find(name);
    const auto waiting = static_cast<std::int64_t>(worker.paused().waiting_at(*gate));
    return static_cast<std::uint64_t>(all == nullptr ? 0 : *all - waiting);
  };
  serving_.sum(running, [this, route, gate, reply](std::uint64_t sum) {
    PauseReport shown = report(route, *gate);
    shown.running = sum;
    RouteVerbOutcome outcome;
    outcome.json = to_json(shown, std::chrono::system_clock::now());
    reply(std::move(outcome));
  });
}

PauseReport RoutePauses::report(const std::string& route, const route::PauseGate& gate) const {
  PauseReport report;
  report.route = route;
  report.waiting = gate.waiting();
  report.queue = gate.places();
  report.let_go = get(gate.counts.let_go);
  report.timeout = get(gate.counts.timeout);
  report.left = get(gate.counts.left);
  report.refused = get(gate.counts.refused);
  const auto found = pauses_.find(route);
  if (found == pauses_.end()) return report;
  const auto in_system_time = [now = Clock::now(), wall = std::chrono::system_clock::now()](TimePoint time) {
    return wall + std::chrono::duration_cast<SystemTime::duration>(time - now);
  };
  report.paused = true;
  report.who = found->second.who;
  report.reason = found->second.reason;
  report.since = in_system_time(found->second.since);
  report.until = in_system_time(found->second.until);
  return report;
}

std::vector<PauseReport> RoutePauses::reports() const {
  std::vector<PauseReport> reports;
  for (const server::RouteRuntime& route : *serving_.snapshot()->routes) {
    if (route.pause && (route.pause->closed() || route.pause->waiting() != 0))
      reports.push_back(report(route.config->name, *route.pause));
  }
  return reports;
}

std::optional<PauseReport> RoutePauses::paused(const std::string& route) const {
  const auto found = pauses_.find(route);
  if (found == pauses_.end()) return std::nullopt;
  return report(route, *found->second.gate);
}

std::vector<observe::PauseFacts> RoutePauses::facts() const {
  std::vector<observe::PauseFacts> facts;
  for (const server::RouteRuntime& route : *serving_.snapshot()->routes) {
    if (!route.pause || !route.pause->used()) continue;
    const auto& counts = route.pause->counts;
    facts.push_back({route.config->name, route.pause->waiting(), get(counts.let_go), get(counts.timeout),
                     get(counts.left), get(counts.refused)});
  }
  return facts;
}

}  // namespace weir::control
