// How much of their responses endpoints of HTTP/2 may send before the clients take it. Every stream to an endpoint has
// the window that SETTINGS give it; more is lent to it while Weir holds little for clients: bytes of responses that are
// here and not taken, and windows whose client has not taken anything yet, so that it is open whether it will. A
// client that takes what it asked for uses nothing of these bounds. Pure; the thread of one worker.
#pragma once

#include <algorithm>
#include <cstddef>

#include "server/held_bytes.hpp"

namespace weir::server {

/// Of one worker: what it holds, and has lent on trust. Past the bound connections lend no more than their own.
class HeldResponses : public HeldBytes<32 * 1024 * 1024> {};

/// Of one client connection.
class ResponseRoom {
 public:
  static constexpr std::size_t own_bytes = 128 * 1024;  // that it may lend however much the worker holds

  explicit ResponseRoom(HeldResponses& worker) : worker_(worker) {}

  /// `wanted`; where the worker holds too much, up to half of what is left of the connection's own. settle() is due.
  std::size_t lend(std::size_t wanted) {
    std::size_t lent = wanted;
    if (!worker_.has_room(wanted)) lent = std::min(wanted, (own_bytes - std::min(lent_, own_bytes)) / 2);
    lent_ += lent;
    worker_.add(lent);
    return lent;
  }
  /// The client has taken something of the response that `lent` bytes were for, or that has ended.
  void settle(std::size_t lent) {
    lent_ -= lent;
    worker_.remove(lent);
  }
  /// Bytes of a response are here. release() is due.
  void hold(std::size_t bytes) { worker_.add(bytes); }
  /// The client took them, or they are dropped.
  void release(std::size_t bytes) { worker_.remove(bytes); }
  /// Lent to responses of which nothing was taken yet.
  std::size_t lent() const { return lent_; }

 private:
  HeldResponses& worker_;
  std::size_t lent_ = 0;
};

/// The client of one response, as a call of an endpoint sees it; outlives the call.
class ResponseTaker {
 public:
  /// What the client takes now, as far as that is known: what is beyond it waits in Weir.
  virtual std::size_t takes_now() const = 0;
  virtual ResponseRoom& room() = 0;

 protected:
  ~ResponseTaker() = default;
};

}  // namespace weir::server
