// Reloads: reads the files again, prepares all that can fail, and takes it over or says why not. One at a time; those
// that are asked for meanwhile are answered by one more reading. With --watch, changed files start one. Control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin/backend.hpp"
#include "config/load.hpp"
#include "control/config_files.hpp"
#include "control/file_watch.hpp"
#include "control/notify.hpp"
#include "control/publisher.hpp"
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

  /// The first reading, at the start.
  config::LoadResult load();
  /// False: --watch cannot work, and stderr says why.
  bool start_watch();

  /// `reply` may be null.
  void reload(const Reply<ReloadOutcome>& reply);
  bool is_reloading() const { return reloading_; }

  const std::vector<std::string>& files() const { return files_; }
  std::chrono::system_clock::time_point last() const { return last_; }
  /// Empty: the last one was taken over.
  const std::string& last_error() const { return last_error_; }

 private:
  config::LoadResult load(FileDigests& read) const;
  void take_over(Publisher::Next next, const FileDigests& read, const Reply<ReloadOutcome>& reply);
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
  bool reloading_ = false;
  std::vector<Reply<ReloadOutcome>> waiting_;
  std::string last_error_;
  std::chrono::system_clock::time_point last_ = std::chrono::system_clock::now();
};

/// Names of hosts and services that the configuration's endpoints have.
std::set<std::string> host_names(const config::Config& config);
/// Says of each certificate that is not valid now. It is a warning, not a reason to refuse the configuration.
void warn_of_certificates(const server::Snapshot& snapshot);

}  // namespace weir::control
