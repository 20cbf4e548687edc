// How much of its responses a client's connection lets endpoints of HTTP/2 send before the client takes it. Every
// stream to an endpoint has the small window that SETTINGS give it; more is lent to it by the connection of its client,
// no stream more than half of what is left, so that one which does not get on leaves something to the others. A
// connection lends more as its client takes what it asked for. Pure but for the counter that all workers share.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace weir::server {

/// Of the process: bytes that connections lend beyond their RoomBudget::at_first.
using SharedRoom = std::atomic<std::size_t>;

/// Of one client connection; its thread.
class RoomBudget {
 public:
  static constexpr std::size_t at_first = 128 * 1024;
  static constexpr std::size_t most = 4 * 1024 * 1024;
  static constexpr std::size_t shared_max = 16 * 1024 * 1024;  // of SharedRoom

  explicit RoomBudget(SharedRoom& shared) : shared_(shared) {}
  RoomBudget(const RoomBudget&) = delete;
  RoomBudget& operator=(const RoomBudget&) = delete;
  ~RoomBudget() { shrink(); }

  /// Up to `wanted` bytes, half of what is left at most; give_back() is due for what is returned.
  std::size_t lend(std::size_t wanted) {
    const std::size_t lent = std::min(wanted, (size_ - lent_) / 2);
    lent_ += lent;
    return lent;
  }
  void give_back(std::size_t bytes) {
    lent_ -= bytes;
    if (lent_ == 0) shrink();
  }
  /// The client took `bytes` of a response. Who takes all that may be lent can have twice as much.
  void note_taken(std::size_t bytes) {
    taken_ += bytes;
    if (taken_ < size_) return;
    taken_ = 0;
    if (size_ < most) grow();
  }
  std::size_t size() const { return size_; }

 private:
  void grow() {
    const std::size_t more = size_;
    if (shared_.fetch_add(more, std::memory_order_relaxed) + more > shared_max) {
      shared_.fetch_sub(more, std::memory_order_relaxed);
      return;
    }
    size_ += more;
  }
  void shrink() {
    if (size_ > at_first) shared_.fetch_sub(size_ - at_first, std::memory_order_relaxed);
    size_ = at_first;
    taken_ = 0;
  }

  SharedRoom& shared_;
  std::size_t size_ = at_first;
  std::size_t lent_ = 0;
  std::size_t taken_ = 0;  // since it grew
};

/// The same, as a call of an endpoint sees it: of one request of the client, which outlives the call.
class ResponseRoom {
 public:
  /// What the client takes now of this response, as far as that is known: what is beyond it waits in Weir.
  virtual std::size_t takes_now() const = 0;
  /// As RoomBudget, nothing while takes_now() is 0.
  virtual std::size_t lend(std::size_t wanted) = 0;
  virtual void give_back(std::size_t bytes) = 0;
  virtual void note_taken(std::size_t bytes) = 0;

 protected:
  ~ResponseRoom() = default;
};

}  // namespace weir::server
