#include "server/http2_endpoint_connection.hpp"

#include <algorithm>
#include <utility>

#include "core/connection_age.hpp"
#include "core/kept_text.hpp"
#include "io/spawn.hpp"
#include "server/endpoint_pool.hpp"
#include "server/http2_call.hpp"
#include "server/http2_pool.hpp"

namespace weir::server {
namespace {

constexpr std::string_view ping_payload = "weir-ask";

Http2Call& ours(http2::Stream& stream) {
  return static_cast<Http2Call&>(stream);
}

}  // namespace

Http2EndpointConnection::Http2EndpointConnection(std::shared_ptr<EndpointPool> owner, Http2Pool& pool,
                                                 std::unique_ptr<io::Stream> socket)
    : Http2Link(*socket, codec_, "endpoint connection"),
      owner_(std::move(owner)),
      pool_(pool),
      socket_(std::move(socket)),
      codec_(http2::ClientLimits(), *this),
      in_(pool.buffers()),
      read_bytes_(BufferPool::small_bytes),
      opened_at_(reactor().now()),
      turn_(owner_->next_turn()),
      idle_since_(opened_at_),
      heard_last_(opened_at_),
      asked_last_(opened_at_) {
  count(true, true);
}

Http2EndpointConnection::~Http2EndpointConnection() {
  socket_->channel().observe(nullptr);
  if (!is_dead()) count(calls_.empty(), false);
}

void Http2EndpointConnection::start() noexcept {
  try {
    codec_.start();
  } catch (...) {
    return give_up(std::current_exception());
  }
  want_flush();
  socket_->channel().observe(this);
  read();  // what is there already is no event any more
}

void Http2EndpointConnection::count(bool idle, bool there) {
  auto& counters = pool_.counters();
  (idle ? counters.idle : counters.active) += there ? 1 : -1;
}

bool Http2EndpointConnection::is_open() const {
  const std::uint32_t calls_allowed = pool_.settings().keepalive.max_requests;
  return !closing_ && !codec_.goaway_received() && !codec_.failed() &&
         (calls_allowed == 0 || calls_so_far_ < calls_allowed);
}

std::size_t Http2EndpointConnection::calls_max() const {
  const std::size_t wanted = pool_.settings().h2.max_streams;
  return std::min<std::size_t>(
      wanted, codec_.settings_received() ? codec_.peer_streams_max() : pool_.streams_before_settings());
}

void Http2EndpointConnection::add(Http2Call& call) {
  calls_.push_back(&call);
  if (calls_.size() == 1) {
    count(true, false);
    count(false, true);
    unproven_ = calls_so_far_ > 0;
  }
  ++calls_so_far_;
  ++pool_.counters().streams;
  asked_last_ = reactor().now();
  want_flush();  // the timer is armed there
  call.placed(*this, unproven_);
}

void Http2EndpointConnection::remove(Http2Call& call) {
  const auto at = std::ranges::find(calls_, &call);
  *at = calls_.back();
  calls_.pop_back();
  --pool_.counters().streams;
  leave_queue(call);
  if (calls_.empty()) {
    idle_since_ = reactor().now();
    if (!is_dead()) {
      count(false, false);
      count(true, true);
    }
  }
  // A codec that found no memory may not know the stream: the call is not used again.
  if (!gave_up_ && call.id() != 0) {
    try {
      codec_.release(call);
    } catch (...) {
      give_up(std::current_exception());
    }
  }
  if (calls_.empty() && !is_dead() && (!is_open() || is_old(idle_since_) || !pool_.keeps_idle())) {
    die(io::IoStatus::shutdown);
  }
  want_flush();
  if (!is_dead()) pool_.places_changed();
}

void Http2EndpointConnection::note_keepalive(const config::Keepalive& keepalive) {
  pool_.note_keepalive(keepalive);
}

bool Http2EndpointConnection::close_if_idle() {
  if (!calls_.empty()) return false;
  die(io::IoStatus::shutdown);
  return true;
}

void Http2EndpointConnection::trim() {
  if (!calls_.empty() || has_output()) return;
  for (std::string* text : {&codec_.output(), &sending(), &scratch()}) free_text(*text);
}

void Http2EndpointConnection::give_up(const std::exception_ptr& failure) noexcept {
  gave_up_ = true;
  io::log_failure("endpoint connection", failure);
  die(io::IoStatus::exhausted);
  socket_->channel().abort(io::IoStatus::exhausted);
}

/// All of its calls end; of these only one counts as a failure of the endpoint. It is freed at the end of the turn in
/// which the last one has left.
void Http2EndpointConnection::die(io::IoStatus why) noexcept {
  if (is_dead()) return;
  count(calls_.empty(), false);
  ended_ = why;
  closing_ = true;
  timer_.disarm();
  socket_->channel().observe(nullptr);
  std::shared_ptr<upstream::ConnectionFailure> failure;
  try {
    if (why == io::IoStatus::shutdown) codec_.close();
    if (!calls_.empty()) failure = std::make_shared<upstream::ConnectionFailure>();
  } catch (...) {  // each of them counts then
  }
  for (Http2Call* call : calls_) {
    leave_queue(*call);
    call->lose_connection(why, failure, codec_.failed() ? codec_.error_reason() : goaway_);
  }
  if (is_writing()) socket_->channel().abort(why);  // otherwise a GOAWAY goes out
  want_flush();
  // Without any call so far nothing waits for its places, or Http2Pool::take_over() says what follows.
  if (calls_so_far_ > 0) pool_.places_changed();
}

void Http2EndpointConnection::turn_is_over() noexcept {
  if (!is_dead() && socket_->channel().aborted() != io::IoStatus::ok) die(io::IoStatus::reset);
  if (is_dead()) {
    if (is_writing()) return socket_->channel().abort(io::IoStatus::shutdown);
    if (calls_.empty()) pool_.remove(*this);  // destroys this
    return;
  }
  if (codec_.failed()) return die(io::IoStatus::reset);
  if (reads_on_ && !is_congested()) read();
  if (!is_dead()) arm();
}

void Http2EndpointConnection::on_unread_event(io::Channel&) {
  read();
}

/// What the endpoint sent before it broke off is worth more than what it did not take: a GOAWAY, mostly.
void Http2EndpointConnection::socket_is_broken(io::IoStatus why) {
  for (int turns = 0; turns < reads_per_turn; ++turns) {
    read();
    if (!reads_on_) break;
  }
  socket_->channel().abort(why);
}

void Http2EndpointConnection::read() noexcept {
  reads_on_ = false;
  try {
    for (int reads = 0; !is_dead() && read_some(); ++reads) {
      if (in_.empty() && reads < reads_per_turn && !is_congested()) continue;
      reads_on_ = true;
      break;
    }
  } catch (...) {
    give_up(std::current_exception());
  }
  want_flush();
}

/// False: there is nothing more now.
bool Http2EndpointConnection::read_some() {
  if (!in_.empty()) {
    receive();
    return !is_dead();
  }
  if (socket_->is_quiet()) return false;
  in_.reserve(read_bytes_);
  const std::size_t room = in_.free_bytes();
  io::IoResult received;
  const bool came = socket_->try_read(in_.free_begin(), room, received);
  if (came && received.ok()) {
    in_.produced(received.bytes);
    read_bytes_ = received.bytes == room ? BufferPool::large_bytes : BufferPool::small_bytes;
    heard_last_ = reactor().now();
    unproven_ = ping_runs_ = false;
    receive();
    return !is_dead();
  }
  in_.drop();
  if (came) die(received.status == io::IoStatus::exhausted ? received.status : io::IoStatus::reset);
  return false;
}

/// As much as the codec takes in a turn: an endpoint that sends many heads must not keep the loop.
void Http2EndpointConnection::receive() {
  in_.consume(codec_.receive(in_.unread(), heard_last_));
  if (in_.empty() || codec_.failed()) in_.drop();
  if (codec_.failed()) return die(io::IoStatus::reset);
  if (codec_.goaway_received() && calls_.empty()) die(io::IoStatus::shutdown);
}

void Http2EndpointConnection::on_head(http2::Stream& stream, http2::FieldSection& section, bool too_large,
                                      bool ended) {
  pings_in_silence_ = 0;
  ours(stream).add_head(section, too_large, ended);
}

void Http2EndpointConnection::on_data(http2::Stream& stream, std::string_view bytes) {
  pings_in_silence_ = 0;
  ours(stream).add_data(bytes);
}

void Http2EndpointConnection::on_trailers(http2::Stream& stream, http2::FieldSection& section,
                                          bool too_large) {
  ours(stream).add_trailers(section, too_large);
}

void Http2EndpointConnection::on_end(http2::Stream& stream) {
  ours(stream).end_response();
}

void Http2EndpointConnection::on_reset(http2::Stream& stream, http2::ErrorCode code, bool by_peer) {
  ours(stream).on_reset(code, by_peer);
}

void Http2EndpointConnection::on_window(http2::Stream& stream) {
  ours(stream).outgoing().resume();
  want_flush();
}

/// Those that are not sent yet find out when they are.
void Http2EndpointConnection::on_goaway(std::uint32_t last_id, http2::ErrorCode code) {
  if (code != http2::ErrorCode::no_error) goaway_ = http2::error_name(code);
  for (http2::Stream* stream = codec_.after(last_id); stream != nullptr;
       stream = codec_.after(stream->id())) {
    if (!stream->head_received()) ours(*stream).leave(io::IoStatus::unprocessed);
  }
  pool_.places_changed();
}

void Http2EndpointConnection::on_capacity() {
  pool_.note_streams_max(codec_.peer_streams_max());
  for (Http2Call* call : calls_) call->outgoing().resume();
  pool_.places_changed();
}

TimePoint Http2EndpointConnection::ages_at() const {
  return weir::ages_at(opened_at_, pool_.settings().keepalive.max_age, turn_);
}

TimePoint Http2EndpointConnection::idle_until() const {
  return std::min<TimePoint>(idle_since_ + pool_.settings().keepalive.idle_timeout, ages_at());
}

/// When the silence of the endpoint has to be looked at.
TimePoint Http2EndpointConnection::ping_due() const {
  if (ping_runs_) return pinged_last_ + ping_timeout;
  const Milliseconds pause = ping_pauses[std::min(pings_in_silence_, ping_pauses.size() - 1)];
  return std::max<TimePoint>(std::max(heard_last_, asked_last_) + ping_after, pinged_last_ + pause);
}

void Http2EndpointConnection::arm() {
  reactor().arm(timer_, calls_.empty() ? idle_until() : ping_due());
}

void Http2EndpointConnection::look() noexcept {
  const TimePoint now = reactor().now();
  if (calls_.empty()) {
    if (now >= idle_until()) return die(io::IoStatus::shutdown);
  } else if (now >= ping_due()) {
    try {
      look_at_silence(now);
    } catch (...) {
      give_up(std::current_exception());
    }
  }
  if (!is_dead()) arm();
}

/// An endpoint whose kernel takes what is sent is not gone: the PING may be behind much else.
void Http2EndpointConnection::look_at_silence(TimePoint now) {
  const std::uint64_t taken = socket_->taken_bytes();
  if (!ping_runs_) {
    codec_.ping(ping_payload);
    ping_runs_ = true;
    ++pings_in_silence_;
    want_flush();
  } else if (taken == taken_at_ping_) {
    return die(io::IoStatus::reset);
  }
  taken_at_ping_ = taken;
  pinged_last_ = now;
}

}  // namespace weir::server
