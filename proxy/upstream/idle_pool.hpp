// Which idle endpoint connection to reuse, which to close: the rules of one worker's keep-alive pool for one
// endpoint, without sockets (a connection is a movable T). Last in, first out, so that the unneeded ones age
// and expire. One worker only: no locks. A connection leaves the pool before it is handed out or destroyed,
// so that what it does then may call back into the pool.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "core/clock.hpp"

namespace weir::upstream {

/// The last moments of a time: its last second, or its second half where that is less.
constexpr Milliseconds last_moments(Milliseconds time) {
  return std::min(Milliseconds{1000}, time / 2);
}

/// How long a connection is kept.
struct IdleTime {
  TimePoint firm_until;  // for requests that cannot be sent again
  TimePoint expires_at;  // for all others

  static IdleTime from(TimePoint start, Milliseconds time) {
    return {start + time - last_moments(time), start + time};
  }
  /// No longer than that.
  IdleTime until(TimePoint end) const { return {std::min(firm_until, end), std::min(expires_at, end)}; }
};

/// From now on `idle_timeout`; but where the endpoint said for how long it keeps the
/// connection, no longer than that without its last moments, counted from the head: its own time begins somewhere
/// between there and the end of the body.
inline IdleTime idle_time(TimePoint head_at, TimePoint now, Milliseconds idle_timeout,
                          std::optional<std::chrono::seconds> hint) {
  const IdleTime own = IdleTime::from(now, idle_timeout);
  if (!hint) return own;
  const Milliseconds time = *hint;
  const IdleTime hinted = IdleTime::from(head_at, time - last_moments(time));
  return {std::min(own.firm_until, hinted.firm_until), std::min(own.expires_at, hinted.expires_at)};
}

template <class T>
class IdlePool {
 public:
  /// Takes the most recently used connection that has not expired, and is not in its last moments where the request
  /// cannot be sent again. Nothing when there is none. (With one idle time that is the last one; otherwise it may be
  /// an older one.)
  std::optional<T> take(TimePoint now, bool can_be_sent_again) {
    const auto alive = std::find_if(idle_.rbegin(), idle_.rend(), [=](const Entry& entry) {
      return (can_be_sent_again ? entry.time.expires_at : entry.time.firm_until) > now;
    });
    if (alive == idle_.rend()) return std::nullopt;
    return extract(std::next(alive).base());
  }

  /// Keeps `connection` for `time`; when `max_idle` are kept already the oldest is returned to be closed, with
  /// `max_idle` 0 the connection itself.
  std::optional<T> put(T connection, IdleTime time, std::size_t max_idle) {
    if (max_idle == 0) return connection;
    std::optional<T> evicted;
    if (idle_.size() >= max_idle) evicted = extract(idle_.begin());
    idle_.push_back({std::move(connection), time});
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
    const auto dead = std::stable_partition(
        idle_.begin(), idle_.end(), [now](const Entry& entry) { return entry.time.expires_at > now; });
    std::vector<Entry> expired(std::make_move_iterator(dead), std::make_move_iterator(idle_.end()));
    idle_.erase(dead, idle_.end());
    return expired.size();
  }

  std::size_t size() const { return idle_.size(); }
  void clear() { std::exchange(idle_, {}); }

 private:
  struct Entry {
    T connection;
    IdleTime time;
  };

  std::optional<T> extract(typename std::vector<Entry>::iterator where) {
    std::optional<T> connection(std::move(where->connection));
    idle_.erase(where);
    return connection;
  }

  std::vector<Entry> idle_;  // oldest first
};

}  // namespace weir::upstream
