#include "control/reports.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "admin/check_report.hpp"
#include "balance/slow_start.hpp"
#include "config/hosts.hpp"
#include "config/names.hpp"
#include "control/live_facts.hpp"
#include "control/rollout_reports.hpp"
#include "core/version.hpp"
#include "io/spawn.hpp"
#include "io/tls_session.hpp"
#include "observe/collector.hpp"
#include "upstream/ejection_text.hpp"
#include "upstream/operator_state.hpp"

namespace weir::control {
namespace {

/// Why an endpoint is in the state that it is in, since and until when.
void describe_health(EndpointReport& report, const upstream::EndpointState& endpoint,
                     const config::PassiveHealth& settings) {
  const TimePoint now = Clock::now();
  const auto in_system_time = [now, wall = std::chrono::system_clock::now()](TimePoint time) {
    return wall + std::chrono::duration_cast<SystemTime::duration>(time - now);
  };
  const upstream::LastChange::Entry last = endpoint.last_change.get();
  report.why = last.why;
  report.kept = upstream::kept_text(upstream::kept_in_use(endpoint, settings, now), settings);
  if (last.since != TimePoint{}) report.since = in_system_time(last.since);
  const TimePoint until = endpoint.health.ejected_until();
  if (until != TimePoint::min()) report.until = in_system_time(until);
  const TimePoint serving{Milliseconds{endpoint.serving_since.load(std::memory_order_relaxed)}};
  report.ejections_in_row = endpoint.health.row_now(settings, now, serving);
  if (settings.failure_rate == 0) return;
  const auto counts = endpoint.outcomes.counts(endpoint.health.ticket().epoch, now, settings.window);
  report.window_requests = counts.requests;
  report.window_failures = counts.failures;
}

/// What balancing uses of an endpoint.
void add_balancing(EndpointReport& report, const server::UpstreamRuntime& upstream, std::size_t index) {
  const upstream::Candidate& candidate = upstream.candidates[index];
  const std::uint32_t ramp = balance::ramp(*candidate.state, Clock::now(), upstream.rules.slow_start);
  report.effective_weight = static_cast<double>(std::uint64_t{candidate.weight} * ramp) / balance::whole_ramp;
  report.max_connections = candidate.max_connections;
  report.backup = candidate.backup;
  report.zone = upstream.endpoints[index].zone;
}

}  // namespace

HealthReport Reports::health() const {
  HealthReport report;
  report.version = version();
  for (const auto& upstream : snapshot().upstreams) {
    UpstreamHealth item;
    item.name = upstream.config->name;
    item.total = upstream.candidates.size() + upstream.unresolved.size();
    item.healthy = upstream::usable_count(upstream.candidates);
    report.upstreams.push_back(std::move(item));
  }
  return report;
}

LiveFacts Reports::live(const std::deque<std::string>& audit) const {
  LiveFacts facts = live_facts(snapshot(), audit);
  facts.boot_mark = parts_.serving.boot_mark();
  facts.last_changes = parts_.reloader.last_changes();
  facts.status = status();
  facts.upstreams = upstreams();
  facts.upstreams.resize(std::min(facts.upstreams.size(), observe::TrafficHistory::names_max));
  facts.splits = parts_.splits.reports();
  facts.rollouts = parts_.rollouts.reports();
  return facts;
}

StatusReport Reports::status() const {
  StatusReport report;
  report.version = version();
  report.commit = commit();
  report.pid = static_cast<int>(::getpid());
  report.state = parts_.serving.state();
  report.started = started_;
  report.workers = parts_.serving.workers().size();
  report.generation = parts_.serving.generation();
  report.config_hash = snapshot().config->hash;
  report.config_files = parts_.reloader.files();
  report.last_reload = parts_.reloader.last();
  report.last_reload_error = parts_.reloader.last_error();
  report.files_differ = !report.last_reload_error.empty();
  report.guard = parts_.guarded.guard().report();
  report.pauses = parts_.pauses.reports();
  report.overload = parts_.overload.state();
  for (RolloutReport& rollout : parts_.rollouts.reports()) {
    if (rollout.id != 0) report.rollouts.push_back(std::move(rollout));
  }
  for (const auto& listener : snapshot().listeners) {
    ListenerReport item;
    item.name = listener->config.name;
    item.address = listener->bound.to_string();
    item.tls = listener->tls != nullptr;
    report.listeners.push_back(std::move(item));
  }
  return report;
}

EndpointReport Reports::endpoint(const server::UpstreamRuntime& upstream, std::size_t index) const {
  const upstream::Candidate& candidate = upstream.candidates[index];
  EndpointReport item;
  item.address = candidate.state->label;
  item.weight = candidate.weight;
  item.state = upstream::shown_state(*candidate.state);
  item.taken_out = parts_.endpoints.taken_out({upstream.config->name, candidate.state->address});
  item.in_flight = candidate.state->in_flight.load(std::memory_order_relaxed);
  item.consecutive_failures = static_cast<std::uint32_t>(candidate.state->health.consecutive_failures());
  describe_health(item, *candidate.state, upstream.config->passive_health);
  item.check = check_summary(parts_.checks.report(*candidate.state));
  add_balancing(item, upstream, index);
  return item;
}

std::vector<UpstreamReport> Reports::upstreams() const {
  std::vector<UpstreamReport> reports;
  for (const auto& upstream : snapshot().upstreams) {
    UpstreamReport report;
    report.name = upstream.config->name;
    report.protocol = config::name_of(config::upstream_protocols, upstream.config->protocol);
    report.balance = config::name_of(config::balances, upstream.config->balance);
    const config::RetryBudget& budget = upstream.config->retry.budget;
    report.retries = {upstream.shared->retries.use(budget, Clock::now()), budget};
    report.panic = upstream::panicking(upstream.candidates);
    report.waiting = upstream.queue->waiting();
    report.queue_max = upstream.config->queue.max;
    report.max_requests = upstream.config->max_requests;
    if (upstream.in_flight) report.requests = upstream.in_flight->count.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < upstream.candidates.size(); ++i)
      report.endpoints.push_back(endpoint(upstream, i));
    for (const config::Endpoint* endpoint : upstream.unresolved) {
      EndpointReport item;
      item.address = config::endpoint_text(*endpoint);
      item.weight = endpoint->weight;
      item.state = "unresolved";
      report.endpoints.push_back(std::move(item));
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

void Reports::add_upstreams(observe::ScrapeInput& input) const {
  for (const auto& upstream : snapshot().upstreams) {
    input.upstreams.push_back(
        {upstream.config->name, upstream::panicking(upstream.candidates), upstream.queue->waiting()});
    for (const upstream::Candidate& candidate : upstream.candidates) {
      observe::EndpointFacts facts;
      facts.upstream = upstream.config->name;
      facts.endpoint = candidate.state->label;
      facts.in_flight = candidate.state->in_flight.load(std::memory_order_relaxed);
      facts.up = candidate.state->usable();
      input.endpoints.push_back(std::move(facts));
      if (const auto check = parts_.checks.report(*candidate.state))
        input.checks.push_back(check_facts(*candidate.state, *check));
    }
    for (const config::Endpoint* endpoint : upstream.unresolved) {
      observe::EndpointFacts facts;
      facts.upstream = upstream.config->name;
      facts.endpoint = config::endpoint_text(*endpoint);
      facts.up = false;
      input.endpoints.push_back(std::move(facts));
    }
  }
}

void Reports::add_names(observe::ScrapeInput& input) const {
  for (const NameResolver::Facts& name : parts_.resolver.facts())
    input.names.push_back({name.name, name.addresses});
  for (std::size_t i = 0; i < upstream::lookup_kinds; ++i) {
    const std::string_view result = upstream::to_string(static_cast<upstream::LookUp>(i));
    input.lookups.push_back({std::string(result), parts_.resolver.lookups()[i]});
  }
}

observe::ScrapeInput Reports::scrape_input() const {
  observe::ScrapeInput input;
  input.version = version();
  input.commit = commit();
  input.generation = parts_.serving.generation();
  input.config_hash = snapshot().config->hash;
  input.last_reload_success = parts_.reloader.last_error().empty();
  input.last_reload = parts_.reloader.last();
  const ReloadGuard::Verdicts& verdicts = parts_.guarded.guard().verdicts();
  input.guard = {verdicts.kept, verdicts.taken_back, verdicts.superseded, verdicts.failed};
  input.pauses = parts_.pauses.facts();
  add_upstreams(input);
  for (const SplitReport& split : parts_.splits.reports()) {
    for (const SplitTargetReport& target : split.targets) {
      input.splits.push_back({split.route, target.upstream, target.effective});
    }
  }
  input.rollouts = rollout_facts(parts_.rollouts.all(), *snapshot().config);
  input.checks_waiting = parts_.checks.waiting();
  for (const server::LimitRuntime& limit : *snapshot().limits) {
    input.limits.push_back({limit.config->name, limit.table->keys(), limit.table->evictions()});
  }
  add_names(input);
  for (const auto& listener : snapshot().listeners) {
    if (!listener->tls) continue;
    for (const auto& certificate : listener->tls->certificates()) {
      input.certificates.push_back({listener->config.name, certificate.subject, certificate.not_after});
    }
  }
  input.overload = {parts_.overload.state().pressure(), parts_.overload.state().uses()};
  if (parts_.publisher.access_log())
    input.access_log_unwritten_lines = parts_.publisher.access_log()->unwritten_lines();
  input.failure_lines_withheld = io::failure_lines_withheld();
  input.tls_floods = io::TlsSession::floods_ended();
  input.process = observe::read_process_facts();
  return input;
}

}  // namespace weir::control
