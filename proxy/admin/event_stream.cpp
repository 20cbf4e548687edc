#include "admin/event_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <string>
#include <utility>

#include "admin/event_text.hpp"
#include "admin/response.hpp"
#include "http1/chunked.hpp"
#include "observe/events.hpp"

namespace weir::control {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::string_view opening = "retry: 3000\n\n";  // milliseconds until a client comes back

/// What there is after `last`, which moves on.
std::string text_after(std::uint64_t& last) {
  std::string text;
  for (const observe::Event& event : observe::events_after(last)) {
    if (last != 0 && event.id > last + 1) text += gap_sse(event.id - last - 1);
    text += to_sse(event);
    last = event.id;
  }
  return text;
}

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

asio::awaitable<bool> send(beast::tcp_stream& stream, std::string bytes) {
  if (bytes.empty()) co_return true;
  stream.expires_after(EventStreams::write_timeout);
  const auto buffer = asio::buffer(bytes);
  const auto [ec, written] = co_await asio::async_write(stream, buffer, as_result);
  stream.expires_never();
  co_return !ec;
}

}  // namespace

/// One client's stream.
struct EventStreams::Open {
  Open(EventStreams& owner, const asio::any_io_executor& executor) : all(owner), timer(executor) {
    all.open_.insert(this);
  }
  ~Open() { all.open_.erase(this); }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;

  void ring() {
    rung = true;
    timer.cancel();
  }

  EventStreams& all;
  asio::steady_timer timer;
  bool rung = false;  // look again before waiting
  bool gone = false;  // the client closed, or the server does
};

/// Outlives the streams as long as some thread still rings it.
struct EventStreams::Bell : std::enable_shared_from_this<EventStreams::Bell> {
  Bell(asio::io_context& context, EventStreams& whose) : io(&context), streams(&whose) {}

  void ring() {
    const std::scoped_lock lock(mutex);
    if (io == nullptr || std::exchange(rung, true)) return;
    asio::post(*io, [self = shared_from_this()] { self->answer(); });
  }
  /// On the control thread, as is silence().
  void answer() {
    {
      const std::scoped_lock lock(mutex);
      rung = false;
    }
    if (streams != nullptr) streams->wake();
  }
  void silence() {
    const std::scoped_lock lock(mutex);
    io = nullptr;
    streams = nullptr;
  }

  std::mutex mutex;
  asio::io_context* io;
  EventStreams* streams;
  bool rung = false;
};

EventStreams::EventStreams(asio::io_context& io, Milliseconds heartbeat)
    : heartbeat_(heartbeat), bell_(std::make_shared<Bell>(io, *this)) {
  observe::on_event([bell = bell_] { bell->ring(); });
}

EventStreams::~EventStreams() {
  observe::on_event({});
  bell_->silence();
}

void EventStreams::wake() {
  for (Open* open : open_) open->ring();
}

void EventStreams::end() {
  ending_ = true;
  wake();
}

asio::awaitable<void> EventStreams::serve(beast::tcp_stream& stream, std::uint64_t after, bool chunked) {
  const auto executor = co_await asio::this_coro::executor;
  const auto self = std::make_shared<Open>(*this, executor);
  // Nothing more is expected of the client: whatever comes, its end included, ends the stream.
  stream.socket().async_wait(tcp::socket::wait_read, [weak = std::weak_ptr<Open>(self)](const auto&) {
    const auto open = weak.lock();
    if (!open) return;
    open->gone = true;
    open->ring();
  });
  std::uint64_t last = after > observe::last_event_id() ? 0 : after;
  std::string bytes = render_stream_head("text/event-stream", chunked, std::chrono::system_clock::now());
  bytes += framed(std::string(opening), chunked, false);
  for (;;) {
    self->rung = false;
    const bool ends = ending_;
    bytes += framed(text_after(last), chunked, ends);
    auto sending = send(stream, std::exchange(bytes, {}));
    if (!co_await std::move(sending) || ends || self->gone) co_return;
    if (self->rung) continue;
    self->timer.expires_after(heartbeat_);
    const auto [interrupted] = co_await self->timer.async_wait(as_result);
    if (self->gone) co_return;
    if (!interrupted) bytes = framed(": nothing new\n\n", chunked, false);
  }
}

}  // namespace weir::control
