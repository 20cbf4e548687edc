// Which idle endpoint connection to reuse, which to close: the rules of one worker's keep-alive pool for one
// endpoint, without sockets (a connection is a movable T). Last in, first out, so that the unneeded ones age
// and expire. One worker only: no locks. A connection leaves the pool before it is handed out or destroyed,
// so that what it does then may call back into the pool.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "core/clock.hpp"

namespace weir::upstream {

template <class T>
class IdlePool {
 public:
  /// Takes the most recently used connection that has not expired. Nothing when there is none. (With one idle
  /// timeout that is the last one; after a reload changed the timeout it may be an older one.)
  std::optional<T> take(TimePoint now) {
    const auto alive = std::find_if(idle_.rbegin(), idle_.rend(),
                                    [now](const Entry& entry) { return entry.expires_at > now; });
    if (alive == idle_.rend()) return std::nullopt;
    return extract(std::next(alive).base());
  }

  /// Keeps `connection` until `expires_at`; when `max_idle` are kept already the oldest is returned to be
  /// closed, with `max_idle` 0 the connection itself.
  std::optional<T> put(T connection, TimePoint expires_at, std::size_t max_idle) {
    if (max_idle == 0) return connection;
    std::optional<T> evicted;
    if (idle_.size() >= max_idle) evicted = extract(idle_.begin());
    idle_.push_back({std::move(connection), expires_at});
    return evicted;
  }

  /// Removes the connection for which `same` holds (its endpoint closed it). False when it is not here.
  template <class Predicate>
  bool remove(Predicate same) {
    const auto found =
        std::find_if(idle_.begin(), idle_.end(), [&](const Entry& entry) { return same(entry.connection); });
    if (found == idle_.end()) return false;
    extract(found);
    return true;
  }

  /// Closes what has expired; returns how many.
  std::size_t expire(TimePoint now) {
    const auto dead = std::stable_partition(idle_.begin(), idle_.end(),
                                            [now](const Entry& entry) { return entry.expires_at > now; });
    std::vector<Entry> expired(std::make_move_iterator(dead), std::make_move_iterator(idle_.end()));
    idle_.erase(dead, idle_.end());
    return expired.size();
  }

  /// When the next one expires; nothing when the pool is empty.
  std::optional<TimePoint> next_expiry() const {
    const auto first = std::min_element(idle_.begin(), idle_.end(), [](const Entry& a, const Entry& b) {
      return a.expires_at < b.expires_at;
    });
    if (first == idle_.end()) return std::nullopt;
    return first->expires_at;
  }

  std::size_t size() const { return idle_.size(); }
  void clear() { std::exchange(idle_, {}); }

 private:
  struct Entry {
    T connection;
    TimePoint expires_at;
  };

  std::optional<T> extract(typename std::vector<Entry>::iterator where) {
    std::optional<T> connection(std::move(where->connection));
    idle_.erase(where);
    return connection;
  }

  std::vector<Entry> idle_;  // oldest first
};

}  // namespace weir::upstream
