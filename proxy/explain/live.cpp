#include "explain/live.hpp"

#include <algorithm>

#include "balance/slow_start.hpp"
#include "balance/trial_picks.hpp"
#include "config/hosts.hpp"
#include "core/units.hpp"
#include "observe/line_buffer.hpp"
#include "split/side.hpp"
#include "upstream/operator_state.hpp"
#include "upstream/panic.hpp"

namespace weir::control {
namespace {

// Picks that are tried, so that shares are seen: of many endpoints fewer, for each pick looks at all of them.
constexpr std::size_t picks_max = 1'000;
constexpr std::size_t looks_max = 400'000;

std::uint32_t picks_for(std::size_t endpoints) {
  return static_cast<std::uint32_t>(
      std::clamp<std::size_t>(looks_max / std::max<std::size_t>(endpoints, 1), 1, picks_max));
}

/// To milliseconds, or to seconds as Retry-After has them.
Milliseconds rounded_up(limit::Nanoseconds time) {
  constexpr limit::Nanoseconds millisecond = 1'000'000, second = 1'000 * millisecond;
  if (time < second) return Milliseconds(static_cast<std::int64_t>((time + millisecond - 1) / millisecond));
  return std::chrono::seconds(static_cast<std::int64_t>(limit::seconds_of(time)));
}

bool has_room(const upstream::Candidate& candidate) {
  return candidate.max_connections == 0 ||
         candidate.state->in_flight.load(std::memory_order_relaxed) < candidate.max_connections;
}

std::size_t last_choice(const server::UpstreamRuntime& upstream) {
  const upstream::EndpointState* const last = upstream.shared->deprioritised.load(std::memory_order_relaxed);
  const auto found = std::ranges::find(upstream.candidates, last, &upstream::Candidate::state);
  return last == nullptr || found == upstream.candidates.end()
             ? balance::none
             : static_cast<std::size_t>(found - upstream.candidates.begin());
}

/// Why an endpoint gets none of the next picks, what weighs most first.
std::string why_unpicked(const server::UpstreamRuntime& upstream, std::size_t index, TimePoint now) {
  const upstream::Candidate& candidate = upstream.candidates[index];
  const upstream::EndpointState& endpoint = *candidate.state;
  if (endpoint.taken_out()) return "an operator took it out";
  if (!endpoint.usable() && endpoint.health.probe_due(now)) return "it waits for its probe";
  if (!endpoint.usable()) return "it is out";
  if (!has_room(candidate)) return "it is full";
  if (index == last_choice(upstream)) return "it fails at once, so it comes last";
  if (candidate.backup) return "it is a backup";
  if (!candidate.local) return "it is in another zone";
  if (endpoint.latency.avoided(now)) return "it asked for a pause";
  return "others come first";
}

bool is_by_chance(const balance::Rules& rules) {
  return rules.policy == config::Balance::random_two || rules.policy == config::Balance::least_latency ||
         rules.zones;
}

}  // namespace

std::string LiveView::time_text(TimePoint time) const {
  std::string text;
  observe::LineBuffer(text).timestamp(
      source_.wall_now + std::chrono::duration_cast<std::chrono::system_clock::duration>(time - source_.now));
  return text;
}

PresentFacts LiveView::facts() const {
  PresentFacts facts;
  facts.generation = source_.snapshot.generation;
  facts.config_hash = config().hash;
  facts.state = source_.state;
  facts.workers = source_.workers;
  facts.pressure = limit::to_string(source_.overload.pressure());
  if (source_.overload.pressure() != limit::Pressure::normal)
    facts.pressed_by = limit::to_string(source_.overload.tightest());
  return facts;
}

std::optional<Error> LiveView::enter_route(std::size_t route, PresentFacts& facts) const {
  const server::RouteRuntime& runtime = (*source_.snapshot.routes)[route];
  if (!runtime.in_flight) return std::nullopt;
  facts.in_flight = {runtime.in_flight->count.load(std::memory_order_relaxed), runtime.config->max_in_flight};
  if (facts.in_flight->used < facts.in_flight->max) return std::nullopt;
  return self_error(ErrorKind::max_in_flight,
                    "route " + runtime.config->name + " has as many requests as it may have at once");
}

std::optional<Error> LiveView::enter_pause(std::size_t route, PresentFacts& facts) const {
  const server::RouteRuntime& runtime = (*source_.snapshot.routes)[route];
  const route::PauseGate& gate = *runtime.pause;
  if (!gate.closed()) return std::nullopt;
  LivePause& pause = facts.pause.emplace();
  pause.said = source_.paused(runtime.config->name);
  pause.waiting = {gate.waiting(), gate.places()};
  if (pause.waiting.used < pause.waiting.max) return std::nullopt;
  return self_error(ErrorKind::pause_queue_full,
                    "route " + runtime.config->name + " is paused, and as many of its requests wait as may");
}

LiveBucket LiveView::bucket(const server::LimitRuntime& limit, std::uint64_t hash, bool& has_token) const {
  const limit::BucketTable::Seen seen = limit.table->look(hash);
  const limit::Nanoseconds now = limit::nanoseconds_of(source_.now);
  has_token = seen.bucket.admits(seen.state, now);
  LiveBucket shown;
  shown.known = seen.known;
  shown.tokens = seen.bucket.tokens(seen.state, now);
  const limit::Nanoseconds next = seen.bucket.until_next(seen.state, now);
  if (next != 0) shown.next = format_duration(rounded_up(next));
  return shown;
}

SplitNow LiveView::enter_split(std::size_t route, PresentFacts& facts) const {
  const server::Snapshot& snapshot = source_.snapshot;
  const server::RouteRuntime& runtime = (*snapshot.routes)[route];
  const server::SplitRuntime& split = snapshot.splits[runtime.split];
  const auto& targets = std::get<config::ProxyAction>(runtime.config->action).split->targets;
  SplitNow now{split.weights, 0, split.taken_back};
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const server::UpstreamRuntime& upstream = snapshot.upstreams[targets[i].upstream];
    LiveSide side;
    side.upstream = upstream.config->name;
    side.configured = targets[i].weight;
    side.weight = split.weights[i];
    side.usable = upstream::usable_count(upstream.candidates);
    side.total = upstream.candidates.size() + upstream.unresolved.size();
    side.out = split::is_out(upstream.candidates, upstream.config->passive_health);
    if (!side.out) now.alive |= split::Mask{1} << i;
    if (side.out && !upstream::all_taken_out(upstream.candidates))
      side.trial = format_duration(upstream.config->passive_health.ejection_time);
    facts.sides.push_back(std::move(side));
  }
  facts.weights_set = source_.weights_set(runtime.config->name);
  return now;
}

std::optional<Error> LiveView::enter_upstream(std::size_t upstream, const LiveRequest& request,
                                              PresentFacts& facts) const {
  const server::UpstreamRuntime& runtime = source_.snapshot.upstreams[upstream];
  LiveUpstream& shown = facts.upstream.emplace();
  shown.name = runtime.config->name;
  shown.queue = {runtime.queue->waiting(), runtime.config->queue.max};
  const auto use = runtime.shared->retries.use(runtime.config->retry.budget, source_.now);
  shown.retries = use.retries;
  shown.retries_allowed = use.allowed;
  shown.panic = upstream::panicking(runtime.candidates);
  shown.by_chance = is_by_chance(runtime.rules);
  for (std::size_t i = 0; i < runtime.candidates.size(); ++i) shown.endpoints.push_back(endpoint(runtime, i));
  const auto picked = pick(runtime, request, shown);
  for (const config::Endpoint* name : runtime.unresolved) {
    LiveEndpoint absent;
    absent.address = config::endpoint_text(*name);
    absent.state = "unresolved";
    absent.weight = name->weight;
    absent.effective_weight = name->weight;
    absent.unpicked = "its name has no address";
    shown.endpoints.push_back(std::move(absent));
  }
  if (runtime.in_flight) {
    shown.requests = {runtime.in_flight->count.load(std::memory_order_relaxed), runtime.config->max_requests};
    if (shown.requests.used >= shown.requests.max) {
      shown.next = "none: max_requests";
      return self_error(ErrorKind::max_requests,
                        "upstream " + runtime.config->name + " has as many requests as it may have at once");
    }
  }
  return picked;
}

/// The request as it is when its body is all here: it may probe where it may be sent again.
std::optional<Error> LiveView::pick(const server::UpstreamRuntime& upstream, const LiveRequest& request,
                                    LiveUpstream& shown) const {
  const config::Retry& retry = upstream.config->retry;
  balance::PickRequest asked;
  asked.now = source_.now;
  asked.key = upstream.rules.policy == config::Balance::hash
                  ? upstream.hash_key.key_of(request.head.fields, request.client_ip, request.key_path)
                  : 0;
  asked.may_probe = http::is_idempotent(request.head.method) || retry.non_idempotent;
  const auto seed = static_cast<std::uint64_t>(source_.now.time_since_epoch().count());
  const std::uint32_t count = picks_for(upstream.candidates.size());
  const balance::TrialPicks trial = balance::try_picks(upstream.rules, *upstream.shared, upstream.candidates,
                                                       asked, last_choice(upstream), count, seed);
  for (std::size_t i = 0; i < upstream.candidates.size(); ++i) {
    if (trial.picks[i] != 0) {
      shown.endpoints[i].share = static_cast<double>(trial.picks[i]) / trial.made;
    } else {
      shown.endpoints[i].unpicked = why_unpicked(upstream, i, source_.now);
    }
  }
  const config::Queue& queue = upstream.config->queue;
  const bool waits = trial.first.full || (upstream.rules.limits && queue.max != 0 && shown.queue.used != 0);
  if (trial.first.index != balance::none && !waits) {
    shown.next = shown.endpoints[trial.first.index].address;
    if (trial.first.ticket.probe) shown.next += ", as its probe";
    return std::nullopt;
  }
  if (!waits) {
    const bool unknown = upstream.candidates.empty();
    shown.next = "none";
    if (unknown) return upstream_error(ErrorKind::name_unresolved, "no address of the upstream is known");
    return upstream_error(ErrorKind::no_endpoint, upstream::all_taken_out(upstream.candidates)
                                                      ? "operators took every endpoint out of use"
                                                      : "no endpoint is left to try");
  }
  if (queue.max == 0) {
    shown.next = "none: every endpoint is full";
    return self_error(ErrorKind::endpoint_busy, "every endpoint has as many requests as it may have at once");
  }
  if (shown.queue.used >= limit::queue_for_new(queue.max, config().server.overload.start_percent)) {
    shown.next = "none: the queue is full";
    return self_error(ErrorKind::queue_full, "as many requests wait for an endpoint as may");
  }
  shown.next = "a place in the queue, for up to " + format_duration(queue.timeout);
  return std::nullopt;
}

LiveEndpoint LiveView::endpoint(const server::UpstreamRuntime& upstream, std::size_t index) const {
  const upstream::Candidate& candidate = upstream.candidates[index];
  const upstream::EndpointState& state = *candidate.state;
  LiveEndpoint shown;
  shown.address = state.label;
  shown.state = upstream::shown_state(state);
  const upstream::LastChange::Entry last = state.last_change.get();
  shown.why = source_.taken_out(state);
  const bool said_when = !shown.why.empty();  // by the operator
  if (!said_when && shown.state != "healthy") shown.why = last.why;
  if (!said_when && !shown.why.empty() && last.since != TimePoint{}) shown.since = time_text(last.since);
  const TimePoint until = state.health.ejected_until();
  if (until != TimePoint::min()) shown.until = time_text(until);
  shown.requests = {state.in_flight.load(std::memory_order_relaxed), candidate.max_connections};
  const double latency = state.latency.microseconds(source_.now);
  if (latency > 0) shown.latency_ms = latency / 1'000;
  const std::uint32_t ramp = balance::ramp(state, source_.now, upstream.rules.slow_start);
  shown.weight = candidate.weight;
  shown.effective_weight = static_cast<double>(std::uint64_t{candidate.weight} * ramp) / balance::whole_ramp;
  shown.slow_start = ramp != balance::whole_ramp;
  return shown;
}

}  // namespace weir::control
