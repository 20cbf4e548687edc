// The process: puts the parts of the control thread together, starts them, and ends them on signals. Runs on the main
// thread, which is the control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/server.hpp"
#include "config/load.hpp"
#include "control/audit_log.hpp"
#include "control/compiler.hpp"
#include "control/endpoint_control.hpp"
#include "control/name_keeper.hpp"
#include "control/notify.hpp"
#include "control/overload_guard.hpp"
#include "control/publisher.hpp"
#include "control/reloader.hpp"
#include "control/reports.hpp"
#include "control/serving.hpp"
#include "control/split_control.hpp"
#include "names/name_resolver.hpp"
#include "server/checker.hpp"

namespace weir::control {

inline constexpr int exit_ok = 0;
inline constexpr int exit_bad_input = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_cannot_start = 3;

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
  /// What needs server.state_dir: made once the configuration is read.
  struct Operated {
    AuditLog audit;
    SplitControl splits;
    EndpointControl endpoints;
    Reports reports;
    io::FileDescriptor folder;  // holds the lock on it

    Operated(Supervisor& supervisor, const std::string& state_dir);
  };

  int start();
  Result<void> open_state(const std::string& state_dir);
  Publisher::Sources sources();
  void make_workers(const config::Config& config);
  bool start_admin();
  AdminBackend make_backend();
  void apply_process_keys(const config::Config& before, const config::Config& now);
  void announce_ready();
  void run_loop();

  void wait_for_signal();
  void handle_signal(int number);
  void reopen_logs();
  void shut_down();
  void drain();
  void worker_drained();
  void stop_workers();

  void watch_ticket_keys();
  void watch_endpoints();
  void descriptors_ran_out();
  void relieve_descriptors();

  boost::asio::io_context context_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer drain_timer_, ticket_timer_, panic_timer_;
  Notifier notifier_;
  observe::NameTable names_;
  Compiler compiler_;
  NameResolver resolver_;
  server::Checker checks_;
  Serving serving_;
  OverloadGuard overload_;
  Publisher publisher_;
  Reloader reloader_;
  NameKeeper name_keeper_;
  std::optional<Operated> operated_;  // from start() on
  AdminBackend backend_;
  std::unique_ptr<AdminServer> admin_;
  SocketAddress admin_address_;
  std::size_t workers_left_ = 0;  // that still drain
};

}  // namespace weir::control
