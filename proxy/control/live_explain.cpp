#include "control/live_explain.hpp"

#include <algorithm>
#include <utility>

#include "admin/explain_request.hpp"
#include "explain/live.hpp"
#include "observe/line_buffer.hpp"

namespace weir::control {
namespace {

std::string_view state_name(RunState state) {
  return state == RunState::ready ? "ready" : state == RunState::starting ? "starting" : "draining";
}

/// `set by root@edge at 2026-01-31T23:59:59.123Z: reason`
std::string said(std::string_view what, const std::string& who, SystemTime since, const std::string& reason) {
  std::string text(what);
  text += " by " + who + " at ";
  observe::LineBuffer(text).timestamp(since);
  if (!reason.empty()) text += ": " + reason;
  return text;
}

}  // namespace

std::string LiveExplain::taken_out(const upstream::EndpointState& endpoint) const {
  const auto entry = endpoints_.taken_out({endpoint.upstream, endpoint.address});
  return entry ? said("taken out", entry->who, entry->since, entry->reason) : std::string();
}

std::string LiveExplain::weights_set(const std::string& route) const {
  const auto& routes = serving_.snapshot()->config->routes;
  const auto found = std::ranges::find(routes, route, &config::Route::name);
  if (found == routes.end()) return {};
  const auto runtime = splits_.report(*found).runtime;
  if (!runtime) return {};
  return said("set", runtime->who, runtime->since, runtime->reason);
}

std::string LiveExplain::paused(const std::string& route) const {
  const auto pause = pauses_.paused(route);
  if (!pause) return {};
  std::string until;
  observe::LineBuffer(until).timestamp(pause->until);
  return said("paused until " + until, pause->who, pause->since, pause->reason);
}

ExplainOutcome LiveExplain::answer(std::string_view body) const {
  ExplainOutcome outcome;
  auto parsed = parse_explain_request(body);
  if (auto* problems = std::get_if<std::vector<std::string>>(&parsed)) {
    outcome.status = 422;
    outcome.detail = "the question is not understood";
    outcome.errors = std::move(*problems);
    return outcome;
  }
  const auto& call = std::get<ExplainCall>(parsed);
  const LiveSource source{
      *serving_.snapshot(),
      overload_.state(),
      state_name(serving_.state()),
      serving_.workers().size(),
      Clock::now(),
      std::chrono::system_clock::now(),
      [this](const upstream::EndpointState& endpoint) { return taken_out(endpoint); },
      [this](const std::string& route) { return weights_set(route); },
      [this](const std::string& route) { return paused(route); },
  };
  auto explained = explain_live(source, call.request, !call.text);
  if (!explained) {
    outcome.status = 422;
    outcome.detail = explained.error().detail;
    return outcome;
  }
  outcome.shown = std::move(*explained);
  outcome.text = call.text;
  return outcome;
}

}  // namespace weir::control
