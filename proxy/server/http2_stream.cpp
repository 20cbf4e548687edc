#include "server/http2_stream.hpp"

#include <algorithm>

#include "http/text.hpp"
#include "http2/response.hpp"
#include "http2/trailers.hpp"
#include "relay/pace.hpp"
#include "server/discard.hpp"
#include "server/http2_connection.hpp"
#include "server/session.hpp"
#include "server/worker.hpp"

namespace weir::server {
namespace {

/// Of a head that is too large only what says who reads the answer.
void keep_kind(const http2::FieldSection& section, http::RequestHead& head) {
  for (std::size_t i = 0; i < section.size(); ++i) {
    const http2::FieldLine line = section[i];
    if (line.name == ":method") head.method = http::parse_method(line.value);
    if (line.name == "content-type")
      head.fields.push_back({http::FieldId::content_type, line.name, line.value});
  }
}

/// Whether a protocol is named, as for extended CONNECT (RFC 8441 4): only that needs a key. Pseudo-fields come first.
bool asks_for_tunnel(const http2::FieldSection& section) {
  for (std::size_t i = 0; i < section.size(); ++i) {
    const std::string_view name = section[i].name;
    if (!name.starts_with(':')) return false;
    if (name == ":protocol") return true;
  }
  return false;
}

}  // namespace

Http2Stream::Http2Stream(Worker& worker) : Http2Message(worker.reactor(), worker.buffers()), worker_(worker) {
  worker_.reactor().expect_waiting(io::Reactor::waiting_per_channel);
}

Http2Stream::~Http2Stream() {
  worker_.reactor().expect_waiting(-static_cast<std::ptrdiff_t>(io::Reactor::waiting_per_channel));
}

bool Http2Stream::begin(Http2Connection& connection, http2::FieldSection& section, bool too_large,
                        bool ended) {
  connection_ = &connection;
  link_ = &connection;
  Session& session = connection.session();
  set_session(&session);
  section_.swap(section);
  const config::ListenerLimits& limits = session.listener().config.limits;
  body_.begin(*this, ended);
  sink_.begin(*this, connection, limits.response_min_rate);
  came_at_ = began_at_ = worker_.reactor().now();
  too_large_ = too_large;
  head_ends_ = ended;
  status_ = 0;
  return read_head(limits);
}

/// What the section says goes to an exchange. False: it is malformed.
bool Http2Stream::read_head(const config::ListenerLimits& limits) {
  exchange_ = worker_.take_exchange();
  exchange_->begin(*this);
  exchange_->head.major_version = 2;
  if (too_large_) {
    keep_kind(section_, exchange_->head);
    exchange_->set_refusal(client_error(ErrorKind::head_too_large, "head is too large"));
    return true;
  }
  if (asks_for_tunnel(section_)) tls::make_websocket_key(worker_.rng(), websocket_key_);
  const http2::RequestRules rules{limits.uri_bytes, {websocket_key_.data(), websocket_key_.size()}};
  http2::ReadRequest read = http2::read_request(section_, head_ends_, rules, exchange_->head);
  if (read.kind == http2::ReadRequest::Kind::malformed) return false;
  if (exchange_->head.tunnel) body_.keep_for_tunnel();
  // Without a wish of the client its responses take turns.
  const http::Field* wish = exchange_->head.find(http::FieldId::priority);
  priority = wish != nullptr ? http2::parse_priority(wish->value) : http2::Priority{3, true};
  if (read.kind == http2::ReadRequest::Kind::refused) {
    exchange_->set_refusal(std::move(read.error));
  } else if (exchange_->head.body.kind == http::BodyKind::length) {
    expect_length(exchange_->head.body.length);
  }
  return true;
}

void Http2Stream::wait() {
  worker_.give_back(std::move(exchange_));
  section_.forget_kept();
}

void Http2Stream::end_wait() {
  const http2::Priority updated = priority;
  (void)read_head(session().listener().config.limits);  // well formed, as before
  priority = updated;
  began_at_ = worker_.reactor().now();
  exchange_->note_waited(began_at_ - came_at_);
}

void Http2Stream::free_texts() noexcept {
  if (exchange_) exchange_->free_texts();
}

Task<> Http2Stream::serve() {
  (void)co_await exchange_->run();  // what was not sent to its end is reset by the codec
  if (tunnel_) end_tunnel();
  if (local_closed() && !remote_closed() && wants_rest() && connection_->begin_drop()) {
    worker_.give_back(std::move(exchange_));
    co_await drop_rest();
    connection_->end_drop();
  }
}

/// A tunnel that was cut: nothing is wrong with this side (RFC 9113 8.5).
void Http2Stream::end_tunnel() {
  if (left_ == io::IoStatus::ok || left_ == io::IoStatus::exhausted || local_closed()) return;
  const bool endpoint_broke = left_ == io::IoStatus::reset || left_ == io::IoStatus::eof;
  try {
    link_->codec().reset(*this, endpoint_broke ? http2::ErrorCode::connect_error : http2::ErrorCode::cancel);
  } catch (...) {
    link_->give_up(std::current_exception());
  }
}

/// Whether a request that was answered before its end is read on: clients such as curl 7.88 lose the answer when a
/// reset follows it at once. An error is worth the whole body, as over HTTP/1; other answers what is on its way anyway.
bool Http2Stream::wants_rest() const {
  constexpr int first_error = 400;
  return status_ >= first_error || rest_fits_window();
}

/// Within the bounds that server/discard.hpp has for HTTP/1. The codec resets what is left.
Task<> Http2Stream::drop_rest() {
  const config::ListenerLimits& limits = session().listener().config.limits;
  auto& counts = session().counters().discards;
  const io::Reactor& reactor = worker_.reactor();
  relay::Pace pace(limits.discard_min_rate, Discard::rate_window);
  const TimePoint since = reactor.now();
  std::uint64_t dropped = 0;
  for (;;) {
    dropped += body_.drop();
    const TimePoint now = reactor.now();
    TimePoint until = since + limits.discard_timeout;
    if (worker_.draining()) {
      until = std::min<TimePoint>(until, std::max(since, worker_.draining_since()) + Discard::while_draining);
    }
    std::uint64_t* ended = nullptr;
    if (left_ != io::IoStatus::ok || was_reset()) {
      ended = &counts.client_gone;
    } else if (remote_closed()) {
      ended = &counts.complete;
    } else if (dropped >= limits.discard_bytes) {
      ended = &counts.discard_bytes;
    } else if (now >= until) {
      ended = &counts.discard_timeout;
    } else {
      const TimePoint look = std::min<TimePoint>(now + Discard::look_interval, pace.due(now));
      const Duration held = body_.held_back();
      const io::IoResult came = co_await body_.wait(std::min(until, look));
      const Duration waited = reactor.now() - now - (body_.held_back() - held);
      if (!pace.note(came.bytes, std::max(waited, Duration{}))) ended = &counts.discard_min_rate;
    }
    if (ended == nullptr) continue;
    ++*ended;
    counts.bytes += dropped;
    co_return;
  }
}

void Http2Stream::clear() {
  if (exchange_) worker_.give_back(std::move(exchange_));
  body_.clear();
  sink_.clear();
  if (section_.text_bytes() > section_kept_max) section_ = {};
  section_.clear();
  observer_ = nullptr;
  tunnel_ = counts_ = false;
  left_ = io::IoStatus::ok;
  connection_ = nullptr;
  link_ = nullptr;
  set_session(nullptr);
}

bool Http2Stream::add_trailers(const http2::FieldSection& section) {
  std::string lines;
  if (!http2::write_trailers(section, lines)) return false;
  body_.set_trailers(std::move(lines));
  return true;
}

void Http2Stream::break_off(std::string_view why) {
  body_.break_off(client_error(ErrorKind::malformed_request, std::string(why)));
  leave(io::IoStatus::reset);
}

void Http2Stream::leave(io::IoStatus why) {
  if (left_ != io::IoStatus::ok) return;
  left_ = why;
  body_.break_off(why);
  sink_.wake(why);
  if (observer_ != nullptr) observer_->on_client_left(why);
}

void Http2Stream::send_head(std::string_view head, bool end) {
  if (interim_) return connection_->server_codec().send_interim(*this, head);
  link_->codec().send_head(*this, head, end);
}

std::optional<std::uint64_t> Http2Stream::buffered_rest() const {
  if (!body_.ended()) return std::nullopt;
  return body_.unread();
}

void Http2Stream::write_head(std::string& out, const http::ResponseHead& head,
                             const http::ResponseOptions& options, std::string_view date) {
  interim_ = head.status < 200 && head.status != 101;
  status_ = head.status;
  http2::write_response_block(out, head, options, date);
}

void Http2Stream::write_own_head(std::string& out, const http::OwnResponse& response,
                                 const http::ResponseOptions& options, std::string_view date) {
  interim_ = false;
  status_ = response.status;
  http2::write_own_block(out, response, options, date);
}

/// A 2xx opens the tunnel that extended CONNECT asked for (RFC 8441 5), so it needs an endpoint that has agreed to it.
Result<void> Http2Stream::accepts(const http::ResponseHead& head) const {
  if (!exchange_->head.tunnel) return {};
  if (head.status >= 200 && head.status < 300) {
    return upstream_error(ErrorKind::response_malformed,
                          "the endpoint did not switch to the WebSocket protocol");
  }
  if (head.status != 101) return {};
  const http::Field* accept = head.find(http::FieldId::sec_websocket_accept);
  const std::string_view key(websocket_key_.data(), websocket_key_.size());
  if (!http::iequals(head.upgrade, "websocket")) {
    return upstream_error(ErrorKind::response_malformed, "the endpoint switched to another protocol");
  }
  if (accept == nullptr || accept->value != tls::websocket_accept(key)) {
    return upstream_error(ErrorKind::response_malformed, "the endpoint's Sec-WebSocket-Accept is wrong");
  }
  return {};
}

std::size_t Http2Stream::takes_now() const {
  return link_->codec().sendable(*this);
}

ResponseRoom& Http2Stream::room() {
  return connection_->room();
}

relay::TunnelSide Http2Stream::tunnel() {
  tunnel_ = true;
  body_.open_tunnel();
  connection_->forget_head(*this);
  section_ = {};  // what the log needs of it is kept elsewhere
  sink_.forget_pace();
  return {body_, sink_};
}

}  // namespace weir::server
