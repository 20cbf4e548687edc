// From a configuration to what workers serve: does first all that can fail, then takes it over, and publishes snapshots
// of what is in force whenever weights, addresses or endpoints' states change. Control thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "control/compiler.hpp"
#include "control/serving.hpp"
#include "core/error.hpp"
#include "observe/log_writer.hpp"

namespace weir::control {

class Publisher {
 public:
  /// What a snapshot has beside the configuration. All of them have to be set before the first one.
  struct Sources {
    Compiler::Addresses addresses;
    Compiler::Weights weights;
    Compiler::Rollouts rollouts;
    /// Operators' overrides, put into states that may be new, before any worker has them.
    std::function<void(const server::Snapshot&)> apply_overrides;
    /// A configuration is in force from now on; its snapshot is built next.
    std::function<void(const std::shared_ptr<const config::Config>&)> reconcile;
    /// Gets each snapshot after the workers.
    std::function<void(const server::Snapshot&)> published;
  };

  struct BoundListener {
    SocketAddress configured, bound;
  };
  /// A configuration on its way to be taken over, with everything it needs.
  struct Next {
    Compiler::Prepared prepared;
    NewSockets sockets;
    std::map<std::string, BoundListener> bound;  // by listener name
    std::shared_ptr<observe::LogWriter> access_log;
  };

  Publisher(Serving& serving, Compiler& compiler) : serving_(serving), compiler_(compiler) {}
  void set_sources(Sources sources) { sources_ = std::move(sources); }

  /// Everything that can fail, done without changing anything that is in force. Errors (internal): what is wrong, with
  /// the listener's or upstream's name, or the key.
  Result<Next> prepare(const std::shared_ptr<const config::Config>& config);
  /// Puts what was prepared in force, as a new generation. Cannot fail.
  void take_over(Next next);
  /// Builds a snapshot of what is in force now and sends it to every worker. Addresses change without it being another
  /// generation; for weights it is.
  void publish() { publish(NewSockets{}); }
  void publish_generation();

  const std::shared_ptr<observe::LogWriter>& access_log() const { return access_log_; }
  /// No batch is written from then on.
  void close_access_log() { access_log_.reset(); }

 private:
  void publish(NewSockets sockets);
  Result<NewSockets> open_sockets(const config::Config& config,
                                  std::map<std::string, BoundListener>& bound) const;
  Result<std::shared_ptr<observe::LogWriter>> open_access_log(const config::Config& config) const;
  bool is_ours(const SocketAddress& address) const;

  Serving& serving_;
  Compiler& compiler_;
  Sources sources_;
  Compiler::Prepared prepared_;  // of the configuration in force
  std::map<std::string, BoundListener> bound_;
  std::shared_ptr<observe::LogWriter> access_log_;
};

}  // namespace weir::control
