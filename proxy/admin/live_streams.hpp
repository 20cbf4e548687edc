// GET /api/v1/stream: what the admin page shows, as server-sent events. First a snapshot with five minutes of
// history, then ticks that say what changed, and events in between. A stream holds no queue of its own: it keeps the
// moment that its client has, and a tick is the difference to the present one, however long that took. deploy/STREAM.md
// describes the messages. Control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "admin/live_feed.hpp"
#include "admin/stream_output.hpp"
#include "core/clock.hpp"

namespace weir::control {

struct StreamAsked {
  Milliseconds interval{1000};  // between two ticks, at least
  std::string last_event_id;    // `BOOT-ID` of the last event that the client has; empty: none
};

/// `target` with its query (`interval=5s`); nothing where the interval is not one of 1s to 60s.
std::optional<StreamAsked> stream_asked(std::string_view target, std::string_view last_event_id);

class LiveStreams {
 public:
  static constexpr std::size_t streams_max = 16;
  static constexpr std::size_t first_events_max = 100;  // of those before a client that has none
  static constexpr Milliseconds interval_max{60'000};

  LiveStreams(boost::asio::io_context& io, const AdminBackend& backend);

  void start() { feed_.start(); }
  /// Neither full nor ending.
  bool may_start() const { return !is_ending_ && open_.size() < streams_max; }
  bool is_ending() const { return is_ending_; }
  std::size_t size() const { return open_.size(); }
  /// Serves one client from the head of the response to its end. `chunked`: the client uses HTTP/1.1.
  boost::asio::awaitable<void> serve(boost::beast::tcp_stream& stream, StreamAsked asked, bool chunked);
  /// There may be another event, or another moment.
  void wake();
  /// Every stream sends what is left and ends; no new one starts.
  void end();
  /// Those that are open do: who may read has changed.
  void end_open();
  /// Nothing is asked of the backend any more.
  void stop() { feed_.stop(); }

 private:
  struct Open;
  std::string news_for(Open& open);
  std::string events_for(Open& open, const std::string& boot) const;
  const std::string& tick(const LiveMoment& from, const LiveMoment& to);

  LiveFeed feed_;
  std::set<Open*> open_;
  struct {
    std::uint64_t from = 0, to = 0;
    std::string text;
  } last_tick_;  // the same for all that follow each second
  bool is_ending_ = false;
};

}  // namespace weir::control
