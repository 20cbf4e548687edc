// Reloads: reads the files again, prepares all that can fail, and takes it over or says why not. One at a time; those
// that are asked for meanwhile are answered by one more reading. With --watch, changed files start one. Control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "admin/backend.hpp"
#include "config/diff.hpp"
#include "config/load.hpp"
#include "control/config_files.hpp"
#include "control/file_watch.hpp"
#include "control/notify.hpp"
#include "control/publisher.hpp"
#include "control/return_point.hpp"
#include "control/serving.hpp"
#include "names/name_resolver.hpp"

namespace weir::control {

class Reloader {
 public:
  /// A configuration was taken over: the one before it, and that.
  using Applied = std::function<void(const config::Config& before, const config::Config& now)>;

  /// `watch`: reload when a file that the configuration was read from changes. References outlive this.
  Reloader(boost::asio::io_context& context, Serving& serving, Publisher& publisher, NameResolver& resolver,
           Notifier& notifier, std::vector<std::string> files, config::Surroundings surroundings, bool watch);

  void set_applied(Applied applied) { applied_ = std::move(applied); }

  /// When all workers have what was reloaded: its outcome so far, and its generation.
  using Installed = std::function<void(ReloadOutcome&, std::uint64_t)>;
  using Go = std::function<void(Result<Installed>)>;
  /// Right before a reload is taken over, when nothing else can fail any more: it is, when `go` is called, now or
  /// later. An error refuses the reload.
  using BeforeReload = std::function<void(const ReloadWish&, const Go& go)>;
  void set_before(BeforeReload before) { before_ = std::move(before); }

  /// The first reading, at the start.
  config::LoadResult load();
  /// False: --watch cannot work, and stderr says why.
  bool start_watch();

  /// `reply` may be null.
  void reload(const ReloadWish& wish, const Reply<ReloadOutcome>& reply);
  /// As a reload to `config`, which was in force before, read from these `files`. The files themselves stay as they
  /// are: --watch goes on comparing them with what was read last, and last_error() says `why` until the next reload.
  /// Not while another one is under way.
  void bring_back(const std::shared_ptr<const config::Config>& config, const FileDigests& files,
                  const std::string& why, std::function<void()> before, const Reply<ReloadOutcome>& reply);
  bool is_reloading() const { return reloading_; }

  const std::vector<std::string>& files() const { return files_; }
  /// That the configuration in force was read from.
  const FileDigests& files_in_force() const { return files_in_force_; }
  std::chrono::system_clock::time_point last() const { return last_; }
  /// By the last one that was taken over.
  const std::optional<config::Changes>& last_changes() const { return last_changes_; }
  /// Empty: the last one was taken over.
  const std::string& last_error() const { return last_error_; }

 private:
  config::LoadResult load(FileDigests& read) const;
  void bring(const std::shared_ptr<const config::Config>& config, FileDigests read,
             const std::function<void(const Go&)>& before, const Reply<ReloadOutcome>& reply);
  void take_over(Publisher::Next next, const FileDigests& read, Installed installed,
                 const Reply<ReloadOutcome>& reply);
  void end(ReloadOutcome outcome, const Reply<ReloadOutcome>& reply);
  void watch_files();
  void files_touched();

  Serving& serving_;
  Publisher& publisher_;
  NameResolver& resolver_;
  Notifier& notifier_;
  const std::vector<std::string> files_;
  const config::Surroundings surroundings_;
  std::unique_ptr<FileWatch> watch_;  // null: --watch is off
  FileDigests files_in_force_;        // that the configuration in force was read from
  FileDigests files_read_;            // that the last attempt read, and those in force
  Applied applied_;
  BeforeReload before_ = [](const ReloadWish&, const Go& go) { go(Installed()); };
  bool reloading_ = false;
  std::vector<std::pair<ReloadWish, Reply<ReloadOutcome>>> waiting_;
  std::string last_error_;
  std::optional<config::Changes> last_changes_;
  std::chrono::system_clock::time_point last_ = std::chrono::system_clock::now();
};

/// Names of hosts and services that the configuration's endpoints have.
std::set<std::string> host_names(const config::Config& config);
/// Says of each certificate that is not valid now. It is a warning, not a reason to refuse the configuration.
void warn_of_certificates(const server::Snapshot& snapshot);

}  // namespace weir::control
