// What the admin address can ask of the rest of the program: the reports it shows and the calls that fill
// them. The supervisor fills an AdminBackend; tests fill their own. Everything here is called, and must be
// answered, on the control thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/rollout_report.hpp"
#include "admin/route_verb.hpp"
#include "config/diff.hpp"
#include "config/model.hpp"
#include "limit/overload.hpp"
#include "observe/name_table.hpp"
#include "observe/worker_metrics.hpp"
#include "upstream/retry_budget.hpp"

namespace weir::observe {
struct ShownNames;
}

namespace weir::control {

struct LiveFacts;
using SystemTime = std::chrono::system_clock::time_point;

struct UpstreamHealth {
  std::string name;
  std::size_t healthy = 0,
              total = 0;  // endpoints in use, endpoints; a name without an address is one that is down
};

/// GET /health. healthy: every endpoint is in use. unhealthy: some upstream has none. degraded: between.
struct HealthReport {
  std::string version;
  std::vector<UpstreamHealth> upstreams;
  std::string_view status() const;
};

enum class RunState : std::uint8_t {
  starting,
  ready,
  leaving,  // server.shutdown_delay: serving, but not ready
  draining,
};

struct ListenerReport {
  std::string name, address;  // the address that is bound, with the port that was given
  bool tls = false;
  std::uint64_t connections_total = 0;
  std::int64_t active = 0, idle = 0;
};

/// How the last reload that was watched fares (server.reload_guard).
struct GuardReport {
  enum class State : std::uint8_t {
    none,  // no reload was watched yet
    watching,
    kept,
    taken_back,
    superseded,  // by a reload that is not watched
    failed,      // it was to be taken back, and could not be
  };
  State state = State::none;
  std::uint64_t generation = 0;  // of the reload
  SystemTime since, until;
  std::string text;  // why it ended so
};

/// As reports show it.
std::string_view name_of(GuardReport::State state);

/// GET /api/v1/routes/NAME/pause.
struct PauseReport {
  std::string route;
  bool paused = false;
  std::uint32_t waiting = 0, queue = 0;  // requests that wait, and how many may
  std::uint64_t running = 0;             // requests of the route that do not wait: they came before
  std::uint64_t let_go = 0, timeout = 0, left = 0, refused = 0;  // since the process began
  std::string who, reason;                                       // where it is paused
  SystemTime since, until;                                       // the same
};

/// GET /api/v1/status.
struct StatusReport {
  std::string version, commit;
  int pid = 0;
  RunState state = RunState::starting;
  SystemTime started;
  std::size_t workers = 0;
  std::uint64_t generation = 0;
  std::string config_hash;
  std::vector<std::string> config_files;
  SystemTime last_reload;
  std::string last_reload_error;  // empty: it was taken over
  bool files_differ = false;      // from what is in force: the last reload was refused or taken back
  GuardReport guard;
  limit::Overload overload;
  std::vector<ListenerReport> listeners;
  std::vector<PauseReport> pauses;  // of routes that are paused, or that requests leave after a pause
  std::uint64_t requests_total = 0;
  std::int64_t requests_in_flight = 0;
  std::vector<RolloutReport> rollouts{};  // that were started
};

/// By an operator.
struct TakenOut {
  std::string who, reason;
  SystemTime since;
};

/// The last active check of an endpoint.
struct CheckSummary {
  std::string result;  // passed | failed | skipped
  std::string detail;  // `status 503`
  SystemTime at;
  double ms = 0;
  std::uint32_t in_a_row = 0;  // that ended like this one
};

struct EndpointReport {
  std::string address;  // its label in logs and metrics
  std::uint32_t weight = 1;
  std::string state = "healthy";  // upstream::shown_state, or unresolved: a name without an address
  std::uint32_t in_flight = 0;
  std::uint32_t consecutive_failures = 0;
  std::uint64_t requests_total = 0, failures_total = 0;
  std::int64_t connections_active = 0, connections_idle = 0;
  std::optional<TakenOut> taken_out = {};
  std::string why{};                           // it is in this state; empty: since the start
  std::string kept{};                          // why it is in use although it fails; empty: it does not
  std::optional<SystemTime> since{}, until{};  // of the state; until: an ejection's end
  unsigned ejections_in_row = 0;               // what has decayed taken off
  std::uint32_t window_requests = 0, window_failures = 0;  // where failure_rate is on
  std::optional<CheckSummary> check{};  // absent: no check has ended yet, or there are none
  double effective_weight = 1;          // less while it starts slowly
  std::uint32_t max_connections = 0;    // 0: no limit
  bool backup = false;
  std::string zone{};
};

/// GET /api/v1/upstreams.
struct UpstreamReport {
  std::string name;
  std::string balance;
  std::vector<EndpointReport> endpoints;
  struct Retries {
    upstream::RetryBudget::Use use;  // over all workers
    config::RetryBudget budget;
  } retries{};
  bool panic = false;                            // none of them can be trusted, so all are in use
  std::uint32_t waiting = 0, queue_max = 0;      // for an endpoint below its max_connections
  std::uint32_t requests = 0, max_requests = 0;  // at once; counted only where there is a limit (0: none)
  std::string protocol{};                        // the configuration's word for it
};

/// Fills the numbers that workers count into reports whose names are set.
void add_counters(StatusReport& report, const observe::WorkerMetrics& merged,
                  const observe::NameTable& names);
void add_counters(std::vector<UpstreamReport>& reports, const observe::WorkerMetrics& merged,
                  const observe::NameTable& names);

/// POST /api/v1/reload.
struct ReloadCall {
  std::string body;  // verb_request.hpp
  std::string peer;  // address of the client; empty: a signal, or --watch
};
struct ReloadOutcome {
  bool ok = false;
  std::uint64_t generation = 0;  // the one in use now
  std::vector<std::string>
      problems;              // why nothing changed: `file:line:col: path: problem; remedy`, or one phrase
  std::string hash;          // of the configuration in use now
  config::Changes changes;   // where ok: since the one before
  bool bad_request = false;  // it is the request that is wrong
  std::optional<GuardReport> guard = {};  // where ok, and it is watched from now on
};

struct SplitTargetReport {
  std::string upstream;
  std::uint32_t configured = 0, effective = 0;  // weights
  std::size_t healthy = 0, total = 0;           // endpoints
};

/// GET /api/v1/routes/NAME/split.
struct SplitReport {
  std::string route;
  std::uint64_t generation = 0;
  std::string tag;  // of that generation, in this process (generation_tag.hpp)
  std::string affinity;
  bool persistent = false;  // weights set at run time outlive a restart
  std::vector<SplitTargetReport> targets;
  struct Runtime {
    std::string who, reason;
    SystemTime since;
    std::optional<SystemTime> expires;
  };
  std::optional<Runtime> runtime;  // absent: the configuration's weights are in force
};

/// PUT /api/v1/routes/NAME/split.
struct SplitCall {
  std::string route, body;
  std::string peer;  // address of the client
};
struct SplitOutcome {
  int status = 200;  // otherwise `detail` and `errors` say why nothing changed
  std::string detail;
  std::vector<std::string> errors;
  SplitReport report;  // in force on all workers
};

/// GET and PUT /api/v1/upstreams/NAME/endpoints/ADDRESS.
struct EndpointCall {
  std::string upstream, address, body;
  std::string peer;  // address of the client
};
struct EndpointControlReport {
  std::string upstream, address, state;
  std::uint64_t in_flight = 0;  // with what began under earlier configurations
  std::optional<TakenOut> taken_out;
};
struct EndpointOutcome {
  int status = 200;  // otherwise `detail` and `errors` say why nothing changed
  std::string detail;
  std::vector<std::string> errors;
  EndpointControlReport report;  // in force on all workers
};

/// POST /api/v1/explain.
struct ExplainOutcome {
  int status = 200;  // otherwise `detail` and `errors` say what is wrong with the question
  std::string detail;
  std::vector<std::string> errors;
  std::string shown;  // JSON, or text where `text`
  bool text = false;
};

template <class T>
using Reply = std::function<void(T)>;

/// The counters of all workers, merged, with the names of their ids.
using CountersReply = std::function<void(const observe::WorkerMetrics&, const observe::NameTable&)>;

/// All members must be set. A reply may be given at once or within AdminLimits::backend_timeout, exactly
/// once; a later one is ignored.
struct AdminBackend {
  std::function<bool()> ready;  // accepts traffic: not before the listeners are open, not while draining
  std::function<HealthReport()> health;             // from shared endpoint state, without asking the workers
  std::function<std::string()> config;              // JSON, secrets blanked: config::dump
  std::function<std::string()> routes;              // JSON
  std::function<void(Reply<std::string>)> metrics;  // Prometheus text
  std::function<void(Reply<StatusReport>)> status;
  std::function<void(Reply<std::vector<UpstreamReport>>)> upstreams;
  std::function<void(const ReloadCall&, Reply<ReloadOutcome>)> reload;
  std::function<std::vector<SplitReport>()> splits;  // of all routes that have one
  std::function<void(const SplitCall&, Reply<SplitOutcome>)> set_split;
  std::function<EndpointOutcome(const EndpointCall&)> endpoint;
  std::function<void(const EndpointCall&, Reply<EndpointOutcome>)> set_endpoint;
  RolloutBackend rollouts;
  std::function<void(const RouteVerbCall&, Reply<RouteVerbOutcome>)> route_verb;
  std::function<std::string()> audit;  // JSON
  std::function<void(CountersReply)> counters;
  std::function<observe::ShownNames()> shown_names;
  std::function<LiveFacts()> live;
  std::function<ExplainOutcome(std::string_view body)> explain = {};  // what would happen to a request now
};

}  // namespace weir::control
