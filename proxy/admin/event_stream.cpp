#include "admin/event_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <string>
#include <utility>

#include "admin/event_text.hpp"
#include "admin/response.hpp"
#include "admin/stream_output.hpp"
#include "observe/events.hpp"

namespace weir::control {

namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

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

}  // namespace

/// One client's stream.
struct EventStreams::Open {
  Open(EventStreams& owner, const asio::any_io_executor& executor)
      : all(owner), bell(std::make_shared<StreamBell>(executor)) {
    all.open_.insert(this);
  }
  ~Open() { all.open_.erase(this); }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;

  EventStreams& all;
  std::shared_ptr<StreamBell> bell;
  bool ends = false;  // with what it sends next
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

EventStreams::EventStreams(asio::io_context& io, Milliseconds heartbeat, std::function<void()> also)
    : heartbeat_(heartbeat), also_(std::move(also)), bell_(std::make_shared<Bell>(io, *this)) {
  observe::on_event([bell = bell_] { bell->ring(); });
}

EventStreams::~EventStreams() {
  observe::on_event({});
  bell_->silence();
}

void EventStreams::wake() {
  for (Open* open : open_) open->bell->ring();
  if (also_) also_();
}

void EventStreams::end() {
  ending_ = true;
  wake();
}

void EventStreams::end_open() {
  for (Open* open : open_) {
    open->ends = true;
    open->bell->ring();
  }
}

asio::awaitable<void> EventStreams::serve(beast::tcp_stream& stream, std::uint64_t after, bool chunked) {
  const auto executor = co_await asio::this_coro::executor;
  Open open(*this, executor);
  StreamBell& bell = *open.bell;
  ring_when_client_ends(stream, open.bell);
  std::uint64_t last = after > observe::last_event_id() ? 0 : after;
  std::string bytes = render_stream_head("text/event-stream", chunked, std::chrono::system_clock::now());
  bytes += framed(std::string(stream_opening), chunked, false);
  for (;;) {
    bell.rung = false;
    const bool ends = ending_ || open.ends;
    bytes += framed(text_after(last), chunked, ends);
    auto sending = send_bytes(stream, std::exchange(bytes, {}));
    if (!co_await std::move(sending) || ends || bell.gone) co_return;
    if (bell.rung) continue;
    bell.timer.expires_after(heartbeat_);
    const auto [interrupted] = co_await bell.timer.async_wait(as_result);
    if (bell.gone) co_return;
    if (!interrupted) bytes = framed(": nothing new\n\n", chunked, false);
  }
}

}  // namespace weir::control
