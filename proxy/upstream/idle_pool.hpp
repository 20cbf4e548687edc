// Which idle endpoint connection to reuse, which to close: the rules of one worker's keep-alive pool for one
// endpoint, without sockets (a connection is a movable T). Last in, first out, so that the unneeded ones age
// and expire. One worker only: no locks.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "core/clock.hpp"

namespace weir::upstream {

template <class T>
class IdlePool {
 public:
  /// Takes the most recently used connection that has not expired. Nothing when there is none.
  std::optional<T> take(TimePoint now) {
    if (idle_.empty() || idle_.back().expires_at <= now) return std::nullopt;
    T connection = std::move(idle_.back().connection);
    idle_.pop_back();
    return connection;
  }

  /// Keeps `connection` until `expires_at`; when `max_idle` are kept already the oldest is returned to be closed.
  std::optional<T> put(T connection, TimePoint expires_at, std::size_t max_idle) {
    if (max_idle == 0) return connection;
    std::optional<T> evicted;
    if (idle_.size() >= max_idle) {
      evicted = std::move(idle_.front().connection);
      idle_.erase(idle_.begin());
    }
    idle_.push_back({std::move(connection), expires_at});
    return evicted;
  }

  /// Removes the connection for which `same` holds (its endpoint closed it). False when it is not here.
  template <class Predicate>
  bool remove(Predicate same) {
    for (auto it = idle_.begin(); it != idle_.end(); ++it) {
      if (!same(it->connection)) continue;
      idle_.erase(it);
      return true;
    }
    return false;
  }

  /// Closes what has expired; returns how many.
  std::size_t expire(TimePoint now) {
    std::size_t expired = 0;
    while (expired < idle_.size() && idle_[expired].expires_at <= now) ++expired;
    idle_.erase(idle_.begin(), idle_.begin() + static_cast<std::ptrdiff_t>(expired));
    return expired;
  }

  std::size_t size() const { return idle_.size(); }
  void clear() { idle_.clear(); }

 private:
  struct Entry {
    T connection;
    TimePoint expires_at;
  };
  std::vector<Entry> idle_;  // oldest first
};

}  // namespace weir::upstream
