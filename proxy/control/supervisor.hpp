// The process: workers and their threads, the configuration in force, reload, drain, the admin address. Runs on the
// main thread, which is the control thread; workers are only ever sent messages.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>
#include <variant>
#include <vector>

#include "admin/backend.hpp"
#include "admin/generation_tag.hpp"
#include "admin/server.hpp"
#include "config/load.hpp"
#include "control/audit_log.hpp"
#include "control/compiler.hpp"
#include "control/config_files.hpp"
#include "control/file_watch.hpp"
#include "control/notify.hpp"
#include "control/operator_overrides.hpp"
#include "control/overload_guard.hpp"
#include "control/reload_guard.hpp"
#include "control/return_point.hpp"
#include "control/route_pauses.hpp"
#include "control/split_store.hpp"
#include "control/split_verbs.hpp"
#include "names/name_resolver.hpp"
#include "observe/collector.hpp"
#include "observe/log_writer.hpp"
#include "observe/name_life.hpp"
#include "observe/series_life.hpp"
#include "server/checker.hpp"
#include "server/worker.hpp"

namespace weir::control {

inline constexpr int exit_ok = 0;
inline constexpr int exit_bad_input = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_cannot_start = 3;
inline constexpr int exit_taken_back = 4;  // what was asked for was done, and was worse than before

class Supervisor {
 public:
  /// `watch`: reload when a file that the configuration was read from changes.
  Supervisor(std::vector<std::string> files, config::Surroundings surroundings, bool watch = false);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// Starts, serves until a signal to stop, and returns the exit code. Says on stderr why it could not start.
  int run();

 private:
  struct BoundListener {
    SocketAddress configured, bound;
  };
  using NewSockets =
      std::map<std::string, std::vector<io::FileDescriptor>>;  // by listener name, one per worker

  /// A configuration on its way to be taken over, with everything it needs.
  struct Next {
    Compiler::Prepared prepared;
    NewSockets sockets;
    std::map<std::string, BoundListener> bound;
    std::shared_ptr<observe::LogWriter> access_log;
  };

  int start();
  void run_loop();
  bool start_admin();
  Result<NewSockets> open_sockets(const config::Config& config, std::map<std::string, BoundListener>& bound);
  Result<std::shared_ptr<observe::LogWriter>> open_access_log(const config::Config& config);
  Result<Next> prepare(const std::shared_ptr<const config::Config>& config);
  void take_over(Next next);
  void publish(NewSockets sockets);
  std::shared_ptr<const server::Snapshot> freed_here(std::shared_ptr<const server::Snapshot> snapshot);
  bool is_ours(const SocketAddress& address) const;
  void apply_process_keys(const config::Config& before, const config::Config& now);
  void announce_ready();
  void warn_of_certificates() const;

  void reload(const ReloadWish& wish, const Reply<ReloadOutcome>& reply);
  /// Gets the outcome, and the generation that the reload made.
  using AfterReload = std::function<void(ReloadOutcome&, std::uint64_t)>;
  void bring(const std::shared_ptr<const config::Config>& config, FileDigests read,
             std::function<Result<AfterReload>()> before_it, const Reply<ReloadOutcome>& reply);
  void end_reload(ReloadOutcome outcome, const Reply<ReloadOutcome>& reply);
  config::LoadResult load(FileDigests& read);
  bool start_watch();
  void watch_files();
  void files_touched();
  void when_installed(std::function<void()> done);
  void names_changed();
  void wait_for_signal();
  void handle_signal(int number);
  bool is_ending() const { return state_ == RunState::leaving || state_ == RunState::draining; }
  void shut_down();
  void drain();
  void worker_drained();
  void stop_workers();
  void watch_ticket_keys();
  void descriptors_ran_out();
  void relieve_descriptors();
  void watch_endpoints();

  // supervisor_guard.cpp: reloads that are watched, and taken back.
  void reload_asked(const ReloadCall& call, const Reply<ReloadOutcome>& reply);
  Result<AfterReload> guarded(const ReloadWish& wish);
  void take_back(const std::string& why, const std::function<void(const Result<std::uint64_t>&)>& done);
  GuardHost guard_host();
  void count_requests(const std::function<void(const RouteCounts&)>& done);

  // supervisor_splits.cpp: live weights.
  Result<void> open_state(const std::string& folder);
  Result<void> claim_state_folder(const std::string& folder);
  void reconcile_splits(const config::Config& config);
  SplitReport split_report(const config::Route& route) const;
  std::vector<SplitReport> split_reports() const;
  void set_split(const SplitCall& call, const Reply<SplitOutcome>& reply);
  void put_weights(const config::Route& route, const WeightChange& change, const Reply<SplitOutcome>& reply);
  SplitVerbHost split_verb_host();
  void publish_weights();
  void watch_expiry();

  // supervisor_endpoints.cpp: endpoints taken out of use and put back.
  std::variant<OperatorOverrides::Place, EndpointOutcome> find_endpoint(const EndpointCall& call) const;
  EndpointControlReport endpoint_report(const OperatorOverrides::Place& place) const;
  std::optional<TakenOut> taken_out(const OperatorOverrides::Place& place) const;
  EndpointOutcome show_endpoint(const EndpointCall& call) const;
  void set_endpoint(const EndpointCall& call, const Reply<EndpointOutcome>& reply);
  bool readmit(const OperatorOverrides::Place& place, const OperatorOverride& entry);
  void put_in_force(const OperatorOverrides::Place& place);
  void apply_overrides(const server::Snapshot& snapshot) const;
  void reconcile_endpoints(const config::Config& config);

  PauseHost pause_host();
  void sum(const std::function<std::uint64_t(server::Worker&)>& count,
           const std::function<void(std::uint64_t)>& done);
  void route_verb(const RouteVerbCall& call, const Reply<RouteVerbOutcome>& reply);
  AdminBackend make_backend();
  HealthReport health() const;
  StatusReport status() const;
  std::vector<UpstreamReport> upstreams() const;
  observe::ScrapeInput scrape_input() const;
  /// Copies the counters of all workers, merges them and hands the sum to `done` on the control thread.
  struct Leaving {
    std::vector<observe::NameId> names;  // retired
    std::vector<bool> gone;              // the same, by id
    std::unordered_set<observe::NameId> busy;
    std::size_t missing = 0;  // workers
  };
  void forget_names();
  void names_forgotten(const Leaving& left);
  void watch_names();
  void collect(std::function<void(observe::WorkerMetrics&)> done);

  const std::vector<std::string> files_;
  const config::Surroundings surroundings_;
  FileDigests files_in_force_;  // that the configuration in force was read from
  FileDigests files_read_;      // that the last attempt read, and those in force
  boost::asio::io_context context_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer drain_timer_, ticket_timer_, split_timer_, panic_timer_, names_timer_;
  bool signals_armed_ = false;
  std::unique_ptr<FileWatch> watch_;  // null: --watch is off
  Notifier notifier_;
  observe::NameTable names_;
  observe::NameLife name_life_;
  std::vector<std::weak_ptr<const server::Snapshot>> serving_;  // those that some worker may still use
  std::vector<observe::NameId> kept_names_;                     // retired, and still counted under
  bool forgetting_ = false;
  observe::SeriesLife series_;
  Compiler compiler_;
  NameResolver resolver_;
  server::Checker checks_;
  server::ProcessShared shared_;
  OverloadGuard overload_;
  std::vector<std::unique_ptr<server::Worker>> workers_;
  std::vector<std::thread> threads_;
  AdminBackend backend_;
  std::unique_ptr<AdminServer> admin_;
  SocketAddress admin_address_;

  io::FileDescriptor state_folder_;        // holds the lock on server.state_dir
  std::optional<AuditLog> audit_;          // from start() on
  std::optional<SplitStore> splits_;       // the same
  std::optional<SplitVerbs> split_verbs_;  // the same
  std::optional<RoutePauses> pauses_;      // the same
  std::optional<ReloadGuard> guard_;       // the same
  OperatorOverrides overrides_;
  Compiler::Prepared prepared_;  // of the configuration in force
  std::shared_ptr<const server::Snapshot> snapshot_;
  std::shared_ptr<observe::LogWriter> access_log_;
  std::map<std::string, BoundListener> bound_;  // by listener name
  const std::string boot_mark_ = make_boot_mark();
  std::uint64_t generation_ = 0;
  bool reloading_ = false;
  std::vector<std::pair<ReloadWish, Reply<ReloadOutcome>>> waiting_reloads_;
  std::optional<ReturnPoint> return_point_;  // while a reload is watched
  bool last_reload_success_ = true;
  std::string last_reload_error_;
  std::chrono::system_clock::time_point started_, last_reload_;

  RunState state_ = RunState::starting;
  std::size_t workers_left_ = 0;  // that still drain
  int exit_code_ = exit_ok;
};

}  // namespace weir::control
