// What floor.cpp does, on Boost.Asio: a relay that reads nothing of what it passes on. What it costs more than the
// floor is the event loop.
//
// Written for speed. Callbacks, not coroutines: an awaitable is a frame more for each wait, and resumes through a
// handler all the same. Sockets know their executor's type. A write is tried at once, and only what the kernel does
// not take becomes an operation. A read is an operation at once: Asio tries it before it waits, and fails in vain, but
// to wait first (async_wait) costs an epoll_ctl each time. Who owns a pair is moved from handler to handler, and never
// counted.
#include "asio_relay.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>

namespace weir::floor {
namespace {

/// Two sockets; ends when one of them does.
class Pair {
 public:
  using Owner = std::shared_ptr<Pair>;

  Pair(Socket client, Socket endpoint) : sockets_{std::move(client), std::move(endpoint)} {}

  void start(const Owner& owner) {
    read(0, owner);
    read(1, owner);
  }

 private:
  void read(std::size_t from, Owner owner) {
    const auto space = asio::buffer(buffers_[from]);
    sockets_[from].async_read_some(
        space, [this, from, owner = std::move(owner)](error_code ec, std::size_t got) mutable {
          if (ec) return end();
          pass_on(from, got, std::move(owner));
        });
  }

  void pass_on(std::size_t from, std::size_t got, Owner owner) {
    Socket& to = sockets_[1 - from];
    const asio::const_buffer bytes = asio::buffer(buffers_[from], got);
    error_code ec;
    const std::size_t sent = to.write_some(bytes, ec);
    if (ec && ec != asio::error::would_block) return end();
    if (sent == got) return read(from, std::move(owner));
    asio::async_write(to, bytes + sent,
                      [this, from, owner = std::move(owner)](error_code failed, std::size_t) mutable {
                        if (failed) return end();
                        read(from, std::move(owner));
                      });
  }

  /// What the other direction waits for is cancelled by that.
  void end() {
    error_code ignored;
    for (Socket& socket : sockets_) socket.close(ignored);
  }

  std::array<Socket, 2> sockets_;                          // the client's, the endpoint's
  std::array<std::array<char, buffer_bytes>, 2> buffers_;  // of what each of them sent
};

}  // namespace
}  // namespace weir::floor

int main(int argc, char** argv) {
  return weir::floor::run_relay<weir::floor::Pair>(
      "asio_relay", "Relays bytes between clients and endpoints without looking at them, on Boost.Asio.",
      argc, argv);
}
