#include "admin/problems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>

#include "admin/json_objects.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

enum class Severity : std::uint8_t { bad, warn, note };
constexpr std::array<std::string_view, 3> severity_names{"bad", "warn", "note"};

struct Problem {
  Severity severity;
  std::string_view about;
  std::string name, text;
};
using Found = std::vector<Problem>;

/// And no other one came since.
bool is_taken_back(const StatusReport& status) {
  return status.guard.state == GuardReport::State::taken_back &&
         status.last_reload_error.starts_with("taken back: ");
}

void look_at_process(const LiveFacts& facts, Found& found) {
  const StatusReport& status = facts.status;
  if (status.state == RunState::leaving)
    found.push_back(
        {Severity::warn, "process", {}, "Weir is about to stop: it is not ready, and still serves."});
  if (status.state == RunState::draining)
    found.push_back(
        {Severity::warn, "process", {}, "Weir drains: it finishes what runs and accepts nothing new."});
  const limit::Pressure pressure = status.overload.pressure();
  const std::string_view bound = limit::to_string(status.overload.tightest());
  if (pressure == limit::Pressure::tight)
    found.push_back(
        {Severity::warn, "process", {}, fmt::format("Near the bound of {}: idle connections close.", bound)});
  if (pressure == limit::Pressure::shedding)
    found.push_back(
        {Severity::bad, "process", {}, fmt::format("At the bound of {}: new connections get 503.", bound)});
  if (is_taken_back(status)) {
    found.push_back({Severity::bad,
                     "config",
                     {},
                     fmt::format("The last reload was {} Generation {} has the configuration before it.",
                                 status.last_reload_error, status.generation)});
  } else if (!status.last_reload_error.empty()) {
    found.push_back({Severity::bad,
                     "config",
                     {},
                     fmt::format("The last reload was refused, generation {} stays: {}", status.generation,
                                 status.last_reload_error)});
  }
}

/// One whose queue is full refuses requests.
void look_at_pause(const PauseReport& pause, Found& found) {
  if (!pause.paused) return;
  const bool full = pause.waiting >= pause.queue;
  std::string text =
      fmt::format("Route {} is paused until {} by {}", pause.route, time_text(pause.until), pause.who);
  if (!pause.reason.empty()) text += ": " + pause.reason;
  text += full ? "; as many requests wait as may, so further ones get 503." : ".";
  found.push_back({full ? Severity::bad : Severity::note, "route", pause.route, std::move(text)});
}

bool is_by_operator(const EndpointReport& endpoint) {
  return endpoint.taken_out.has_value();
}

bool is_out(const EndpointReport& endpoint) {
  return endpoint.state != "healthy" || is_by_operator(endpoint);
}

std::string out_text(const UpstreamReport& upstream, const EndpointReport& endpoint) {
  std::string text = fmt::format("{}/{} is {}", upstream.name, endpoint.address, endpoint.state);
  if (is_by_operator(endpoint)) {
    text += " by " + endpoint.taken_out->who;
    if (!endpoint.taken_out->reason.empty()) text += ": " + endpoint.taken_out->reason;
  } else if (!endpoint.why.empty()) {
    text += ": " + endpoint.why;
  }
  return text + ".";
}

void look_at_upstream(const UpstreamReport& upstream, Found& found) {
  const auto out = static_cast<std::size_t>(std::ranges::count_if(upstream.endpoints, is_out));
  const std::size_t all = upstream.endpoints.size();
  if (upstream.panic) {
    found.push_back(
        {Severity::bad, "upstream", upstream.name,
         fmt::format("{} is in panic: {} of {} endpoints are out, so all that no operator took out are "
                     "used.",
                     upstream.name, out, all)});
  } else if (out == all) {
    found.push_back({Severity::bad, "upstream", upstream.name,
                     fmt::format("{} has no endpoint to use: {} of {} are out.", upstream.name, out, all)});
  }
  const bool all_fail = std::ranges::all_of(
      upstream.endpoints, [](const EndpointReport& each) { return is_out(each) || !each.kept.empty(); });
  for (const EndpointReport& endpoint : upstream.endpoints) {
    if (!is_out(endpoint) && !endpoint.kept.empty())
      found.push_back({all_fail ? Severity::bad : Severity::warn, "upstream", upstream.name,
                       fmt::format("{}/{} fails: {}.", upstream.name, endpoint.address, endpoint.kept)});
    if (!is_out(endpoint)) continue;
    const Severity severity = is_by_operator(endpoint) ? Severity::note : Severity::warn;
    found.push_back({severity, "upstream", upstream.name, out_text(upstream, endpoint)});
  }
}

/// What an operator did to a rollout is none of its problems.
void look_at_rollout(const RolloutReport& rollout, SystemTime now, Found& found) {
  if (rollout.done.empty()) return;
  const RolloutReport::Done& last = rollout.done.back();
  const bool is_held = rollout.state == "held" && rollout.held != std::vector<std::string>{"operator"};
  const bool is_back = rollout.state == "rolled_back" && last.cause != "operator";
  if (is_held || (is_back && now - last.at < rollback_shown))
    found.push_back({is_back ? Severity::bad : Severity::warn, "rollout", rollout.route, last.sentence});
}

void look_at_certificates(const LiveFacts& facts, SystemTime now, Found& found) {
  for (const observe::CertificateFacts& certificate : facts.certificates) {
    const auto left = certificate.not_after - now;
    if (left > certificate_warning) continue;
    const bool expired = left <= SystemTime::duration::zero();
    found.push_back(
        {expired || left < std::chrono::hours(48) ? Severity::bad : Severity::warn, "certificate",
         certificate.listener,
         fmt::format("The certificate {} of listener {} {} {}.", certificate.subject, certificate.listener,
                     expired ? "expired on" : "expires on",
                     time_text(certificate.not_after).substr(0, std::string_view("2026-01-31").size()))});
  }
}

}  // namespace

json::array problems(const LiveFacts& facts, SystemTime now) {
  Found found;
  look_at_process(facts, found);
  for (const PauseReport& pause : facts.status.pauses) look_at_pause(pause, found);
  for (const UpstreamReport& upstream : facts.upstreams) look_at_upstream(upstream, found);
  for (const RolloutReport& rollout : facts.rollouts) look_at_rollout(rollout, now, found);
  look_at_certificates(facts, now, found);
  std::ranges::stable_sort(found, {}, &Problem::severity);
  json::array shown;
  for (const Problem& problem : found) {
    if (shown.size() == problems_max) {
      shown.push_back({{"severity", "warn"},
                       {"about", "process"},
                       {"text", fmt::format("{} more.", found.size() - problems_max)}});
      break;
    }
    json::object one{{"severity", severity_names[static_cast<std::size_t>(problem.severity)]},
                     {"about", problem.about}};
    if (!problem.name.empty()) one["name"] = problem.name;
    one["text"] = problem.text;
    shown.push_back(std::move(one));
  }
  return shown;
}

}  // namespace weir::control
