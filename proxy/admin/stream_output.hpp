// Server-sent events on their way to one client of the admin address: bytes in chunks, a bound on how long the client
// takes none, and the notice that it left. Control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <memory>
#include <string>

#include "core/clock.hpp"

namespace weir::control {

inline constexpr Milliseconds stream_write_timeout{
    10'000};  // a client that takes nothing for so long is cut off
inline constexpr std::string_view stream_opening =
    "retry: 3000\n\n";  // milliseconds until a client comes back

/// `text` as the next chunk, or as it is for HTTP/1.0; `last`: the end of the body follows.
std::string framed(std::string text, bool chunked, bool last);

/// Writes all of `bytes`; false: the client is gone or too slow. The stream has no deadline afterwards.
boost::asio::awaitable<bool> send_bytes(boost::beast::tcp_stream& stream, std::string bytes);

/// A stream's wait for news. Rung by whatever has some, and by the client's end.
struct StreamBell {
  explicit StreamBell(const boost::asio::any_io_executor& executor) : timer(executor) {}
  void ring() {
    rung = true;
    timer.cancel();
  }
  boost::asio::steady_timer timer;
  bool rung = false;  // look again before waiting
  bool gone = false;  // the client closed, or the server does
};

/// Nothing more is expected of the client: whatever comes, its end included, sets `gone` and rings.
void ring_when_client_ends(boost::beast::tcp_stream& stream, const std::shared_ptr<StreamBell>& bell);

}  // namespace weir::control
