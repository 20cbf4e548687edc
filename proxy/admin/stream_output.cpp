#include "admin/stream_output.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "http1/chunked.hpp"

namespace weir::control {

namespace asio = boost::asio;
namespace beast = boost::beast;

std::string framed(std::string text, bool chunked, bool last) {
  if (!chunked) return text;
  std::string out;
  if (!text.empty()) {
    char size[20];
    out.assign(size, weir::http1::write_chunk_size(text.size(), size));
    out += text;
    out += weir::http1::chunk_end;
  }
  if (last) {
    out += weir::http1::last_chunk;
    out += weir::http1::chunk_end;
  }
  return out;
}

asio::awaitable<bool> send_bytes(beast::tcp_stream& stream, std::string bytes) {
  if (bytes.empty()) co_return true;
  constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
  stream.expires_after(stream_write_timeout);
  const auto buffer = asio::buffer(bytes);
  const auto [ec, written] = co_await asio::async_write(stream, buffer, as_result);
  stream.expires_never();
  co_return !ec;
}

void ring_when_client_ends(beast::tcp_stream& stream, const std::shared_ptr<StreamBell>& bell) {
  stream.socket().async_wait(asio::ip::tcp::socket::wait_read,
                             [weak = std::weak_ptr<StreamBell>(bell)](const auto&) {
                               const auto open = weak.lock();
                               if (!open) return;
                               open->gone = true;
                               open->ring();
                             });
}

}  // namespace weir::control
