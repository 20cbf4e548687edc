// The stream of the admin address (GET /api/v1/stream), read as it comes; asked for again when it ends. One thread.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "cli/client.hpp"
#include "core/clock.hpp"

namespace weir::control {

/// Lines of server-sent events (WHATWG HTML 9.2) -> events. Pure.
class EventLines {
 public:
  static constexpr std::size_t event_bytes_max = 64 * 1024 * 1024;  // all routes and endpoints, with history

  using Take = std::function<void(const std::string& kind, const std::string& data)>;
  /// False: an event is longer than event_bytes_max.
  bool read(std::string_view bytes, const Take& take);
  /// Of the last event that had one.
  const std::string& last_id() const { return last_id_; }
  /// Another stream begins; `last_id` stays.
  void begin();

 private:
  void line(std::string_view text, const Take& take);

  std::string rest_, kind_, data_, last_id_;
};

class TopStream {
 public:
  static constexpr Milliseconds silence_max{8000};  // a tick comes each second
  static constexpr Milliseconds again_min{500}, again_max{10'000};

  struct Listener {
    std::function<void(const std::string& kind, const boost::json::value& data)> event;
    /// It ended, or never began: why. `refused`: what answered would not.
    std::function<void(const std::string& problem, bool refused)> ended;
  };

  TopStream(boost::asio::io_context& context, AdminTarget target, Listener listener);
  ~TopStream();
  TopStream(const TopStream&) = delete;
  TopStream& operator=(const TopStream&) = delete;

  /// Until it is gone.
  void start();

 private:
  void connect();
  void ask();
  void read_head();
  void take_head(std::size_t bytes);
  void read_body();
  void take_body(std::string_view bytes);
  void end(const std::string& problem, bool refused = false);
  void watch_silence();

  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer again_timer_, silence_timer_;
  const AdminTarget target_;
  Listener listener_;
  EventLines lines_;
  std::string request_, head_;
  std::array<char, 64 * 1024> buffer_;
  Milliseconds again_wait_{again_min};
  std::uint64_t attempt_ = 0;  // what belongs to an earlier one is left alone
};

}  // namespace weir::control
