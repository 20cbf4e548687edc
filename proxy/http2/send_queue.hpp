// Which stream of a connection sends next: a list for each urgency (RFC 9218 10). The lower urgency number goes first;
// within one, incremental streams take turns in the order of their push(), and the others go one after the other in the
// order of their ids, however often they leave for more to send. Holds streams that have something to send, or wait for
// a turn to read it, and a window for it: the owner takes out what has not, and pushes it again on on_window(). Links
// are members of the streams: no allocation. Pure; one thread.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "http2/stream.hpp"

namespace weir::http2 {

class SendQueue {
 public:
  /// What a stream sends before rotate().
  static constexpr std::size_t turn_bytes = 128 * 1024;

  SendQueue() = default;
  SendQueue(const SendQueue&) = delete;
  SendQueue& operator=(const SendQueue&) = delete;

  bool empty() const { return occupied_ == 0; }
  /// At the end of its urgency, but before those that are to wait for it. A stream that is queued stays where it is.
  void push(Stream& stream);
  /// Whether it would be the front, if pushed.
  bool is_next(const Stream& stream) const;
  /// Not of an empty queue.
  Stream& front() const {
    assert(!empty());
    return *heads_[static_cast<std::size_t>(std::countr_zero(occupied_))];
  }
  /// The front had its turn: an incremental stream goes to the end of its urgency, others stay.
  void rotate();
  /// Nothing happens to a stream that is not queued. Before its release or destruction.
  void remove(Stream& stream);
  /// Its priority has changed: to the end of the new urgency, if queued and if that differs.
  void reprioritise(Stream& stream);

 private:
  static std::uint8_t urgency_of(const Stream& stream);

  std::array<Stream*, Priority::levels> heads_{};  // first of each ring
  std::uint32_t occupied_ = 0;                     // a bit for each ring that is not empty
};

}  // namespace weir::http2
