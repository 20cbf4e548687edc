#include "admin/live_streams.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <charconv>
#include <utility>

#include "admin/event_text.hpp"
#include "admin/json_objects.hpp"
#include "admin/merge_patch.hpp"
#include "admin/response.hpp"
#include "core/units.hpp"
#include "observe/events.hpp"

namespace weir::control {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace json = boost::json;

namespace {

/// Ticks may come this much earlier than asked for: the feed's second is none of a client's.
constexpr Milliseconds interval_slack{300};

std::string message(std::string_view kind, const json::value& data) {
  return "event: " + std::string(kind) + "\ndata: " + json::serialize(data) + "\n\n";
}

/// The number behind the mark of this process; 0: none, or of another process, whose events are gone.
std::uint64_t event_of(std::string_view last_event_id, std::string_view boot) {
  if (!last_event_id.starts_with(boot) || !last_event_id.substr(boot.size()).starts_with('-')) return 0;
  const std::string_view digits = last_event_id.substr(boot.size() + 1);
  std::uint64_t id = 0;
  const auto [stop, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  return ec == std::errc{} && stop == digits.data() + digits.size() ? id : 0;
}

std::string boot_of(const LiveMoment& moment) {
  return std::string(moment.view.at("process").at("boot").as_string());
}

}  // namespace

std::optional<StreamAsked> stream_asked(std::string_view target, std::string_view last_event_id) {
  StreamAsked asked;
  asked.last_event_id = last_event_id;
  const std::string_view text = query_parameter(target, "interval");
  if (text.empty()) return asked;
  const auto interval = parse_duration(text);
  if (!interval || *interval < LiveFeed::interval || *interval > LiveStreams::interval_max)
    return std::nullopt;
  asked.interval = *interval;
  return asked;
}

/// One client's stream.
struct LiveStreams::Open {
  Open(LiveStreams& owner, StreamAsked what, const asio::any_io_executor& executor)
      : all(owner), asked(std::move(what)), bell(std::make_shared<StreamBell>(executor)) {
    all.open_.insert(this);
    all.feed_.watch();
  }
  ~Open() {
    all.open_.erase(this);
    all.feed_.unwatch();
  }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;

  LiveStreams& all;
  const StreamAsked asked;
  std::shared_ptr<StreamBell> bell;
  bool ends = false;                       // with what it sends next
  std::shared_ptr<const LiveMoment> sent;  // what the client has; nullptr: nothing yet
  std::uint64_t last_event = 0;
  TimePoint next_tick{};
};

LiveStreams::LiveStreams(asio::io_context& io, const AdminBackend& backend)
    : feed_(io, backend, [this] { wake(); }) {}

void LiveStreams::wake() {
  for (Open* open : open_) open->bell->ring();
}

void LiveStreams::end() {
  is_ending_ = true;
  wake();
}

void LiveStreams::end_open() {
  for (Open* open : open_) {
    open->ends = true;
    open->bell->ring();
  }
}

const std::string& LiveStreams::tick(const LiveMoment& from, const LiveMoment& to) {
  if (last_tick_.from != from.number || last_tick_.to != to.number)
    last_tick_ = {from.number, to.number, message("tick", merge_patch(from.view, to.view))};
  return last_tick_.text;
}

std::string LiveStreams::events_for(Open& open, const std::string& boot) const {
  std::string text;
  for (const observe::Event& event : observe::events_after(open.last_event)) {
    if (open.last_event != 0 && event.id > open.last_event + 1)
      text += gap_sse(event.id - open.last_event - 1);
    text += "id: " + boot + '-' + std::to_string(event.id) + '\n' + message("event", to_object(event));
    open.last_event = event.id;
  }
  return text;
}

std::string LiveStreams::news_for(Open& open) {
  const std::shared_ptr<const LiveMoment> moment = feed_.moment();
  if (!moment) return {};
  const TimePoint now = Clock::now();
  std::string text;
  if (!open.sent) {
    text = message("snapshot", json::object{{"view", moment->view}, {"history", feed_.history()}});
    const std::uint64_t latest = observe::last_event_id();
    const std::uint64_t seen = event_of(open.asked.last_event_id, boot_of(*moment));
    const std::uint64_t shown = latest - std::min<std::uint64_t>(latest, first_events_max);
    open.last_event = seen == 0 || seen > latest ? shown : seen;
  } else if (open.sent->number != moment->number && now >= open.next_tick) {
    text = tick(*open.sent, *moment);
  }
  if (!text.empty()) {
    open.sent = moment;
    open.next_tick = now + open.asked.interval - interval_slack;
  }
  return text + events_for(open, boot_of(*moment));
}

asio::awaitable<void> LiveStreams::serve(beast::tcp_stream& stream, StreamAsked asked, bool chunked) {
  const auto executor = co_await asio::this_coro::executor;
  Open open(*this, std::move(asked), executor);
  StreamBell& bell = *open.bell;
  ring_when_client_ends(stream, open.bell);
  std::string bytes = render_stream_head("text/event-stream", chunked, std::chrono::system_clock::now());
  bytes += framed(std::string(stream_opening), chunked, false);
  constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
  for (;;) {
    bell.rung = false;
    const bool ends = is_ending_ || open.ends;
    bytes += framed(news_for(open), chunked, ends);
    auto sending = send_bytes(stream, std::exchange(bytes, {}));
    if (!co_await std::move(sending) || ends || bell.gone) co_return;
    if (bell.rung) continue;
    bell.timer.expires_at(TimePoint::max());
    co_await bell.timer.async_wait(as_result);
    if (bell.gone) co_return;
  }
}

}  // namespace weir::control
