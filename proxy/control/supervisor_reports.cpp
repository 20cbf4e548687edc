// What the supervisor reports to the admin address: health, status, endpoints, metrics.
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "admin/check_report.hpp"
#include "admin/route_json.hpp"
#include "balance/slow_start.hpp"
#include "config/dump.hpp"
#include "config/hosts.hpp"
#include "config/names.hpp"
#include "control/supervisor.hpp"
#include "core/version.hpp"
#include "io/spawn.hpp"
#include "io/tls_session.hpp"
#include "observe/collector.hpp"
#include "upstream/operator_state.hpp"

namespace weir::control {
namespace {

constexpr std::size_t metrics_per_turn = 512;   // entries of a worker's tables that one turn of it looks at
constexpr Milliseconds names_interval{60'000};  // between two looks at names that are gone, beside scrapes

/// Lines that are JSON objects already, newest first.
std::string audit_json(const std::deque<std::string>& lines) {
  std::string text = R"({"audit":[)";
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (line != lines.rbegin()) text += ',';
    text += *line;
  }
  return text + "]}";
}

/// Why an endpoint is in the state that it is in, since and until when.
void describe_health(EndpointReport& report, const upstream::EndpointState& endpoint,
                     const config::PassiveHealth& settings) {
  const TimePoint now = Clock::now();
  const auto in_system_time = [now, wall = std::chrono::system_clock::now()](TimePoint time) {
    return wall + std::chrono::duration_cast<SystemTime::duration>(time - now);
  };
  const upstream::LastChange::Entry last = endpoint.last_change.get();
  report.why = last.why;
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

observe::NamesInUse names_in_use(const server::Snapshot& snapshot) {
  observe::NamesInUse in_use;
  for (const server::RouteRuntime& route : *snapshot.routes) in_use.routes.push_back(route.name);
  for (const server::LimitRuntime& limit : *snapshot.limits) in_use.limits.push_back(limit.name);
  for (const auto& listener : snapshot.listeners) in_use.listeners.push_back(listener->name);
  for (const server::UpstreamRuntime& upstream : snapshot.upstreams) {
    in_use.upstreams.push_back(upstream.name);
    for (const server::EndpointRuntime& endpoint : upstream.endpoints) {
      in_use.endpoints.push_back(observe::WorkerMetrics::pair_key(upstream.name, endpoint.label));
    }
  }
  return in_use;
}

void mark(observe::NameId id, std::vector<bool>& in_use) {
  if (id < in_use.size()) in_use[id] = true;
}

void mark_names(const server::Snapshot& snapshot, std::vector<bool>& in_use) {
  for (const server::RouteRuntime& route : *snapshot.routes) mark(route.name, in_use);
  for (const server::LimitRuntime& limit : *snapshot.limits) mark(limit.name, in_use);
  for (const auto& listener : snapshot.listeners) mark(listener->name, in_use);
  for (const server::UpstreamRuntime& upstream : snapshot.upstreams) {
    mark(upstream.name, in_use);
    for (const server::EndpointRuntime& endpoint : upstream.endpoints) mark(endpoint.label, in_use);
  }
}

}  // namespace

PauseHost Supervisor::pause_host() {
  PauseHost host;
  host.snapshot = [this] { return snapshot_; };
  host.look_again = [this] {
    for (const auto& worker : workers_) {
      worker->post([&worker = *worker] { worker.paused().look_again(); });
    }
  };
  host.when_installed = [this](std::function<void()> done) { when_installed(std::move(done)); };
  host.sum = [this](const auto& count, const auto& done) { sum(count, done); };
  host.draining = [this] { return state_ == RunState::draining; };
  return host;
}

/// What `count` says on each worker, added up, to `done` on the control thread.
void Supervisor::sum(const std::function<std::uint64_t(server::Worker&)>& count,
                     const std::function<void(std::uint64_t)>& done) {
  struct Sum {
    std::uint64_t value = 0;
    std::size_t missing;
  };
  const auto all = std::make_shared<Sum>(Sum{0, workers_.size()});
  for (const auto& worker : workers_) {
    worker->post([this, &worker = *worker, count, done, all] {
      boost::asio::post(context_, [count = count(worker), done, all] {
        all->value += count;
        if (--all->missing == 0) done(all->value);
      });
    });
  }
}

void Supervisor::route_verb(const RouteVerbCall& call, const Reply<RouteVerbOutcome>& reply) {
  switch (call.verb) {
    case RouteVerb::pause:
      return pauses_->call(call, reply);
    case RouteVerb::promote:
    case RouteVerb::rollback:
      return split_verbs_->call(call, reply);
  }
}

AdminBackend Supervisor::make_backend() {
  AdminBackend backend;
  backend.ready = [this] { return state_ == RunState::ready; };
  backend.health = [this] { return health(); };
  backend.config = [this] { return config::dump(*snapshot_->config); };
  backend.routes = [this] { return routes_json(*snapshot_->config); };
  backend.metrics = [this](Reply<std::string> reply) {
    collect([this, reply = std::move(reply)](observe::WorkerMetrics& merged) {
      series_.prune(merged, names_in_use(*snapshot_));
      reply(observe::metrics_text(merged, names_, scrape_input()));
      name_life_.scraped();
      forget_names();
    });
  };
  backend.status = [this](Reply<StatusReport> reply) {
    collect([this, reply = std::move(reply)](const observe::WorkerMetrics& merged) {
      StatusReport report = status();
      add_counters(report, merged, names_);
      reply(std::move(report));
    });
  };
  backend.upstreams = [this](Reply<std::vector<UpstreamReport>> reply) {
    collect([this, reply = std::move(reply)](const observe::WorkerMetrics& merged) {
      std::vector<UpstreamReport> reports = upstreams();
      add_counters(reports, merged, names_);
      reply(std::move(reports));
    });
  };
  backend.reload = [this](const ReloadCall& call, const Reply<ReloadOutcome>& reply) {
    reload_asked(call, reply);
  };
  backend.splits = [this] { return split_reports(); };
  backend.set_split = [this](const SplitCall& call, const Reply<SplitOutcome>& reply) {
    set_split(call, reply);
  };
  backend.endpoint = [this](const EndpointCall& call) { return show_endpoint(call); };
  backend.set_endpoint = [this](const EndpointCall& call, const Reply<EndpointOutcome>& reply) {
    set_endpoint(call, reply);
  };
  backend.route_verb = [this](const RouteVerbCall& call, const Reply<RouteVerbOutcome>& reply) {
    route_verb(call, reply);
  };
  backend.audit = [this] { return audit_json(audit_->lines()); };
  return backend;
}

HealthReport Supervisor::health() const {
  HealthReport report;
  report.version = version();
  for (const auto& upstream : snapshot_->upstreams) {
    UpstreamHealth item;
    item.name = upstream.config->name;
    item.total = upstream.candidates.size() + upstream.unresolved.size();
    item.healthy = upstream::usable_count(upstream.candidates);
    report.upstreams.push_back(std::move(item));
  }
  return report;
}

StatusReport Supervisor::status() const {
  StatusReport report;
  report.version = version();
  report.commit = commit();
  report.pid = static_cast<int>(::getpid());
  report.state = state_;
  report.started = started_;
  report.workers = workers_.size();
  report.generation = generation_;
  report.config_hash = snapshot_->config->hash;
  report.config_files = files_;
  report.last_reload = last_reload_;
  report.last_reload_error = last_reload_error_;
  report.files_differ = !last_reload_success_;
  report.guard = guard_->report();
  report.overload = overload_.state();
  report.pauses = pauses_->reports();
  for (const auto& listener : snapshot_->listeners) {
    ListenerReport item;
    item.name = listener->config.name;
    item.address = listener->bound.to_string();
    item.tls = listener->tls != nullptr;
    report.listeners.push_back(std::move(item));
  }
  return report;
}

std::vector<UpstreamReport> Supervisor::upstreams() const {
  std::vector<UpstreamReport> reports;
  for (const auto& upstream : snapshot_->upstreams) {
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
    for (std::size_t i = 0; i < upstream.candidates.size(); ++i) {
      const upstream::Candidate& candidate = upstream.candidates[i];
      EndpointReport item;
      item.address = candidate.state->label;
      item.weight = candidate.weight;
      item.state = upstream::shown_state(*candidate.state);
      item.taken_out = taken_out({report.name, candidate.state->address});
      item.in_flight = candidate.state->in_flight.load(std::memory_order_relaxed);
      item.consecutive_failures = static_cast<std::uint32_t>(candidate.state->health.consecutive_failures());
      describe_health(item, *candidate.state, upstream.config->passive_health);
      item.check = check_summary(checks_.report(*candidate.state));
      add_balancing(item, upstream, i);
      report.endpoints.push_back(std::move(item));
    }
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

observe::ScrapeInput Supervisor::scrape_input() const {
  observe::ScrapeInput input;
  input.version = version();
  input.commit = commit();
  input.generation = generation_;
  input.config_hash = snapshot_->config->hash;
  input.last_reload_success = last_reload_success_;
  input.last_reload = last_reload_;
  const ReloadGuard::Verdicts& verdicts = guard_->verdicts();
  input.guard = {verdicts.kept, verdicts.taken_back, verdicts.superseded, verdicts.failed};
  for (const auto& upstream : snapshot_->upstreams) {
    input.upstreams.push_back(
        {upstream.config->name, upstream::panicking(upstream.candidates), upstream.queue->waiting()});
    for (const upstream::Candidate& candidate : upstream.candidates) {
      observe::EndpointFacts facts;
      facts.upstream = upstream.config->name;
      facts.endpoint = candidate.state->label;
      facts.in_flight = candidate.state->in_flight.load(std::memory_order_relaxed);
      facts.up = candidate.state->usable();
      input.endpoints.push_back(std::move(facts));
      if (const auto check = checks_.report(*candidate.state))
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
  for (const SplitReport& split : split_reports()) {
    for (const SplitTargetReport& target : split.targets) {
      input.splits.push_back({split.route, target.upstream, target.effective});
    }
  }
  input.pauses = pauses_->facts();
  input.checks_waiting = checks_.waiting();
  for (const server::LimitRuntime& limit : *snapshot_->limits) {
    input.limits.push_back({limit.config->name, limit.table->keys(), limit.table->evictions()});
  }
  for (const NameResolver::Facts& name : resolver_.facts())
    input.names.push_back({name.name, name.addresses});
  for (std::size_t i = 0; i < upstream::lookup_kinds; ++i) {
    const std::string_view result = upstream::to_string(static_cast<upstream::LookUp>(i));
    input.lookups.push_back({std::string(result), resolver_.lookups()[i]});
  }
  for (const auto& listener : snapshot_->listeners) {
    if (!listener->tls) continue;
    for (const auto& certificate : listener->tls->certificates()) {
      input.certificates.push_back({listener->config.name, certificate.subject, certificate.not_after});
    }
  }
  input.overload = {overload_.state().pressure(), overload_.state().uses()};
  if (access_log_) input.access_log_unwritten_lines = access_log_->unwritten_lines();
  input.failure_lines_withheld = io::failure_lines_withheld();
  input.tls_floods = io::TlsSession::floods_ended();
  input.process = observe::read_process_facts();
  return input;
}

void Supervisor::collect(std::function<void(observe::WorkerMetrics&)> done) {
  struct Collection {
    observe::WorkerMetrics merged;
    std::size_t missing;
    std::function<void(observe::WorkerMetrics&)> done;
  };
  const auto collection = std::make_shared<Collection>();
  collection->missing = workers_.size();
  collection->done = std::move(done);
  for (const auto& worker : workers_) {
    const auto walk = std::make_shared<observe::WorkerMetrics::Walk>();
    auto some = [this, &worker = *worker, collection, walk] {
      const auto copy = std::make_shared<observe::WorkerMetrics>();
      const bool all = worker.metrics().copy_some(*copy, *walk, metrics_per_turn);
      boost::asio::post(context_, [collection, copy] { collection->merged.merge(*copy); });
      return all;
    };
    auto ended = [this, collection](bool) {
      boost::asio::post(context_, [collection] {
        if (--collection->missing == 0) collection->done(collection->merged);
      });
    };
    worker->post([&worker = *worker, some, ended] { worker.in_turns(some, ended); });
  }
}

/// Names that no snapshot that still serves has: the workers forget what they counted under them, then the ids are
/// free.
void Supervisor::forget_names() {
  if (forgetting_ || reloading_ || state_ == RunState::starting)
    return;  // a reload holds names that no snapshot has yet
  std::erase_if(serving_, [](const auto& snapshot) { return snapshot.expired(); });
  std::vector<bool> in_use(names_.ids_end());
  for (const auto& weak : serving_) {
    if (const auto snapshot = weak.lock()) mark_names(*snapshot, in_use);
  }
  auto left = std::make_shared<Leaving>();
  left->names = name_life_.due(names_, in_use, Clock::now());
  for (const observe::NameId id : left->names) names_.retire(id);
  series_.hide(left->names);
  left->names.insert(left->names.end(), kept_names_.begin(), kept_names_.end());
  kept_names_.clear();
  if (left->names.empty()) return;
  forgetting_ = true;
  left->gone.resize(names_.ids_end());
  for (const observe::NameId id : left->names) left->gone[id] = true;
  left->missing = workers_.size();
  for (const auto& worker : workers_) {
    const auto busy = std::make_shared<std::vector<observe::NameId>>();
    const auto walk = std::make_shared<observe::WorkerMetrics::Walk>();
    auto some = [&worker = *worker, left, busy, walk] {
      return worker.metrics().forget_some(left->gone, *busy, *walk, metrics_per_turn);
    };
    auto ended = [this, left, busy](bool well) {
      boost::asio::post(context_, [this, left, busy, well] {
        const auto& kept = well ? *busy : left->names;
        left->busy.insert(kept.begin(), kept.end());
        if (--left->missing == 0) names_forgotten(*left);
      });
    };
    worker->post([&worker = *worker, some, ended] { worker.in_turns(some, ended); });
  }
}

/// What a worker still counts in is asked for again the next time.
void Supervisor::names_forgotten(const Leaving& left) {
  std::vector<observe::NameId> free;
  for (const observe::NameId id : left.names) (left.busy.contains(id) ? kept_names_ : free).push_back(id);
  series_.forget(free);
  for (const observe::NameId id : free) names_.release(id);
  forgetting_ = false;
}

void Supervisor::watch_names() {
  names_timer_.expires_after(names_interval);
  names_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    watch_names();
    forget_names();
  });
}

}  // namespace weir::control
