#include "control/publisher.hpp"

#include <utility>

#include "listen/acceptor.hpp"

namespace weir::control {

Result<NewSockets> Publisher::open_sockets(const config::Config& config,
                                           std::map<std::string, BoundListener>& bound) const {
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
    for (std::size_t i = 0; i < serving_.workers().size(); ++i) {
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

bool Publisher::is_ours(const SocketAddress& address) const {
  for (const auto& [name, listener] : bound_) {
    if (listener.bound == address) return true;
  }
  return false;
}

Result<std::shared_ptr<observe::LogWriter>> Publisher::open_access_log(const config::Config& config) const {
  const config::AccessLog& wanted = config.log.access;
  if (!wanted.enabled) return std::shared_ptr<observe::LogWriter>();
  if (access_log_ && prepared_.config && prepared_.config->log.access.output == wanted.output)
    return access_log_;
  try {
    return std::make_shared<observe::LogWriter>(wanted.output);
  } catch (const std::exception& failure) {
    return self_error(ErrorKind::internal, std::string("log.access.output: ") + failure.what());
  }
}

Result<Publisher::Next> Publisher::prepare(const std::shared_ptr<const config::Config>& config) {
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

void Publisher::take_over(Next next) {
  prepared_ = std::move(next.prepared);
  compiler_.commit(prepared_);
  bound_ = std::move(next.bound);
  access_log_ = std::move(next.access_log);
  serving_.begin_generation();
  sources_.reconcile(prepared_.config);
  publish(std::move(next.sockets));
}

void Publisher::publish_generation() {
  serving_.begin_generation();
  publish();
}

void Publisher::publish(NewSockets sockets) {
  auto snapshot = compiler_.build(
      prepared_, serving_.generation(),
      [this](const config::Listener& listener) { return bound_.at(listener.name).bound; }, sources_.addresses,
      sources_.weights, Clock::now(), sources_.rollouts);
  snapshot->access_log = access_log_;
  sources_.apply_overrides(*snapshot);
  serving_.install(std::move(snapshot), std::move(sockets));
  sources_.published(*serving_.snapshot());
}

}  // namespace weir::control
