#include "admin/answer.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <optional>
#include <utility>

#include "admin/endpoint_request.hpp"
#include "admin/event_text.hpp"
#include "admin/json.hpp"
#include "admin/rollout_report.hpp"
#include "admin/server.hpp"
#include "admin/split_report.hpp"
#include "admin/web_files.hpp"

namespace weir::control {
namespace {

namespace asio = boost::asio;
template <class T>
using Call = std::function<void(Reply<T>)>;

/// The answer to `call`, or nothing when it did not come within `timeout`.
template <class T>
asio::awaitable<std::optional<T>> ask(asio::io_context& io, Call<T> call, Milliseconds timeout) {
  struct Waiting {
    explicit Waiting(asio::io_context& context) : timer(context) {}
    asio::steady_timer timer;
    std::optional<T> value;
  };
  const auto waiting = std::make_shared<Waiting>(io);
  waiting->timer.expires_after(timeout);
  // Weak: a reply that comes after we gave up finds nothing, and keeps nothing of ours alive.
  Reply<T> reply = [weak = std::weak_ptr<Waiting>(waiting)](T value) {
    const auto asking = weak.lock();
    if (!asking || asking->value) return;
    asking->value = std::move(value);
    asking->timer.cancel();
  };
  call(std::move(reply));
  constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
  if (!waiting->value) co_await waiting->timer.async_wait(as_result);
  co_return std::move(waiting->value);
}

AdminResponse text_response(int status, std::string content_type, std::string body) {
  AdminResponse response;
  response.status = status;
  response.content_type = std::move(content_type);
  response.body = std::move(body);
  return response;
}

AdminResponse json_response(int status, std::string body) {
  return text_response(status, "application/json", std::move(body));
}

AdminResponse late() {
  return problem(503, "the workers did not answer in time");
}

AdminResponse page(std::string_view target) {
  const WebFile* const file = find_web_file(target.substr(0, target.find('?')));
  if (file == nullptr) return problem(404, "no such path");
  AdminResponse response = text_response(200, std::string(file->content_type), std::string(file->bytes));
  response.fields.emplace_back("Content-Security-Policy", web_policy);
  response.fields.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  return response;
}

AdminResponse readiness(bool ready) {
  return ready ? json_response(200, R"({"status":"ready"})")
               : json_response(503, R"({"status":"not ready"})");
}

AdminResponse health(const HealthReport& report) {
  return json_response(report.status() == "unhealthy" ? 503 : 200, to_json(report));
}

AdminResponse reloaded(const ReloadOutcome& outcome) {
  if (outcome.ok) return json_response(200, to_json(outcome));
  const char* const what = outcome.bad_request ? "request" : "configuration";
  return problem(422, std::string("the ") + what + " is not valid; nothing has changed", outcome.problems);
}

asio::awaitable<AdminResponse> answer_metrics(asio::io_context& io, Call<std::string> call) {
  auto asking = ask<std::string>(io, std::move(call), AdminLimits::backend_timeout);
  auto text = co_await std::move(asking);
  if (!text) co_return late();
  co_return text_response(200, "text/plain; version=0.0.4; charset=utf-8", std::move(*text));
}

asio::awaitable<AdminResponse> answer_status(asio::io_context& io, Call<StatusReport> call) {
  auto asking = ask<StatusReport>(io, std::move(call), AdminLimits::backend_timeout);
  const auto report = co_await std::move(asking);
  if (!report) co_return late();
  co_return json_response(200, to_json(*report, std::chrono::system_clock::now()));
}

asio::awaitable<AdminResponse> answer_upstreams(asio::io_context& io,
                                                Call<std::vector<UpstreamReport>> call) {
  auto asking = ask<std::vector<UpstreamReport>>(io, std::move(call), AdminLimits::backend_timeout);
  const auto reports = co_await std::move(asking);
  if (!reports) co_return late();
  co_return json_response(200, to_json(*reports));
}

asio::awaitable<AdminResponse> answer_reload(asio::io_context& io, Call<ReloadOutcome> call) {
  auto asking = ask<ReloadOutcome>(io, std::move(call), AdminLimits::reload_timeout);
  const auto outcome = co_await std::move(asking);
  if (!outcome) co_return problem(503, "the reload is still under way; see /api/v1/status");
  co_return reloaded(*outcome);
}

AdminResponse split(const std::vector<SplitReport>& reports, std::string_view route) {
  const auto found = std::ranges::find(reports, route, &SplitReport::route);
  if (found == reports.end()) return problem(404, "no route with a split has that name");
  return json_response(200, to_json(*found, std::chrono::system_clock::now()));
}

asio::awaitable<AdminResponse> answer_set_split(asio::io_context& io, Call<SplitOutcome> call) {
  auto asking = ask<SplitOutcome>(io, std::move(call), AdminLimits::backend_timeout);
  const auto outcome = co_await std::move(asking);
  if (!outcome) co_return late();
  if (outcome->status != 200) co_return problem(outcome->status, outcome->detail, outcome->errors);
  co_return json_response(200, to_json(outcome->report, std::chrono::system_clock::now()));
}

AdminResponse endpoint(const EndpointOutcome& outcome) {
  if (outcome.status != 200) return problem(outcome.status, outcome.detail, outcome.errors);
  return json_response(200, to_json(outcome.report));
}

asio::awaitable<AdminResponse> answer_set_endpoint(asio::io_context& io, Call<EndpointOutcome> call) {
  auto asking = ask<EndpointOutcome>(io, std::move(call), AdminLimits::backend_timeout);
  const auto outcome = co_await std::move(asking);
  if (!outcome) co_return late();
  co_return endpoint(*outcome);
}

AdminResponse explained(ExplainOutcome outcome) {
  if (outcome.status != 200) return problem(outcome.status, outcome.detail, outcome.errors);
  if (outcome.text) return text_response(200, "text/plain; charset=utf-8", std::move(outcome.shown));
  return json_response(200, std::move(outcome.shown));
}

asio::awaitable<AdminResponse> answer_route_verb(asio::io_context& io, Call<RouteVerbOutcome> call) {
  auto asking = ask<RouteVerbOutcome>(io, std::move(call), AdminLimits::backend_timeout);
  auto outcome = co_await std::move(asking);
  if (!outcome) co_return late();
  if (outcome->status != 200) co_return problem(outcome->status, outcome->detail, outcome->errors);
  co_return json_response(200, std::move(outcome->json));
}

RouteVerbCall route_verb_call(const AdminDetails& details, bool write) {
  const RouteVerbPath path = route_verb_of(details.target).value();
  return {path.verb, write, decoded(path.route), std::string(details.body), details.peer};
}

EndpointCall endpoint_call(const AdminDetails& details) {
  const EndpointPath path = endpoint_of(details.target).value();
  return {decoded(path.upstream), decoded(path.address), std::string(details.body), details.peer};
}

AdminResponse rollout(const std::vector<RolloutReport>& reports, std::string_view route) {
  const auto found = std::ranges::find(reports, route, &RolloutReport::route);
  if (found == reports.end()) return problem(404, "no route with a rollout has that name");
  return json_response(200, to_json(*found));
}

asio::awaitable<AdminResponse> answer_rollout(asio::io_context& io, Call<RolloutOutcome> call) {
  auto asking = ask<RolloutOutcome>(io, std::move(call), AdminLimits::backend_timeout);
  const auto outcome = co_await std::move(asking);
  if (!outcome) co_return late();
  if (outcome->status >= 300) co_return problem(outcome->status, outcome->detail, outcome->errors);
  co_return json_response(outcome->status, to_json(outcome->report));
}

Call<RolloutOutcome> rollout_call(const RolloutBackend& rollouts, AdminAction action,
                                  const AdminDetails& details) {
  RolloutCall asked{std::string(route_of_rollout(details.target)), std::string(details.body), details.peer};
  const auto& carry_out = action == AdminAction::start_rollout ? rollouts.start : rollouts.change;
  return [carry_out, asked = std::move(asked)](Reply<RolloutOutcome> reply) {
    carry_out(asked, std::move(reply));
  };
}

asio::awaitable<AdminResponse> at_once(AdminResponse response) {
  co_return response;
}

}  // namespace

asio::awaitable<AdminResponse> answer(asio::io_context& io, AdminBackend& backend, AdminAction action,
                                      const AdminDetails& details) {
  switch (action) {
    case AdminAction::page:
      return at_once(page(details.target));
    case AdminAction::live:
      return at_once(json_response(200, R"({"status":"live"})"));
    case AdminAction::ready:
      return at_once(readiness(backend.ready()));
    case AdminAction::health:
      return at_once(health(backend.health()));
    case AdminAction::config:
      return at_once(json_response(200, backend.config()));
    case AdminAction::routes:
      return at_once(json_response(200, backend.routes()));
    case AdminAction::metrics:
      return answer_metrics(io, backend.metrics);
    case AdminAction::status:
      return answer_status(io, backend.status);
    case AdminAction::upstreams:
      return answer_upstreams(io, backend.upstreams);
    case AdminAction::reload: {
      const ReloadCall asked{std::string(details.body), details.peer};
      Call<ReloadOutcome> call = [&backend, asked](Reply<ReloadOutcome> reply) {
        backend.reload(asked, std::move(reply));
      };
      return answer_reload(io, std::move(call));
    }
    case AdminAction::explain:
      return at_once(explained(backend.explain(details.body)));
    case AdminAction::audit:
      return at_once(json_response(200, backend.audit()));
    case AdminAction::events:
      return at_once(json_response(
          200, to_json(kept_events(events_asked(details.target, {}, details.last_event_id).after))));
    case AdminAction::stream:
      return at_once(problem(405, "a stream has no head alone; GET it"));
    case AdminAction::splits:
      return at_once(json_response(200, to_json(backend.splits(), std::chrono::system_clock::now())));
    case AdminAction::split:
      return at_once(split(backend.splits(), route_of_split(details.target)));
    case AdminAction::set_split: {
      SplitCall asked{std::string(route_of_split(details.target)), std::string(details.body), details.peer};
      Call<SplitOutcome> call = [&backend, asked = std::move(asked)](Reply<SplitOutcome> reply) {
        backend.set_split(asked, std::move(reply));
      };
      return answer_set_split(io, std::move(call));
    }
    case AdminAction::endpoint:
      return at_once(endpoint(backend.endpoint(endpoint_call(details))));
    case AdminAction::set_endpoint: {
      Call<EndpointOutcome> call = [&backend, asked = endpoint_call(details)](Reply<EndpointOutcome> reply) {
        backend.set_endpoint(asked, std::move(reply));
      };
      return answer_set_endpoint(io, std::move(call));
    }
    case AdminAction::rollouts:
      return at_once(json_response(200, to_json(backend.rollouts.reports())));
    case AdminAction::rollout:
      return at_once(rollout(backend.rollouts.reports(), route_of_rollout(details.target)));
    case AdminAction::start_rollout:
    case AdminAction::change_rollout:
      return answer_rollout(io, rollout_call(backend.rollouts, action, details));
    case AdminAction::route_verb:
    case AdminAction::set_route_verb: {
      const bool write = action == AdminAction::set_route_verb;
      Call<RouteVerbOutcome> call = [&backend,
                                     asked = route_verb_call(details, write)](Reply<RouteVerbOutcome> reply) {
        backend.route_verb(asked, std::move(reply));
      };
      return answer_route_verb(io, std::move(call));
    }
  }
  return at_once(problem(500, "no such action"));
}

}  // namespace weir::control
