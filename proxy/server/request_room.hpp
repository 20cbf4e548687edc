// How many requests of HTTP/2 run at once whose client has not shown that it takes the responses. One that runs needs
// some 10 KiB however small its response is, and a client that opens no window keeps it for limits.send_timeout. So a
// connection begins a few at a time as long as many of the worker stand still; the rest of its requests wait unbegun,
// which costs little, and none is refused or ended for it. Pure; the thread of one worker.
#pragma once

#include <algorithm>
#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>

#include "core/clock.hpp"

namespace weir::server {

class HeldRequests;

/// Of one client connection. A request counts for its first moments, and further on while any response of the
/// connection stands still.
class RequestRoom
    : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  /// A connection runs so many whatever others do: as many as a browser has at once over HTTP/1.1.
  static constexpr std::size_t own_requests = 6;
  /// A client that has taken so much, or so many responses whole, may run all, as long as no more than its own stand
  /// still.
  static constexpr std::uint64_t proven_bytes = 1024 * 1024;
  static constexpr std::uint32_t proven_responses = 256;
  /// A client that lets a response stand shows it by then.
  static constexpr Milliseconds patience{5'000};

  explicit RequestRoom(HeldRequests& worker) : worker_(worker) {}
  RequestRoom(const RequestRoom&) = delete;
  RequestRoom& operator=(const RequestRoom&) = delete;

  /// Whether one more may begin. `taken`: bytes of responses that this client took. False: something waits from here
  /// until begin_waiting() says otherwise.
  bool has_room(std::uint64_t taken, TimePoint now);
  void add();
  void remove();
  /// A response was taken whole.
  void add_taken() { ++taken_responses_; }
  /// Of those that count: the responses that stand still.
  void add_standing() { ++standing_; }
  void remove_standing() { --standing_; }
  std::size_t counted() const { return counted_; }

  /// Removes those that need not count any more.
  virtual void recount(TimePoint now) = 0;
  /// Begins what waits, as far as there is room. True: something waits still.
  virtual bool begin_waiting() = 0;

 protected:
  ~RequestRoom() = default;  // nothing counts any more

 private:
  friend class HeldRequests;
  bool is_proven(std::uint64_t taken) const {
    return (taken >= proven_bytes || taken_responses_ >= proven_responses) && standing_ <= own_requests;
  }
  /// Those that use up their own, or wait, are looked at.
  void relink();

  HeldRequests& worker_;
  std::size_t counted_ = 0, standing_ = 0;
  std::uint64_t taken_responses_ = 0;
  bool waits_ = false;
};

/// Of one worker: those that count beyond the own ones of their connections.
class HeldRequests {
 public:
  static constexpr std::size_t shared_max = 512;
  static constexpr Milliseconds look_interval{100};  // how often what counts is looked at, while that matters

  /// Counts anew where it seems that there is none, but not too often.
  bool has_room(TimePoint now) {
    if (shared_ >= shared_max && now >= next_look_) recount(now);
    return shared_ < shared_max;
  }
  /// Counts anew, then lets each connection begin what it may, in turn. True: something waits still.
  bool begin_waiting(TimePoint now) {
    recount(now);
    bool waits = false;
    for (std::size_t left = looked_at_.size(); left > 0 && !looked_at_.empty(); --left) {
      RequestRoom& next = rotate();
      if (!next.waits_) continue;
      next.waits_ = next.begin_waiting();
      waits = waits || next.waits_;
      next.relink();
    }
    return waits;
  }
  std::size_t shared() const { return shared_; }

 private:
  friend class RequestRoom;

  void recount(TimePoint now) {
    next_look_ = now + look_interval;
    for (std::size_t left = looked_at_.size(); left > 0; --left) rotate().recount(now);
  }
  /// It goes to the end, and may leave the list then.
  RequestRoom& rotate() {
    RequestRoom& front = looked_at_.front();
    looked_at_.pop_front();
    looked_at_.push_back(front);
    return front;
  }

  std::size_t shared_ = 0;
  TimePoint next_look_{};
  boost::intrusive::list<RequestRoom, boost::intrusive::constant_time_size<false>> looked_at_;
};

inline bool RequestRoom::has_room(std::uint64_t taken, TimePoint now) {
  if (counted_ < own_requests || is_proven(taken)) return true;
  if (worker_.has_room(now) || counted_ < own_requests) return true;  // it may have counted this one anew
  waits_ = true;
  relink();
  return false;
}

inline void RequestRoom::add() {
  if (++counted_ > own_requests) ++worker_.shared_;
  relink();
}

inline void RequestRoom::remove() {
  if (counted_-- > own_requests) --worker_.shared_;
  relink();
}

inline void RequestRoom::relink() {
  const bool wanted = counted_ >= own_requests || waits_;
  if (wanted == is_linked()) return;
  if (wanted) worker_.looked_at_.push_back(*this);
  if (!wanted) unlink();
}

}  // namespace weir::server
