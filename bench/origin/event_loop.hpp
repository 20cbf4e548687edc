// One epoll loop with its own SO_REUSEPORT listening socket and its connections; everything in it belongs to
// the thread that calls run(). Only stop() may be called from another thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "connection.hpp"
#include "options.hpp"
#include "request.hpp"

namespace weir::origin {

/// Binds and listens. Throws std::system_error. `port` is set to the one that was given when it was 0.
int open_listener(const std::string& address, std::uint16_t& port);

class EventLoop {
 public:
  /// Takes over `listener_fd`.
  EventLoop(Shared& shared, int listener_fd);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Serves until stop().
  void run();
  void stop();

  // For connections.
  void watch(int fd, std::uint32_t events, bool known);
  Timers::iterator wake_after(int fd, std::chrono::milliseconds delay);
  void cancel(Timers::iterator timer) { timers_.erase(timer); }
  std::vector<char>& read_buffer() { return read_buffer_; }
  Request& parsed_request() { return request_; }

 private:
  static constexpr std::size_t read_buffer_bytes = 64 * 1024;
  static constexpr int events_per_turn_max = 256;
  static constexpr int accepts_per_turn_max = 64;

  void accept_connections();
  void run_timers();
  int milliseconds_to_next_timer() const;
  void destroy(int fd);

  Shared& shared_;
  int listener_fd_, epoll_fd_, stop_fd_;
  bool stopped_ = false;
  Timers timers_;
  std::vector<char> read_buffer_;                         // shared: an idle connection holds none
  Request request_;                                       // shared: keeps its capacity
  std::vector<std::unique_ptr<Connection>> connections_;  // by fd
};

}  // namespace weir::origin
