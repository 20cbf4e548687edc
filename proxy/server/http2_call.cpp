#include "server/http2_call.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "http/text.hpp"
#include "http2/request_block.hpp"
#include "http2/response_head.hpp"
#include "http2/trailers.hpp"
#include "server/call_error.hpp"
#include "server/http2_endpoint_connection.hpp"
#include "server/response_room.hpp"
#include "tls/websocket_key.hpp"

namespace weir::server {
namespace {

/// The value of a field of a head that was written here: `Name: value` CRLF.
std::string_view value_in(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at)) {
    ++at;
    const std::string_view line = head.substr(at, head.find('\r', at) - at);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (http::iequals(line.substr(0, name.size()), name)) return http::trim_ows(line.substr(name.size() + 1));
  }
  return {};
}

/// Whether the fields of `head` have more than `most` bytes, as RFC 9113 6.5.2 counts them. The pseudo fields stand for
/// its first line.
bool list_bytes_exceed(std::string_view head, std::uint32_t most) {
  constexpr std::size_t field_overhead = 32, field_text_min = 4;
  if (head.size() + head.size() / field_text_min * field_overhead <= most)
    return false;  // whatever lines it has
  const auto lines = static_cast<std::size_t>(std::ranges::count(head, '\n'));
  constexpr std::size_t pseudo_fields = 4, line_marks = 4;  // `: ` and CRLF
  return head.size() + (lines + pseudo_fields) * field_overhead - lines * line_marks > most;
}

}  // namespace

Http2Call::Http2Call(io::Reactor& reactor, BufferPool& buffers)
    : Http2Message(reactor, buffers), reactor_(reactor), head_arrival_(reactor), place_wait_(reactor) {
  reactor_.expect_waiting(io::Reactor::waiting_per_channel);
}

Http2Call::~Http2Call() {
  if (connection_ != nullptr) give_place_back();
  reactor_.expect_waiting(-static_cast<std::ptrdiff_t>(io::Reactor::waiting_per_channel));
}

void Http2Call::placed(Http2EndpointConnection& connection, bool kept) {
  connection_ = &connection;
  link_ = &connection;
  kept_ = kept;
  failure_.reset();  // of an earlier try to get here
  tls_failure_.reset();
  priority = {.incremental = true};  // bodies take turns: an upload of any length stops no other
  body_.begin(*this, false);
  sink_.begin(*this, connection, 0);
}

void Http2Call::note_connect_failure(std::shared_ptr<const std::string> tls,
                                     std::shared_ptr<upstream::ConnectionFailure> failure) noexcept {
  tls_failure_ = std::move(tls);
  failure_ = std::move(failure);
}

bool Http2Call::was_kept() const {
  return kept_ && (connection_ == nullptr || connection_->is_unproven());
}

bool Http2Call::counts_failure() {
  if (refused_) return false;  // any client could cause it
  return !failure_ || failure_->is_counted_by(this);
}

/// What an extended CONNECT may be is said by the endpoint's SETTINGS (RFC 8441 3).
bool Http2Call::may_begin() const {
  return !tunnel_ || connection_->client_codec().settings_received();
}

void Http2Call::send_head(std::string_view head, bool end) {
  http2::ClientCodec& codec = connection_->client_codec();
  if (is_refused(head)) return;
  if (!codec.may_open()) return leave(io::IoStatus::unprocessed);  // since it got its place
  method_ = http::parse_method(head.substr(0, head.find(' ')));
  if (tunnel_) websocket_accept_ = tls::websocket_accept(value_in(head, "Sec-WebSocket-Key"));
  std::string& block = link_->scratch();
  block.clear();
  const http2::RequestBlockOptions options{connection_->is_tls() ? "https" : "http", tunnel_};
  http2::write_request_block(block, head, options);
  const bool waited = queued();
  if (waited) link_->leave_queue(*this);  // a stream that is new is in no queue
  codec.open(*this, block, end && !tunnel_);
  std::size_t wanted = window_usual - window();
  if (taker_ != nullptr && taker_->takes_now() < window_usual - widened_min)
    wanted = std::max<std::size_t>(taker_->takes_now(), window()) - window();
  widen(wanted);  // goes out with the head
  if (waited) link_->enter_queue(*this);
  connection_->note_request();
}

/// By no more than the client has a window for, which would only wait here, and than there is room for.
void Http2Call::widen(std::size_t wanted) {
  taken_ = 0;
  if (taker_ != nullptr) {
    ResponseRoom& room = taker_->room();
    const std::size_t lent = room.lend(std::min(wanted, taker_->takes_now()));
    if (lent < widened_min) return room.settle(lent);  // not worth a frame
    lent_ += lent;
    wanted = lent;
  }
  connection_->client_codec().widen(*this, static_cast<std::uint32_t>(wanted));
}

/// What was lent is no risk once the client takes some of it, or the call is over.
void Http2Call::settle() {
  if (lent_ > 0) taker_->room().settle(std::exchange(lent_, 0));
}

void Http2Call::add_data(std::string_view bytes) {
  body_.add(bytes);
  if (taker_ == nullptr) return;
  held_ += bytes.size();
  taker_->room().hold(bytes.size());
}

/// A window of which the client takes everything may be what the endpoint waits for.
void Http2Call::took(std::size_t bytes) {
  Http2Message::took(bytes);
  if (taker_ == nullptr) return;
  held_ -= bytes;
  taker_->room().release(bytes);
  settle();
  if (connection_ == nullptr || remote_closed() || was_reset()) return;
  taken_ += bytes;
  const bool usual = window() >= window_usual;
  if (taken_ < (usual ? window() : window() / 2) || window() >= window_most) return;
  try {
    widen(usual ? std::min(window(), window_most - window()) : window_usual - window());
  } catch (...) {
    link_->give_up(std::current_exception());
  }
}

/// What the endpoint has said that it does not take is not sent to it.
bool Http2Call::is_refused(std::string_view head) {
  const http2::ClientCodec& codec = connection_->client_codec();
  if (tunnel_ && !codec.connect_protocol()) {
    refuse(upstream_error(ErrorKind::response_malformed,
                          "the endpoint does not take WebSockets over HTTP/2 (RFC 8441)"));
  } else if (list_bytes_exceed(head, codec.peer_list_bytes_max())) {
    refuse(client_error(ErrorKind::head_too_large,
                        "the endpoint takes no more than " + std::to_string(codec.peer_list_bytes_max()) +
                            " bytes of header fields (SETTINGS_MAX_HEADER_LIST_SIZE)"));
  }
  return refused_;
}

void Http2Call::refuse(Error error) {
  refused_ = true;
  error_ = std::move(error);
  leave(io::IoStatus::reset);
}

Task<CallEnd> Http2Call::receive_head(HeadWanted wanted, http::ResponseHead& head) {
  head_deadline_ = wanted.deadline;
  CallEnd end;
  while (!take_head(head, end)) {
    const io::IoStatus woken = co_await head_arrival_.until(head_deadline_);
    // It may have been moved meanwhile.
    if (woken != io::IoStatus::timeout || reactor_.now() < head_deadline_) continue;
    if (take_head(head, end)) break;
    end.status = io::IoStatus::timeout;
    break;
  }
  co_return end;
}

/// What came before an end is given before it. False: there is neither.
bool Http2Call::take_head(http::ResponseHead& head, CallEnd& end) {
  if (heads_taken_ < heads_come_) {
    std::swap(head, heads_[heads_taken_++]->head);
    return true;
  }
  if (error_) {
    end.error = error_;
    return true;
  }
  end.status = left_;
  return left_ != io::IoStatus::ok;
}

/// The text of an interim head lies here until it was passed on.
void Http2Call::drop_head(http::ResponseHead& head) {
  head.clear();
  if (heads_taken_ > 0) free_head(*heads_[heads_taken_ - 1]);
}

void Http2Call::free_head(Head& received) {
  heads_bytes_ -= std::min(heads_bytes_, received.section.text_bytes());
  if (received.section.text_bytes() > section_kept_max) received.section = {};
  received.section.clear();
  received.head.clear();
}

void Http2Call::extend_head_wait(TimePoint deadline) {
  head_deadline_ = deadline;
  head_arrival_.notify();
}

void Http2Call::add_head(http2::FieldSection& section, bool too_large, bool ended) {
  if (first_byte_at_ == TimePoint{}) first_byte_at_ = reactor_.now();
  if (heads_come_ == heads_.size()) heads_.push_back(std::make_unique<Head>());
  Head& received = *heads_[heads_come_];
  received.section.swap(section);
  heads_bytes_ += received.section.text_bytes();
  if (heads_bytes_ > heads_waiting_max) too_large = true;
  const auto read_well = read(received, too_large, ended);
  if (!read_well) return refuse_response(http2::ErrorCode::protocol_error, read_well.error());
  const http::ResponseHead& head = received.head;
  if (head.status >= 200 || head.status == 101) {
    connection_->client_codec().accept_final(*this);
    if (head.body.kind == http::BodyKind::length) expect_length(head.body.length);
    if (head.body.kind == http::BodyKind::none && head.status != 101) expect_length(0);
  }
  ++heads_come_;
  head_arrival_.notify();
}

Result<void> Http2Call::read(Head& received, bool too_large, bool ended) {
  if (too_large) return upstream_error(ErrorKind::response_head_too_large, "response head is too large");
  received.head.clear();
  auto done = http2::read_response(received.section, ended, method_, tunnel_, received.head);
  if (done && received.head.status == 101) {
    received.head.fields.push_back(
        {http::FieldId::sec_websocket_accept, "Sec-WebSocket-Accept", websocket_accept_});
  }
  return done;
}

void Http2Call::add_trailers(const http2::FieldSection& section, bool too_large) {
  std::string lines;
  auto done = too_large
                  ? Result<void>(upstream_error(ErrorKind::response_malformed, "trailers are too large"))
                  : http2::write_response_trailers(section, lines);
  if (!done) return refuse_response(http2::ErrorCode::protocol_error, std::move(done).error());
  body_.set_trailers(std::move(lines));
}

void Http2Call::refuse_response(http2::ErrorCode code, Error error) {
  error_ = error;
  body_.break_off(std::move(error));
  connection_->client_codec().reset(*this, code);
  leave(io::IoStatus::reset);
}

void Http2Call::on_reset(http2::ErrorCode code, bool by_peer) {
  if (by_peer) {
    const bool unprocessed = code == http2::ErrorCode::refused_stream && heads_come_ == 0;
    if (!unprocessed && left_ == io::IoStatus::ok) {
      reset_code_ = static_cast<std::uint32_t>(code);
      error_ = upstream_error(ErrorKind::upstream_reset, reset_text(*reset_code_));
    }
    return leave(unprocessed ? io::IoStatus::unprocessed : io::IoStatus::reset);
  }
  error_ = upstream_error(ErrorKind::response_malformed, "the response breaks HTTP/2");
  body_.break_off(*error_);
  leave(io::IoStatus::reset);
}

void Http2Call::lose_connection(io::IoStatus why, std::shared_ptr<upstream::ConnectionFailure> failure,
                                std::string_view reason) {
  if (left_ == io::IoStatus::ok) {
    failure_ = std::move(failure);
    broken_by_ = reason;
  }
  leave(why);
}

void Http2Call::leave(io::IoStatus why) {
  if (left_ != io::IoStatus::ok) return;
  left_ = why;
  body_.break_off(why);
  sink_.wake(why);
  head_arrival_.notify(why);
  place_wait_.notify(why);
}

void Http2Call::finish(const http::ResponseHead&, bool, const config::Keepalive& keepalive) {
  if (connection_ == nullptr) return;
  connection_->note_keepalive(keepalive);
  give_place_back();
}

/// The codec resets what did not end both ways.
void Http2Call::give_place_back() {
  kept_ = was_kept();
  sink_.clear();
  body_.clear();
  settle();
  if (held_ > 0) taker_->room().release(std::exchange(held_, 0));
  std::exchange(connection_, nullptr)->remove(*this);
  link_ = nullptr;
}

void Http2Call::reset() {
  if (connection_ != nullptr) give_place_back();
  body_.clear();
  if (heads_.size() > heads_kept_max) heads_.resize(heads_kept_max);
  for (const auto& received : heads_) free_head(*received);
  heads_bytes_ = 0;
  heads_come_ = heads_taken_ = 0;
  left_ = io::IoStatus::ok;
  head_deadline_ = TimePoint::max();
  first_byte_at_ = TimePoint{};
  method_ = http::Method::other;
  tunnel_ = refused_ = kept_ = false;
  takes_kept_ = true;
  broken_by_ = {};
  error_.reset();
  reset_code_.reset();
  failure_.reset();
  tls_failure_.reset();
  websocket_accept_.clear();
}

}  // namespace weir::server
