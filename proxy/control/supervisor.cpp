#include "control/supervisor.hpp"

#include <sys/resource.h>

#include <boost/asio/post.hpp>
#include <csignal>
#include <iostream>
#include <random>
#include <utility>

#include "admin/route_json.hpp"
#include "config/dump.hpp"
#include "control/cpu_count.hpp"
#include "control/durable_file.hpp"
#include "control/live_explain.hpp"
#include "control/live_facts.hpp"
#include "control/ready_line.hpp"
#include "core/version.hpp"
#include "io/spawn.hpp"
#include "observe/collector.hpp"
#include "observe/log.hpp"
#include "server/health_events.hpp"

namespace weir::control {
namespace {

constexpr std::chrono::hours ticket_check_interval{1};
constexpr Milliseconds panic_check_interval{500};

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/// For the rest of the process, on the only thread that takes any: with the signal set go its handlers, and a second
/// SIGTERM would make a drain that ended well look like a death.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

/// Lines that are JSON objects already, newest first.
std::string audit_json(const std::deque<std::string>& lines) {
  std::string text = R"({"audit":[)";
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (line != lines.rbegin()) text += ',';
    text += *line;
  }
  return text + "]}";
}

}  // namespace

Supervisor::Operated::Operated(Supervisor& supervisor, const std::string& state_dir)
    : audit(state_dir),
      splits(supervisor.context_, supervisor.serving_, supervisor.publisher_, audit, state_dir),
      rollouts(supervisor.context_, supervisor.serving_, supervisor.publisher_, audit, splits, state_dir),
      endpoints(supervisor.serving_, supervisor.compiler_, audit),
      split_verbs(splits.store(), supervisor.split_verb_host()),
      pauses(supervisor.context_, supervisor.serving_, audit),
      guarded({supervisor.context_, supervisor.serving_, supervisor.reloader_, splits, endpoints, audit,
               supervisor.names_}),
      reports({supervisor.serving_, supervisor.publisher_, supervisor.reloader_, supervisor.resolver_,
               supervisor.checks_, supervisor.overload_, splits, rollouts, endpoints, pauses, guarded}) {}

/// Used once everything is there.
SplitVerbHost Supervisor::split_verb_host() {
  SplitVerbHost host;
  host.config = [this] { return serving_.snapshot()->config; };
  host.report = [this](const config::Route& route) { return operated_->splits.report(route); };
  host.put = [this](const config::Route& route, const WeightChange& change,
                    const Reply<SplitOutcome>& reply) { operated_->splits.put(route, change, reply); };
  host.is_generation = [this](std::string_view text) { return serving_.is_generation(text); };
  host.draining = [this] { return serving_.state() == RunState::draining; };
  host.rollout_runs = [this](std::string_view route) { return operated_->rollouts.all().is_running(route); };
  return host;
}

Supervisor::Supervisor(std::vector<std::string> files, config::Surroundings surroundings, bool watch)
    : signals_(context_),
      drain_timer_(context_),
      ticket_timer_(context_),
      panic_timer_(context_),
      notifier_(Notifier::from_environment()),
      compiler_(names_),
      resolver_(context_,
                [this] {
                  if (serving_.state() != RunState::draining) publisher_.publish();
                }),
      checks_(std::random_device{}()),
      serving_(context_),
      overload_(context_, serving_.shared()),
      publisher_(serving_, compiler_),
      reloader_(context_, serving_, publisher_, resolver_, notifier_, std::move(files),
                std::move(surroundings), watch),
      name_keeper_(context_, serving_, names_,
                   [this] { return reloader_.is_reloading() || serving_.state() == RunState::starting; }) {
  publisher_.set_sources(sources());
  reloader_.set_applied(
      [this](const config::Config& before, const config::Config& now) { apply_process_keys(before, now); });
}

Supervisor::~Supervisor() {
  stop_workers();
}

int Supervisor::run() {
  const int code = start();
  if (code != exit_ok) return code;
  run_loop();
  stop_workers();
  resolver_.stop();
  publisher_.close_access_log();
  block_signals();
  return exit_ok;
}

/// What one handler throws (out of memory) ends that handler.
void Supervisor::run_loop() {
  for (bool ended = false; !ended;) {
    try {
      context_.run();
      ended = true;
    } catch (...) {
      io::log_failure("control", std::current_exception());
    }
  }
}

int Supervisor::start() {
  auto loaded = reloader_.load();
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    for (const config::Problem& problem : *problems) std::cerr << problem.to_string() << '\n';
    return exit_bad_input;
  }
  const auto config = std::make_shared<const config::Config>(std::move(std::get<config::Config>(loaded)));
  try {
    observe::configure_log(config->log);
  } catch (const std::exception& failure) {
    std::cerr << "log.output: " << failure.what() << '\n';
    return exit_cannot_start;
  }
  if (const auto opened = open_state(config->server.state_dir); !opened) {
    std::cerr << "server.state_dir: " << opened.error().detail << '\n';
    return exit_cannot_start;
  }
  make_workers(*config);
  auto next = publisher_.prepare(config);
  if (!next) {
    std::cerr << next.error().detail << '\n';
    return exit_cannot_start;
  }
  bool settled = false;
  resolver_.watch(host_names(*config), config->server.resolver, [&settled] { settled = true; });
  while (!settled) context_.run_one();  // bounded by NameResolver::first_answer_wait
  publisher_.take_over(std::move(*next));
  if (!start_admin() || !reloader_.start_watch()) return exit_cannot_start;
  for (const int number : {SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGUSR1}) signals_.add(number);
  wait_for_signal();
  serving_.start();
  watch_ticket_keys();
  overload_.start();
  operated_->guarded.start();
  watch_endpoints();
  name_keeper_.watch();
  serving_.set_state(RunState::ready);
  announce_ready();
  return exit_ok;
}

/// Error (internal): what is wrong with the folder.
Result<void> Supervisor::open_state(const std::string& state_dir) {
  operated_.emplace(*this, state_dir);
  if (!state_dir.empty()) {
    if (auto made = make_folder(state_dir); !made) return made;
    auto claimed = claim_folder(state_dir);
    if (!claimed) return claimed.error();
    operated_->folder = std::move(*claimed);
  }
  if (auto opened = operated_->audit.open(); !opened) return opened;
  if (auto opened = operated_->splits.open(); !opened) return opened;
  return operated_->rollouts.open();
}

Publisher::Sources Supervisor::sources() {
  Publisher::Sources sources;
  sources.addresses = [this](const std::string& host) { return resolver_.addresses(host); };
  sources.weights = [this](const config::Route& route) { return operated_->splits.weights_of(route); };
  sources.rollouts = [this](const config::Route& route) { return operated_->rollouts.all().in_force(route); };
  sources.apply_overrides = [this](const server::Snapshot& snapshot) {
    operated_->endpoints.apply(snapshot);
  };
  sources.reconcile = [this](const std::shared_ptr<const config::Config>& config) {
    operated_->splits.reconcile(*config);
    operated_->rollouts.adopt(config);
    operated_->endpoints.reconcile(*config);
    overload_.configure(config->server);
  };
  sources.published = [this](const server::Snapshot& snapshot) {
    checks_.install(snapshot);
    operated_->pauses.reconcile();
  };
  return sources;
}

void Supervisor::make_workers(const config::Config& config) {
  raise_descriptor_limit();
  const unsigned count = config.server.workers == 0 ? usable_cpus() : config.server.workers;
  compiler_.set_workers(count);
  overload_.reserve_descriptors(count, [this] { relieve_descriptors(); });
  serving_.shared().descriptors_ran_out = [this] {
    boost::asio::post(context_, [this] { descriptors_ran_out(); });
  };
  serving_.shared().via = fmt::format("weir-{:08x}", std::random_device{}());
  serving_.make_workers(count);
}

AdminBackend Supervisor::make_backend() {
  AdminBackend backend;
  const Reports& reports = operated_->reports;
  SplitControl& splits = operated_->splits;
  EndpointControl& endpoints = operated_->endpoints;
  backend.ready = [this] { return serving_.state() == RunState::ready; };
  backend.health = [&reports] { return reports.health(); };
  backend.config = [this] { return config::dump(*serving_.snapshot()->config); };
  backend.routes = [this] { return routes_json(*serving_.snapshot()->config); };
  backend.metrics = [this, &reports](Reply<std::string> reply) {
    serving_.collect([this, &reports, reply = std::move(reply)](observe::WorkerMetrics& merged) {
      name_keeper_.prune(merged);
      reply(observe::metrics_text(merged, names_, reports.scrape_input()));
      name_keeper_.scraped();
    });
  };
  backend.status = [this, &reports](Reply<StatusReport> reply) {
    serving_.collect([this, &reports, reply = std::move(reply)](const observe::WorkerMetrics& merged) {
      StatusReport report = reports.status();
      add_counters(report, merged, names_);
      reply(std::move(report));
    });
  };
  backend.upstreams = [this, &reports](Reply<std::vector<UpstreamReport>> reply) {
    serving_.collect([this, &reports, reply = std::move(reply)](const observe::WorkerMetrics& merged) {
      std::vector<UpstreamReport> upstreams = reports.upstreams();
      add_counters(upstreams, merged, names_);
      reply(std::move(upstreams));
    });
  };
  backend.reload = [this](const ReloadCall& call, const Reply<ReloadOutcome>& reply) {
    operated_->guarded.reload(call, reply);
  };
  backend.splits = [&splits] { return splits.reports(); };
  backend.set_split = [&splits](const SplitCall& call, const Reply<SplitOutcome>& reply) {
    splits.set(call, reply);
  };
  backend.rollouts = operated_->rollouts.backend();
  backend.endpoint = [&endpoints](const EndpointCall& call) { return endpoints.show(call); };
  backend.set_endpoint = [&endpoints](const EndpointCall& call, const Reply<EndpointOutcome>& reply) {
    endpoints.set(call, reply);
  };
  backend.route_verb = [this](const RouteVerbCall& call, const Reply<RouteVerbOutcome>& reply) {
    if (call.verb == RouteVerb::pause) return operated_->pauses.call(call, reply);
    operated_->split_verbs.call(call, reply);
  };
  backend.explain = [live = LiveExplain(serving_, overload_, splits, endpoints, operated_->pauses)](
                        std::string_view body) { return live.answer(body); };
  backend.audit = [this] { return audit_json(operated_->audit.lines()); };
  backend.counters = [this](CountersReply reply) {
    serving_.collect(
        [this, reply = std::move(reply)](const observe::WorkerMetrics& merged) { reply(merged, names_); });
  };
  backend.shown_names = [this] { return shown_names(*serving_.snapshot()); };
  backend.live = [this, &reports] { return reports.live(operated_->audit.lines()); };
  return backend;
}

bool Supervisor::start_admin() {
  const config::Admin& settings = serving_.snapshot()->config->admin;
  AdminOptions options;
  options.rules = {settings.token, settings.read_token, settings.hosts};
  options.accept_failed = [this] { descriptors_ran_out(); };
  backend_ = make_backend();
  admin_ = std::make_unique<AdminServer>(context_, settings.address, std::move(options), backend_);
  const auto bound = admin_->start();
  if (!bound) {
    std::cerr << "admin.address: " << bound.error().detail << '\n';
    return false;
  }
  admin_address_ = *bound;
  return true;
}

void Supervisor::announce_ready() {
  std::vector<std::pair<std::string, std::string>> listeners;
  for (const auto& listener : serving_.snapshot()->listeners) {
    listeners.emplace_back(listener->config.name, listener->bound.to_string());
  }
  std::cout << ready_line(listeners, admin_address_.to_string()) << std::endl;
  notifier_.ready("ready");
  observe::log(config::LogLevel::info, "weir {} ready: generation {}, config {}, {} workers", version(),
               serving_.generation(), serving_.snapshot()->config->hash, serving_.workers().size());
  warn_of_certificates(*serving_.snapshot());
}

/// What lies outside the snapshot; what a reload takes over only at the next start is said, not ignored.
void Supervisor::apply_process_keys(const config::Config& before, const config::Config& now) {
  const auto note = [](const char* key) {
    observe::log(config::LogLevel::warn, "{} changed: takes effect at the next start", key);
  };
  if (before.server.workers != now.server.workers) note("server.workers");
  if (before.server.state_dir != now.server.state_dir) note("server.state_dir");
  if (before.admin.address != now.admin.address) note("admin.address");
  admin_->set_rules({now.admin.token, now.admin.read_token, now.admin.hosts});
  if (before.log.output != now.log.output || before.log.level != now.log.level ||
      before.log.format != now.log.format) {
    try {
      observe::configure_log(now.log);
    } catch (const std::exception& failure) {
      observe::log(config::LogLevel::error, "log.output: {}; the old one stays", failure.what());
    }
  }
}

void Supervisor::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int number) {
    if (error) return;
    handle_signal(number);
    wait_for_signal();
  });
}

void Supervisor::handle_signal(int number) {
  switch (number) {
    case SIGHUP:
      reloader_.reload({}, nullptr);
      return;
    case SIGUSR1:
      reopen_logs();
      return;
    case SIGQUIT:
      observe::log(config::LogLevel::info, "SIGQUIT: exiting now");
      context_.stop();
      return;
    default:
      shut_down();
  }
}

void Supervisor::reopen_logs() {
  observe::reopen_log();
  if (!publisher_.access_log()) return;
  if (const auto failure = publisher_.access_log()->reopen())
    observe::log(config::LogLevel::error, "access log: {}; the old file stays", *failure);
}

/// The first signal: no longer ready, and serving on for server.shutdown_delay. The second one ends that.
void Supervisor::shut_down() {
  if (serving_.state() == RunState::draining) return;
  const auto delay = serving_.snapshot()->config->server.shutdown_delay;
  if (serving_.state() == RunState::leaving || delay.count() == 0) return drain();
  serving_.set_state(RunState::leaving);
  notifier_.stopping("not ready; serving until server.shutdown_delay is over");
  observe::log(config::LogLevel::info, "not ready; serving for {} ms, then draining", delay.count());
  drain_timer_.expires_after(delay);
  drain_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && serving_.state() == RunState::leaving) drain();
  });
}

void Supervisor::drain() {
  serving_.set_state(RunState::draining);
  notifier_.stopping("draining");
  const auto timeout = serving_.snapshot()->config->server.shutdown_timeout;
  observe::log(config::LogLevel::info, "draining: {} connections, at most {} ms",
               serving_.shared().connections.load(), timeout.count());
  operated_->rollouts.stop();
  operated_->pauses.drain(timeout);
  admin_->end_event_streams();
  workers_left_ = serving_.workers().size();
  serving_.post([this](server::Worker& worker) {
    worker.drain([this] { boost::asio::post(context_, [this] { worker_drained(); }); });
  });
  drain_timer_.expires_after(timeout);
  drain_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    observe::log(config::LogLevel::warn, "shutdown_timeout is over: closing {} connections",
                 serving_.shared().connections.load());
    context_.stop();  // stop_workers() ends what is left
  });
}

void Supervisor::worker_drained() {
  if (--workers_left_ > 0) return;
  observe::log(config::LogLevel::info, "drained");
  drain_timer_.cancel();
  boost::asio::post(context_, [this] { context_.stop(); });  // behind the last bytes of event streams
}

void Supervisor::stop_workers() {
  checks_.stop();
  serving_.stop();
}

void Supervisor::descriptors_ran_out() {
  overload_.sample();
  overload_.start();  // the next sample comes sooner when pressure rose
  relieve_descriptors();
}

/// What idles anywhere gives its descriptor up.
void Supervisor::relieve_descriptors() {
  serving_.post([](server::Worker& worker) { (void)worker.shed_idle(); });
}

void Supervisor::watch_ticket_keys() {
  ticket_timer_.expires_after(ticket_check_interval);
  ticket_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    compiler_.rotate_ticket_keys(Clock::now());
    watch_ticket_keys();
  });
}

/// A request that finds no usable endpoint says so itself; this sees the end, and upstreams without requests.
void Supervisor::watch_endpoints() {
  for (const server::UpstreamRuntime& upstream : serving_.snapshot()->upstreams) {
    server::watch_panic(upstream);
    server::watch_backups(upstream);
  }
  panic_timer_.expires_after(panic_check_interval);
  panic_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) watch_endpoints();
  });
}

}  // namespace weir::control
