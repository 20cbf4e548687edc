#include "control/endpoint_control.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "admin/endpoint_request.hpp"
#include "admin/request_body.hpp"
#include "observe/events.hpp"
#include "observe/log.hpp"
#include "upstream/readmission.hpp"

namespace weir::control {
namespace {

using upstream::OperatorState;

EndpointOutcome refused(int status, std::string detail, std::vector<std::string> errors = {}) {
  EndpointOutcome outcome;
  outcome.status = status;
  outcome.detail = std::move(detail);
  outcome.errors = std::move(errors);
  return outcome;
}

boost::json::object audit_facts(const OperatorOverrides::Place& place, OperatorState before,
                                OperatorState after, std::string_view reason) {
  boost::json::object facts{{"upstream", place.upstream},
                            {"endpoint", place.address.to_string()},
                            {"before", upstream::name_of(before)},
                            {"after", upstream::name_of(after)}};
  if (!reason.empty()) facts["reason"] = reason;
  return facts;
}

/// `readmitted`: its ejection has ended with it.
void emit_change(const OperatorOverrides::Place& place, const OperatorOverride& entry, bool readmitted) {
  observe::Event event;
  event.upstream = place.upstream;
  event.endpoint = place.address.to_string();
  const std::string name = event.upstream + "/" + event.endpoint;
  switch (entry.state) {
    case OperatorState::active:
      event.kind = "endpoint_enabled";
      event.text = "put " + name + " back into use";
      break;
    case OperatorState::drain:
      event.kind = "endpoint_drained";
      event.text = "took " + name + " out of use: draining";
      break;
    case OperatorState::disabled:
      event.kind = "endpoint_disabled";
      event.text = "took " + name + " out of use: disabled";
      break;
  }
  if (readmitted) event.text += ": its ejection ends";
  event.text += ", by " + entry.who;
  if (!entry.reason.empty()) event.text += ": " + entry.reason;
  observe::emit(std::move(event));
}

}  // namespace

/// The endpoint that a call names, or why there is none.
std::variant<OperatorOverrides::Place, EndpointOutcome> EndpointControl::find(
    const EndpointCall& call) const {
  std::vector<std::string> names;
  for (const auto& upstream : serving_.snapshot()->upstreams) names.push_back(upstream.config->name);
  const auto found = std::ranges::find(names, call.upstream);
  if (found == names.end())
    return refused(404, "no upstream is named '" + call.upstream + "'; there are: " + listed(names));
  const auto& upstream = serving_.snapshot()->upstreams[static_cast<std::size_t>(found - names.begin())];
  const auto address = SocketAddress::parse(call.address);
  std::vector<std::string> labels;
  for (const upstream::Candidate& candidate : upstream.candidates) {
    if (address && candidate.state->address == *address)
      return OperatorOverrides::Place{call.upstream, *address};
    labels.push_back(candidate.state->label);
  }
  return refused(404, "upstream " + call.upstream + " has no endpoint '" + call.address +
                          "'; its endpoints are: " + listed(labels));
}

EndpointControlReport EndpointControl::report(const OperatorOverrides::Place& place) const {
  EndpointControlReport item;
  item.upstream = place.upstream;
  item.address = place.address.to_string();
  for (const auto& upstream : serving_.snapshot()->upstreams) {
    if (upstream.config->name != place.upstream) continue;
    for (const upstream::Candidate& candidate : upstream.candidates) {
      if (candidate.state->address == place.address) item.state = upstream::shown_state(*candidate.state);
    }
  }
  for (const auto& state : compiler_.states_at(place.upstream, place.address)) {
    item.in_flight += state->in_flight.load(std::memory_order_relaxed);
  }
  item.taken_out = taken_out(place);
  return item;
}

std::optional<TakenOut> EndpointControl::taken_out(const OperatorOverrides::Place& place) const {
  const OperatorOverride* const entry = overrides_.find(place);
  if (entry == nullptr) return std::nullopt;
  return TakenOut{entry->who, entry->reason, entry->since};
}

EndpointOutcome EndpointControl::show(const EndpointCall& call) const {
  auto found = find(call);
  if (auto* none = std::get_if<EndpointOutcome>(&found)) return std::move(*none);
  EndpointOutcome outcome;
  outcome.report = report(std::get<OperatorOverrides::Place>(found));
  return outcome;
}

void EndpointControl::set(const EndpointCall& call, const Reply<EndpointOutcome>& reply) {
  auto found = find(call);
  if (auto* none = std::get_if<EndpointOutcome>(&found)) return reply(std::move(*none));
  const auto& place = std::get<OperatorOverrides::Place>(found);
  auto parsed = parse_endpoint_request(call.body);
  if (auto* problems = std::get_if<std::vector<std::string>>(&parsed))
    return reply(refused(422, "the endpoint's state is not changed", std::move(*problems)));
  const auto& request = std::get<EndpointRequest>(parsed);
  if (serving_.state() == RunState::draining) return reply(refused(503, "shutting down"));
  if (!overrides_.has_room_for(place)) {
    return reply(refused(409, "operators took out " + std::to_string(OperatorOverrides::overrides_max) +
                                  " endpoints already: enable others first"));
  }
  const OperatorOverride entry{request.state, asked_by(request.who, call.peer), request.reason,
                               std::chrono::system_clock::now()};
  const OperatorState before = overrides_.state_of(place);
  const auto recorded = audit_.record(entry.since, entry.who, "endpoint_set",
                                      audit_facts(place, before, entry.state, entry.reason));
  if (!recorded)
    return reply(refused(500, "the endpoint's state is not changed: " + recorded.error().detail));
  overrides_.set(place, entry);
  const bool readmitted = entry.state == OperatorState::active && readmit(place, entry);
  if (before != entry.state || readmitted) emit_change(place, entry, readmitted);
  put_in_force(place);
  // A pick and its count are one step of a worker's: once each of them has run this, no request begins
  // there that the count does not include.
  serving_.when_installed([this, reply, call] { reply(show(call)); });
}

/// An operator who puts an endpoint into use means now, not when passive health would try it again.
bool EndpointControl::readmit(const OperatorOverrides::Place& place, const OperatorOverride& entry) {
  bool ended = false;
  for (const auto& state : compiler_.states_at(place.upstream, place.address))
    ended = upstream::end_ejection(*state, Clock::now(), "put into use by " + entry.who) || ended;
  return ended;
}

/// On all states of that endpoint, also those that only an earlier generation's requests still use.
void EndpointControl::put_in_force(const OperatorOverrides::Place& place) {
  const OperatorState wanted = overrides_.state_of(place);
  const auto states = compiler_.states_at(place.upstream, place.address);
  for (const auto& state : states) upstream::set_operator_state(*state, wanted);
  const bool closes = wanted != OperatorState::active;
  serving_.post([states, closes](server::Worker& worker) {
    if (closes) {
      for (const auto& state : states) worker.close_idle(*state);
    }
    worker.look_at_queues();
  });
}

void EndpointControl::apply(const server::Snapshot& snapshot) const {
  for (const auto& upstream : snapshot.upstreams) {
    for (const upstream::Candidate& candidate : upstream.candidates) {
      const OperatorState wanted = overrides_.state_of({upstream.config->name, candidate.state->address});
      if (upstream::operator_state(*candidate.state) != wanted)
        upstream::set_operator_state(*candidate.state, wanted);
    }
  }
}

void EndpointControl::reconcile(const config::Config& config) {
  for (const auto& [place, entry] : overrides_.forget_gone(config)) {
    const std::string phrase =
        "left the configuration; forgotten: " + std::string(upstream::name_of(entry.state)) + " by " +
        entry.who;
    observe::Event event;
    event.kind = "endpoint_forgotten";
    event.upstream = place.upstream;
    event.endpoint = place.address.to_string();
    event.text = event.upstream + "/" + event.endpoint + " " + phrase;
    observe::emit(std::move(event));
    const auto recorded = audit_.record(std::chrono::system_clock::now(), "weir", "endpoint_forgotten",
                                        audit_facts(place, entry.state, OperatorState::active, phrase));
    if (!recorded) observe::log(config::LogLevel::error, "audit: {}", recorded.error().detail);
  }
}

}  // namespace weir::control
