#include "server/http2_connection.hpp"

#include <algorithm>
#include <utility>

#include "io/spawn.hpp"
#include "server/http2_stream.hpp"
#include "server/worker.hpp"

namespace weir::server {
namespace {

http2::ServerLimits codec_limits(const config::ListenerLimits& limits) {
  http2::ServerLimits codec;
  codec.concurrent_streams = limits.concurrent_streams;
  codec.section.bytes = limits.header_bytes;
  codec.section.count = limits.header_count;
  return codec;
}

std::size_t heads_max(const config::ListenerLimits& limits) {
  return limits.concurrent_streams * Http2Connection::head_bytes_each + limits.header_bytes;
}

Http2Stream& ours(http2::Stream& stream) {
  return static_cast<Http2Stream&>(stream);
}

}  // namespace

Http2Connection::Http2Connection(Session& session)
    : Http2Link(session.stream(), codec_, "client connection"),
      RequestRoom(session.worker().held_requests()),
      session_(session),
      reactor_(session.worker().reactor()),
      codec_(codec_limits(session.listener().config.limits), *this),
      progress_(reactor_),
      heads_(session.worker().held_heads(), heads_max(session.listener().config.limits)),
      room_(session.worker().held_responses()),
      opened_at_(reactor_.now()),
      idle_since_(reactor_.now()) {
  codec_.start();  // before anything else: a drain may announce itself first
  want_flush();
}

Http2Connection::~Http2Connection() = default;

Task<bool> Http2Connection::run() {
  ++session_.counters().http2.connections_total;
  const io::Channel& channel = session_.stream().channel();
  try {
    for (bool goes_on = true; goes_on;) {
      if (session_.in().empty()) goes_on = co_await read();
      goes_on = goes_on && receive();
      if (goes_on && !session_.in().empty()) co_await io::Yield(reactor_);
    }
  } catch (...) {
    give_up(std::current_exception());
  }
  if (ended_by_ == io::IoStatus::ok) ended_by_ = channel.aborted();
  if (ended_by_ == io::IoStatus::ok && codec_.failed()) ended_by_ = io::IoStatus::reset;
  end_streams(ended_by_);
  start_streams();  // those that receive() has left when it gave up
  // What the streams still refer to must outlive them, and a GOAWAY is worth a try.
  while (!streams_.empty() || is_writing()) co_await progress_.until(TimePoint::max());
  at_turn_end();
  while (is_writing()) co_await progress_.until(TimePoint::max());
  count_end();
  co_return channel.aborted() == io::IoStatus::ok;
}

/// Passes what was read to the codec. False: the connection is over.
bool Http2Connection::receive() {
  if (session_.stream().channel().aborted() != io::IoStatus::ok) return false;
  ReadBuffer& in = session_.in();
  session_.worker().lend_room(codec_.output());
  session_.worker().lend_room(sending());
  const std::size_t consumed = codec_.receive(in.unread(), reactor_.now());
  in.consume(consumed);
  want_flush();
  start_streams();
  if (codec_.failed()) return false;
  if (announced_ && !finished_ && codec_.shutdown_acknowledged()) {
    finished_ = true;
    codec_.finish_shutdown();
  }
  if (in.empty()) {
    in.drop();
  } else {
    in.compact();
  }
  if (!codec_.in_header_block()) {
    block_since_ = TimePoint::max();
  } else if (block_since_ == TimePoint::max()) {
    block_since_ = reactor_.now();
  }
  return true;
}

/// Waits for bytes. False: there will be none that matter.
Task<bool> Http2Connection::read() {
  io::Stream& stream = session_.stream();
  for (;;) {
    if (is_done()) co_return false;
    if (is_congested()) {
      co_await progress_.until(TimePoint::max());
      if (stream.channel().aborted() == io::IoStatus::ok) continue;
    }
    io::IoResult received;
    if (!session_.read_ready(received)) {
      reading_waits_ = true;
      session_.set_idle(is_idle());
      received = co_await stream.readable(deadline());
      session_.set_idle(false);
      reading_waits_ = false;
      const bool aborted = stream.channel().aborted() != io::IoStatus::ok;
      if (!aborted && received.status == io::IoStatus::timeout && timed_out()) co_return false;
      // Whatever else has changed, or the kernel has something.
      if (!aborted && received.status != io::IoStatus::reset) continue;
    }
    if (!received.ok()) {
      ended_by_ = received.status == io::IoStatus::eof ? io::IoStatus::peer_gone : received.status;
      co_return false;
    }
    if (received.bytes == 0) continue;
    session_.in().produced(received.bytes);
    co_return true;
  }
}

/// What the wait for bytes may last. A client cannot extend it by frames that do not matter.
TimePoint Http2Connection::deadline() const {
  const config::ListenerLimits& limits = session_.listener().config.limits;
  if (!codec_.settings_received()) {
    const TimePoint usual = opened_at_ + limits.header_timeout;
    if (!session_.worker().draining()) return usual;
    return std::min<TimePoint>(usual, session_.worker().draining_since() + Session::first_request_wait);
  }
  TimePoint until = TimePoint::max();
  if (codec_.in_header_block()) until = block_since_ + limits.header_timeout;
  if (!announced_) until = std::min<TimePoint>(until, session_.ages_at());
  if (announced_ && !finished_) until = std::min<TimePoint>(until, announced_at_ + shutdown_wait);
  if (streams_.empty()) until = std::min<TimePoint>(until, idle_since_ + limits.idle_timeout);
  return until;
}

/// True: the connection ends for it.
bool Http2Connection::timed_out() {
  const TimePoint now = reactor_.now();
  const config::ListenerLimits& limits = session_.listener().config.limits;
  if (!codec_.settings_received() && session_.worker().draining()) return true;
  if (!codec_.settings_received()) {
    codec_.fail(http2::ErrorCode::protocol_error, "preface_timeout");
    return true;
  }
  if (codec_.in_header_block() && now >= block_since_ + limits.header_timeout) {
    codec_.fail(http2::ErrorCode::protocol_error, "header_timeout");
    return true;
  }
  if (announced_ && !finished_ && now >= announced_at_ + shutdown_wait) {
    finished_ = true;
    codec_.finish_shutdown();
    want_flush();
  } else if (!announced_ && session_.is_old()) {
    begin_shutdown();
  } else if (streams_.empty()) {
    close_idle();
  }
  return is_done();
}

void Http2Connection::begin_shutdown() {
  if (announced_ || gave_up_) return;
  announced_ = true;
  announced_at_ = reactor_.now();
  try {
    codec_.announce_shutdown();
  } catch (...) {
    return give_up(std::current_exception());
  }
  want_flush();
  look_again();
}

void Http2Connection::close_idle() {
  announced_ = finished_ = true;
  try {
    codec_.finish_shutdown();
  } catch (...) {
    return give_up(std::current_exception());
  }
  want_flush();
  look_again();
}

void Http2Connection::give_up(const std::exception_ptr& failure) noexcept {
  gave_up_ = true;
  io::log_failure("client connection", failure);
  session_.stream().channel().abort(io::IoStatus::exhausted);
  progress_.notify();
}

/// The client, or the second GOAWAY, has ruled out further streams, and the last one has ended.
bool Http2Connection::is_done() const {
  return codec_.failed() || ((finished_ || codec_.goaway_received()) && streams_.empty());
}

bool Http2Connection::is_idle() const {
  return streams_.empty() && !codec_.in_header_block();
}

/// What the wait for bytes goes by has changed.
void Http2Connection::look_again() {
  if (!reading_waits_) return;
  if (is_done()) return session_.stream().channel().cancel_read();
  session_.set_idle(is_idle());
  session_.stream().channel().extend_read_deadline(deadline());
}

http2::Stream* Http2Connection::on_request(std::uint32_t, http2::FieldSection& section, bool too_large,
                                           bool ended) {
  if (!has_room_for(section)) return nullptr;
  auto stream = session_.worker().take_stream();
  if (!stream->begin(*this, section, too_large, ended)) {
    ++session_.counters().http2.malformed_streams;
    session_.worker().give_back(std::move(stream));
    codec_.refuse(http2::ErrorCode::protocol_error);
    return nullptr;
  }
  streams_.push_back(stream.get());
  try {
    starting_.push_back(stream.get());
  } catch (...) {
    streams_.pop_back();
    throw;
  }
  ++session_.requests_;
  heads_.add(stream->head_bytes());
  if (streams_.size() == 1) look_again();
  return stream.release();  // in streams_ until stream_ended()
}

/// Of a head or trailers. False is counted.
bool Http2Connection::has_room_for(const http2::FieldSection& section) {
  if (heads_.has_room(section.text_bytes())) return true;
  ++session_.counters().http2.held_heads;
  return false;
}

void Http2Connection::on_refused(std::uint32_t) {
  auto& counters = session_.counters().http2;
  ++(codec_.shutdown_finished() ? counters.late_streams : counters.refused_streams);
}

void Http2Connection::on_data(http2::Stream& stream, std::string_view bytes) {
  ours(stream).add_data(bytes);
}

void Http2Connection::on_trailers(http2::Stream& stream, http2::FieldSection& section, bool too_large) {
  if (!has_room_for(section)) {
    ours(stream).break_off("too many heads and trailers at once");
    return codec_.reset(stream, http2::ErrorCode::enhance_your_calm);
  }
  if (!too_large && ours(stream).add_trailers(section)) {
    return heads_.add(ours(stream).trailer_bytes());
  }
  ours(stream).break_off(too_large ? "trailers are too large" : "malformed trailers");
  codec_.reset(stream, http2::ErrorCode::protocol_error);
}

void Http2Connection::on_end(http2::Stream& stream) {
  ours(stream).end_body();
}

void Http2Connection::on_reset(http2::Stream& stream, http2::ErrorCode, bool by_peer) {
  if (by_peer) return ours(stream).leave(io::IoStatus::peer_gone);
  ours(stream).break_off("the request breaks HTTP/2");
}

void Http2Connection::on_window(http2::Stream& stream) {
  ours(stream).outgoing().resume();
  want_flush();
}

void Http2Connection::on_connection_window() {
  look_at_standing();
  want_flush();
}

/// Those whose windows have opened do not any more.
void Http2Connection::look_at_standing() {
  if (standing_ == 0) return;
  for (Http2Stream* stream : streams_) stream->outgoing().end_standing_if_open();
}

/// What the client says of us: a trace for looking into a fault of either side.
void Http2Connection::on_goaway(http2::ErrorCode code) {
  if (code == http2::ErrorCode::no_error) return;
  session_.worker().log(Noise::client_http2, config::LogLevel::info, "client {}: HTTP/2: GOAWAY {}",
                        session_.peer().to_string(), http2::error_name(code));
}

void Http2Connection::on_priority(http2::Stream& stream) {
  reprioritise(stream);
}

/// Those that may begin, in their order. Not within receive(): an exchange may end at once, and the next has its room.
void Http2Connection::start_streams() {
  if (starting_.empty() || std::exchange(starts_, true)) return;
  std::size_t before = 0;
  do {
    before = streams_.size();
    for (std::size_t at = 0; at < starting_.size();) {
      Http2Stream& stream = *starting_[at];
      if (!may_start(stream)) {
        let_wait(stream);
        ++at;
        continue;
      }
      starting_.erase(starting_.begin() +
                      static_cast<std::ptrdiff_t>(at));  // whatever is thrown, none starts twice
      start(stream);
    }
  } while (!starting_.empty() && streams_.size() < before);
  starts_ = false;
}

/// What is to end without an answer needs no room.
bool Http2Connection::may_start(const Http2Stream& stream) {
  if (gave_up_ || codec_.failed() || stream.was_reset() || stream.left() != io::IoStatus::ok) return true;
  return has_room(data_sent(), reactor_.now());
}

void Http2Connection::start(Http2Stream& stream) {
  try {
    if (stream.is_waiting()) {
      --session_.counters().http2.waiting_streams;
      stream.end_wait();
    }
  } catch (...) {
    give_up(std::current_exception());
    return stream_ended(stream);
  }
  stream.set_counts(true);
  add();
  io::spawn(
      "request", [&stream] { return stream.serve(); }, [this, &stream](bool) { stream_ended(stream); });
}

void Http2Connection::let_wait(Http2Stream& stream) {
  if (stream.is_waiting()) return;
  ++session_.counters().http2.delayed_streams;
  ++session_.counters().http2.waiting_streams;
  session_.worker().begin_waiting_later();
  try {
    stream.wait();
  } catch (...) {
    give_up(std::current_exception());
  }
}

bool Http2Connection::begin_waiting() {
  start_streams();
  return !starting_.empty();
}

void Http2Connection::recount(TimePoint now) {
  if (standing_ > 0) return;  // this client has shown what it does
  for (Http2Stream* stream : streams_) {
    if (!stream->counts() || stream->is_new(now)) continue;
    stream->set_counts(false);
    remove();
  }
}

void Http2Connection::stream_ended(Http2Stream& stream) {
  const auto at = std::find(streams_.begin(), streams_.end(), &stream);
  *at = streams_.back();
  streams_.pop_back();
  try {
    release(stream);
  } catch (...) {
    give_up(std::current_exception());
  }
  want_flush();
  if (!session_.may_go_on()) begin_shutdown();
  start_streams();
  if (!streams_.empty()) return;
  idle_since_ = reactor_.now();
  look_again();
  progress_.notify();
}

/// Frees it, whatever is thrown.
void Http2Connection::release(Http2Stream& stream) {
  std::unique_ptr<Http2Stream> owned(&stream);
  stream.outgoing().end_standing();
  if (stream.counts()) remove();
  if (!stream.was_reset()) add_taken();
  leave_queue(stream);
  forget_head(stream);
  heads_.remove(stream.trailer_bytes());
  if (gave_up_) return;  // the codec may not know the stream, and nothing is left to be said of it
  codec_.release(stream);
  session_.worker().give_back(std::move(owned));
}

void Http2Connection::forget_head(const Http2Stream& stream) {
  heads_.remove(stream.head_bytes());
}

void Http2Connection::begin_standing(http2::Stream& stream) noexcept {
  ++standing_;
  ++session_.counters().http2.standing_streams;
  add_standing();
  Http2Stream& counted = ours(stream);
  counted.free_texts();
  if (counted.counts()) return;
  counted.set_counts(true);
  add();
}

void Http2Connection::end_standing() {
  --standing_;
  --session_.counters().http2.standing_streams;
  remove_standing();
}

void Http2Connection::end_streams(io::IoStatus why) {
  for (std::size_t i = 0; i < streams_.size(); ++i) streams_[i]->leave(why);
}

relay::WriteBounds Http2Connection::write_bounds() {
  relay::WriteBounds bounds{session_.listener().config.limits.send_timeout};
  bounds.pace = &session_.pace();
  return bounds;
}

/// A connection without requests holds no more than its next small answer needs.
void Http2Connection::output_is_empty() {
  if (!streams_.empty()) return;
  for (std::string* text : {&codec_.output(), &sending(), &scratch()}) session_.worker().take_room(*text);
}

void Http2Connection::count_end() {
  if (codec_.failed() && !gave_up_) ++session_.counters().http2.closed[std::string(codec_.error_reason())];
}

}  // namespace weir::server
