// GET /api/v1/events as a stream: the kept events, then new ones as they come, and a comment now and then so that
// both sides notice when the other is gone. A stream holds no events of its own: it reads on in the bounded list
// of observe/events.hpp, and a client that is too slow for that gets the number of those it missed. Control thread;
// only the wake-up comes from other threads.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include "core/clock.hpp"

namespace weir::control {

class EventStreams {
 public:
  static constexpr std::size_t streams_max = 16;

  /// Listens to observe::emit: there is one of these in a process at a time. `also`: called after an event, too, on the
  /// control thread.
  EventStreams(boost::asio::io_context& io, Milliseconds heartbeat, std::function<void()> also = {});
  ~EventStreams();
  EventStreams(const EventStreams&) = delete;
  EventStreams& operator=(const EventStreams&) = delete;

  /// Neither full nor ending.
  bool may_start() const { return !ending_ && open_.size() < streams_max; }
  bool ending() const { return ending_; }
  std::size_t size() const { return open_.size(); }
  /// Serves one client from the head of the response to its end. `after`: the last event that it has seen.
  /// `chunked`: the client uses HTTP/1.1.
  boost::asio::awaitable<void> serve(boost::beast::tcp_stream& stream, std::uint64_t after, bool chunked);
  /// Every stream sends what is left and ends; no new one starts.
  void end();
  /// Those that are open do: who may read has changed.
  void end_open();

 private:
  struct Open;
  struct Bell;  // rung by emit
  void wake();

  const Milliseconds heartbeat_;
  const std::function<void()> also_;
  std::set<Open*> open_;
  std::shared_ptr<Bell> bell_;
  bool ending_ = false;
};

}  // namespace weir::control
