#include "control/supervisor.hpp"

#include <sys/resource.h>

#include <boost/asio/post.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <random>
#include <set>
#include <utility>

#include "control/cpu_count.hpp"
#include "control/ready_line.hpp"
#include "core/version.hpp"
#include "io/spawn.hpp"
#include "observe/events.hpp"
#include "observe/log.hpp"
#include "server/health_events.hpp"
#include "tls/context.hpp"

namespace weir::control {
namespace {

constexpr std::chrono::hours ticket_check_interval{1};
constexpr Milliseconds panic_check_interval{500};

std::string join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

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

std::set<std::string> host_names(const config::Config& config) {
  std::set<std::string> names;
  for (const config::Upstream& upstream : config.upstreams) {
    for (const config::Endpoint& endpoint : upstream.endpoints) {
      if (!endpoint.ip) names.insert(endpoint.host);
    }
  }
  return names;
}

ReloadOutcome refused(std::vector<std::string> problems) {
  ReloadOutcome outcome;
  outcome.problems = std::move(problems);
  return outcome;
}

std::vector<std::string> texts_of(const std::vector<config::Problem>& problems) {
  std::vector<std::string> texts;
  texts.reserve(problems.size());
  for (const config::Problem& problem : problems) texts.push_back(problem.to_string());
  return texts;
}

}  // namespace

Supervisor::Supervisor(std::vector<std::string> files, config::Surroundings surroundings, bool watch)
    : files_(std::move(files)),
      surroundings_(std::move(surroundings)),
      signals_(context_),
      drain_timer_(context_),
      ticket_timer_(context_),
      split_timer_(context_),
      panic_timer_(context_),
      names_timer_(context_),
      notifier_(Notifier::from_environment()),
      compiler_(names_),
      resolver_(context_, [this] { names_changed(); }),
      checks_(std::random_device{}()),
      overload_(context_, shared_),
      started_(std::chrono::system_clock::now()),
      last_reload_(started_) {
  if (watch) watch_ = std::make_unique<FileWatch>(context_, [this] { files_touched(); });
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
  access_log_.reset();
  block_signals();
  return exit_code_;
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
  auto loaded = load(files_in_force_);
  files_read_ = files_in_force_;
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
    std::cerr << opened.error().detail << '\n';
    return exit_cannot_start;
  }
  guard_.emplace(context_, *audit_, guard_host());
  split_verbs_.emplace(*splits_, split_verb_host());
  pauses_.emplace(context_, *audit_, pause_host());
  raise_descriptor_limit();
  const unsigned count = config->server.workers == 0 ? usable_cpus() : config->server.workers;
  compiler_.set_workers(count);
  overload_.reserve_descriptors(count, [this] { relieve_descriptors(); });
  shared_.descriptors_ran_out = [this] { boost::asio::post(context_, [this] { descriptors_ran_out(); }); };
  std::random_device entropy;
  shared_.via = fmt::format("weir-{:08x}", entropy());
  for (unsigned i = 0; i < count; ++i) {
    const std::uint64_t seed = std::uint64_t{entropy()} << 32 | entropy();
    workers_.push_back(std::make_unique<server::Worker>(i, shared_, seed));
  }
  auto next = prepare(config);
  if (!next) {
    std::cerr << next.error().detail << '\n';
    return exit_cannot_start;
  }
  bool settled = false;
  resolver_.watch(host_names(*config), config->server.resolver, [&settled] { settled = true; });
  while (!settled) context_.run_one();  // bounded by NameResolver::first_answer_wait
  take_over(std::move(*next));
  if (!start_admin() || !start_watch()) return exit_cannot_start;
  wait_for_signal();
  for (const auto& worker : workers_) threads_.emplace_back([&worker = *worker] { worker.run(); });
  watch_ticket_keys();
  overload_.start();
  guard_->start();
  watch_endpoints();
  watch_names();
  state_ = RunState::ready;
  announce_ready();
  return exit_ok;
}

bool Supervisor::start_admin() {
  const config::Admin& settings = snapshot_->config->admin;
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

Result<Supervisor::NewSockets> Supervisor::open_sockets(const config::Config& config,
                                                        std::map<std::string, BoundListener>& bound) {
  NewSockets opened;
  for (const config::Listener& listener : config.listeners) {
    const auto known = bound_.find(listener.name);
    if (known != bound_.end() && known->second.configured == listener.address) {
      bound[listener.name] = known->second;
      continue;
    }
    if (const auto free = listen::check_free(listener.address); !free && !is_ours(listener.address)) {
      return self_error(free.error().kind, "listeners." + listener.name + ".address: " + free.error().detail);
    }
    BoundListener where{listener.address, listener.address};
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      auto socket =
          listen::open_listener(where.bound, where.bound);  // the first one finds the port, if it was 0
      if (!socket) {
        return self_error(socket.error().kind,
                          "listeners." + listener.name + ".address: " + socket.error().detail);
      }
      opened[listener.name].push_back(std::move(*socket));
    }
    bound[listener.name] = where;
  }
  return opened;
}

bool Supervisor::is_ours(const SocketAddress& address) const {
  for (const auto& [name, listener] : bound_) {
    if (listener.bound == address) return true;
  }
  return false;
}

Result<std::shared_ptr<observe::LogWriter>> Supervisor::open_access_log(const config::Config& config) {
  const config::AccessLog& wanted = config.log.access;
  if (!wanted.enabled) return std::shared_ptr<observe::LogWriter>();
  if (access_log_ && snapshot_ && snapshot_->config->log.access.output == wanted.output) return access_log_;
  try {
    return std::make_shared<observe::LogWriter>(wanted.output);
  } catch (const std::exception& failure) {
    return self_error(ErrorKind::internal, std::string("log.access.output: ") + failure.what());
  }
}

/// Everything that can fail, done without changing anything that is in force.
Result<Supervisor::Next> Supervisor::prepare(const std::shared_ptr<const config::Config>& config) {
  Next next;
  auto prepared = compiler_.prepare(config);
  if (!prepared) return prepared.error();
  auto sockets = open_sockets(*config, next.bound);
  if (!sockets) return sockets.error();
  auto access_log = open_access_log(*config);
  if (!access_log) return access_log.error();
  next.prepared = std::move(*prepared);
  next.sockets = std::move(*sockets);
  next.access_log = std::move(*access_log);
  return next;
}

/// Puts what was prepared in force. Cannot fail.
void Supervisor::take_over(Next next) {
  prepared_ = std::move(next.prepared);
  compiler_.commit(prepared_);
  bound_ = std::move(next.bound);
  access_log_ = std::move(next.access_log);
  ++generation_;
  reconcile_splits(*prepared_.config);
  reconcile_endpoints(*prepared_.config);
  overload_.configure(prepared_.config->server);
  publish(std::move(next.sockets));
  pauses_->reconcile();
  watch_expiry();
}

/// Builds the snapshot of what is in force now and sends it to every worker.
void Supervisor::publish(NewSockets sockets) {
  auto snapshot = compiler_.build(
      prepared_, generation_,
      [this](const config::Listener& listener) { return bound_.at(listener.name).bound; },
      [this](const std::string& host) { return resolver_.addresses(host); },
      [this](const config::Route& route) { return splits_->weights_of(route); });
  snapshot->access_log = access_log_;
  apply_overrides(*snapshot);
  snapshot_ = freed_here(std::move(snapshot));
  serving_.push_back(snapshot_);
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    auto items = std::make_shared<std::vector<server::ListenerSocket>>();
    for (const auto& listener : snapshot_->listeners) {
      const auto fresh = sockets.find(listener->config.name);
      server::ListenerSocket item{listener, {}};
      if (fresh != sockets.end()) item.socket = std::move(fresh->second[i]);
      items->push_back(std::move(item));
    }
    workers_[i]->post([worker = workers_[i].get(), snapshot = snapshot_, items] {
      worker->install(snapshot, std::move(*items));
    });
  }
  checks_.install(*snapshot_);
}

/// Freeing ten thousand routes takes milliseconds, which no request should wait for: the worker that lets a snapshot
/// go last hands it back to this thread.
std::shared_ptr<const server::Snapshot> Supervisor::freed_here(
    std::shared_ptr<const server::Snapshot> snapshot) {
  const server::Snapshot* const raw = snapshot.get();
  return {raw, [this, snapshot = std::move(snapshot)](const server::Snapshot*) mutable {
            boost::asio::post(context_, [last = std::move(snapshot)] {});
          }};
}

void Supervisor::names_changed() {
  if (state_ != RunState::draining) publish({});
}

void Supervisor::announce_ready() {
  std::vector<std::pair<std::string, std::string>> listeners;
  for (const auto& listener : snapshot_->listeners) {
    listeners.emplace_back(listener->config.name, listener->bound.to_string());
  }
  std::cout << ready_line(listeners, admin_address_.to_string()) << std::endl;
  notifier_.ready("ready");
  observe::log(config::LogLevel::info, "weir {} ready: generation {}, config {}, {} workers", version(),
               generation_, snapshot_->config->hash, workers_.size());
  warn_of_certificates();
}

/// An invalid certificate is a warning, not a reason to refuse the configuration.
void Supervisor::warn_of_certificates() const {
  const auto now = std::chrono::system_clock::now();
  for (const auto& listener : snapshot_->listeners) {
    if (!listener->tls) continue;
    for (const auto& certificate : listener->tls->certificates()) {
      const auto warning = tls::validity_warning(certificate, now);
      if (!warning) continue;
      observe::Event event;
      event.level = config::LogLevel::warn;
      event.kind = "certificate_invalid";
      event.text = "listener " + listener->config.name + ": " + *warning;
      observe::emit(std::move(event));
    }
  }
}

void Supervisor::reload(const ReloadWish& wish, const Reply<ReloadOutcome>& reply) {
  if (reloading_) {
    // The files may have changed since that one read them: another one follows.
    waiting_reloads_.push_back({wish, reply});
    return;
  }
  if (is_ending()) {
    end_reload(refused({"shutting down"}), reply);
    return;
  }
  reloading_ = true;
  notifier_.reloading();
  FileDigests read;
  auto loaded = load(read);
  files_read_ = read;
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    end_reload(refused(texts_of(*problems)), reply);
    return;
  }
  const auto config = std::make_shared<const config::Config>(std::move(std::get<config::Config>(loaded)));
  bring(
      config, std::move(read), [this, wish] { return guarded(wish); }, reply);
}

/// Puts `config`, which was read from the files `read`, in force. `before_it` comes right before that, when nothing can
/// go wrong any more but what it says itself; what it returns comes when all workers have it.
void Supervisor::bring(const std::shared_ptr<const config::Config>& config, FileDigests read,
                       std::function<Result<AfterReload>()> before_it, const Reply<ReloadOutcome>& reply) {
  auto next = prepare(config);
  if (!next) {
    end_reload(refused({next.error().detail}), reply);
    return;
  }
  // New names are looked up first: an upstream must not lose its endpoints only because they have names now.
  const auto held = std::make_shared<Next>(std::move(*next));
  resolver_.watch(host_names(*config), config->server.resolver,
                  [this, held, reply, read = std::move(read), before_it = std::move(before_it)] {
                    if (is_ending()) return end_reload(refused({"Weir is shutting down"}), reply);
                    auto after_it = before_it();
                    if (!after_it) return end_reload(refused({after_it.error().detail}), reply);
                    const auto before = snapshot_->config;
                    take_over(std::move(*held));
                    apply_process_keys(*before, *snapshot_->config);
                    ReloadOutcome outcome;
                    outcome.ok = true;
                    outcome.changes =
                        config::diff(*before, *snapshot_->config, changed_files(files_in_force_, read));
                    files_in_force_ = read;
                    when_installed([this, reply, outcome = std::move(outcome),
                                    after_it = std::move(*after_it), generation = generation_]() mutable {
                      if (after_it) after_it(outcome, generation);
                      end_reload(std::move(outcome), reply);
                    });
                  });
}

void Supervisor::end_reload(ReloadOutcome outcome, const Reply<ReloadOutcome>& reply) {
  outcome.generation = generation_;
  outcome.hash = snapshot_->config->hash;
  last_reload_success_ = outcome.ok;
  last_reload_error_ = join(outcome.problems);
  if (outcome.ok) {
    last_reload_ = std::chrono::system_clock::now();
    observe::log(config::LogLevel::info, "reloaded: generation {}, config {}; {}", outcome.generation,
                 outcome.hash, config::to_text(outcome.changes));
    warn_of_certificates();
  }
  for (const std::string& problem : outcome.problems) {
    observe::log(config::LogLevel::error, "reload refused, generation {} stays: {}", generation_, problem);
  }
  if (state_ == RunState::ready) {
    notifier_.ready(outcome.ok ? "ready" : "ready; the last reload was refused");
  }
  if (reply) reply(outcome);
  reloading_ = false;
  watch_files();
  if (waiting_reloads_.empty()) return;
  // One more reading of the files answers all requests that came meanwhile.
  auto waiting = std::exchange(waiting_reloads_, {});
  ReloadWish wish;
  for (const auto& [each, ignored] : waiting) wish.join(each);
  reload(wish, [waiting = std::move(waiting)](const ReloadOutcome& again) {
    for (const auto& [ignored, waiter] : waiting) {
      if (waiter) waiter(again);
    }
  });
}

/// Reads the configuration; `read`: from which files.
config::LoadResult Supervisor::load(FileDigests& read) {
  return config::load(files_, recording(surroundings_, read));
}

bool Supervisor::start_watch() {
  if (!watch_) return true;
  if (const auto started = watch_->start(); !started) {
    std::cerr << "--watch: " << started.error().detail << '\n';
    return false;
  }
  watch_files();
  return true;
}

/// Watches what was read, and what is in force: after a refused reload either may be mended.
void Supervisor::watch_files() {
  if (!watch_) return;
  FileDigests unread = files_in_force_;
  for (const auto& [path, digest] : files_read_) unread.erase(path);
  files_read_.merge(read_again(unread, surroundings_));
  std::set<std::string> paths;
  for (const auto& [path, digest] : files_read_) paths.insert(path);
  watch_->watch(paths);
  watch_->touch();  // what changed between the reading and the watching has made no event
}

void Supervisor::files_touched() {
  if (reloading_ || state_ != RunState::ready) return;  // the end of a reload looks again
  const auto changed = changed_files(files_read_, read_again(files_read_, surroundings_));
  if (changed.empty()) return;
  observe::log(config::LogLevel::info, "changed: {}", join({changed.begin(), changed.end()}));
  reload({}, nullptr);
}

/// Calls `done` on the control thread once every worker has done what was posted to it before: uses the snapshot that
/// was published last, for one.
void Supervisor::when_installed(std::function<void()> done) {
  const auto missing = std::make_shared<std::size_t>(workers_.size());
  const auto all_done = std::make_shared<std::function<void()>>(std::move(done));
  for (const auto& worker : workers_) {
    worker->post([this, missing, all_done] {
      boost::asio::post(context_, [missing, all_done] {
        if (--*missing == 0) (*all_done)();
      });
    });
  }
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
  if (!signals_armed_) {
    for (const int number : {SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGUSR1}) signals_.add(number);
    signals_armed_ = true;
  }
  signals_.async_wait([this](const boost::system::error_code& error, int number) {
    if (error) return;
    handle_signal(number);
    wait_for_signal();
  });
}

void Supervisor::handle_signal(int number) {
  switch (number) {
    case SIGHUP:
      reload({}, nullptr);
      return;
    case SIGUSR1:
      observe::reopen_log();
      if (access_log_) {
        if (const auto failure = access_log_->reopen()) {
          observe::log(config::LogLevel::error, "access log: {}; the old file stays", *failure);
        }
      }
      return;
    case SIGQUIT:
      observe::log(config::LogLevel::info, "SIGQUIT: exiting now");
      context_.stop();
      return;
    default:
      shut_down();
  }
}

/// The first signal: no longer ready, and serving on for server.shutdown_delay. The second one ends that.
void Supervisor::shut_down() {
  if (state_ == RunState::draining) return;
  const auto delay = snapshot_->config->server.shutdown_delay;
  if (state_ == RunState::leaving || delay.count() == 0) return drain();
  state_ = RunState::leaving;
  notifier_.stopping("not ready; serving until server.shutdown_delay is over");
  observe::log(config::LogLevel::info, "not ready; serving for {} ms, then draining", delay.count());
  drain_timer_.expires_after(delay);
  drain_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && state_ == RunState::leaving) drain();
  });
}

void Supervisor::drain() {
  state_ = RunState::draining;
  notifier_.stopping("draining");
  const auto timeout = snapshot_->config->server.shutdown_timeout;
  observe::log(config::LogLevel::info, "draining: {} connections, at most {} ms", shared_.connections.load(),
               timeout.count());
  pauses_->drain(timeout);
  admin_->end_event_streams();
  workers_left_ = workers_.size();
  for (const auto& worker : workers_) {
    worker->post([this, &worker = *worker] {
      worker.drain([this] { boost::asio::post(context_, [this] { worker_drained(); }); });
    });
  }
  drain_timer_.expires_after(timeout);
  drain_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    observe::log(config::LogLevel::warn, "shutdown_timeout is over: closing {} connections",
                 shared_.connections.load());
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
  for (const auto& worker : workers_) worker->stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Supervisor::descriptors_ran_out() {
  overload_.sample();
  overload_.start();  // the next sample comes sooner when pressure rose
  relieve_descriptors();
}

/// What idles anywhere gives its descriptor up.
void Supervisor::relieve_descriptors() {
  for (const auto& worker : workers_) {
    worker->post([&worker = *worker] { (void)worker.shed_idle(); });
  }
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
  for (const server::UpstreamRuntime& upstream : snapshot_->upstreams) {
    server::watch_panic(upstream);
    server::watch_backups(upstream);
  }
  panic_timer_.expires_after(panic_check_interval);
  panic_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) watch_endpoints();
  });
}

}  // namespace weir::control
