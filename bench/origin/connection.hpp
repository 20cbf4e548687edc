// One client connection: reads requests in order, answers them one after the other, holds back reading while
// the client does not take what it asked for. Owned and driven by one EventLoop.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "body_reader.hpp"
#include "handlers.hpp"
#include "http2_session.hpp"
#include "options.hpp"
#include "output.hpp"
#include "request.hpp"
#include "responder.hpp"
#include "websocket.hpp"

namespace weir::origin {

class EventLoop;

using TimePoint = std::chrono::steady_clock::time_point;
using Timers = std::multimap<TimePoint, int>;  // when -> fd

class Connection {
 public:
  /// Takes over `fd`, a connected non-blocking socket.
  Connection(EventLoop& loop, Shared& shared, int fd, std::string client);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// The socket is ready for `events` (epoll bits). False: the connection is over, destroy it.
  bool on_ready(std::uint32_t events);
  /// The timer that was asked for has passed. False as above.
  bool on_timer();

  int fd() const { return fd_; }

 private:
  enum class Phase : std::uint8_t {
    head,      // waiting for, or inside, a request head
    exchange,  // a body is being read, a response being sent, or both
    websocket,
    http2,      // from its preface on
    closing,    // sends what is left, then ends its side
    lingering,  // waits for the client's end, so that no RST destroys what it has not read
    dead,
  };

  static constexpr std::size_t kept_input_bytes_max = 128 * 1024 + 4096;  // a head, and something behind it
  static constexpr int rounds_per_event_max = 4;  // of filling and flushing, so that others get their turn
  static constexpr std::chrono::milliseconds linger_timeout{1000};

  bool read_input();
  bool run(std::string_view input);
  void process(std::string_view& input);
  bool start_request(std::string_view& input);
  bool start_http2(std::string_view input);
  void step_http2(std::string_view& input);
  bool step_exchange(std::string_view& input);
  bool read_body(std::string_view& input);
  bool step_responder();
  void finish_exchange();
  void flush();
  void update_interest();
  void start_lingering();
  void reset();
  bool has_more_to_produce() const;

  EventLoop& loop_;
  Shared& shared_;
  const int fd_;
  const std::string client_;
  Phase phase_ = Phase::head;
  bool keep_alive_ = true;
  bool used_ = false;  // a request has come
  bool input_ended_ = false;
  bool waiting_ = false;        // for the timer
  bool held_back_ = false;      // the last filling stopped because the output was full
  std::uint32_t interest_ = 0;  // what epoll knows
  std::string kept_input_;      // what could not be used yet; empty while idle
  Output output_;
  BodyReader body_;
  WebSocketEcho websocket_;
  std::unique_ptr<Responder> responder_;
  std::unique_ptr<Http2Session> http2_;
  std::optional<Timers::iterator> timer_;
};

}  // namespace weir::origin
