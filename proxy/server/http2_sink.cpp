#include "server/http2_sink.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/buffer.hpp"
#include "http2/response.hpp"
#include "relay/relay_body.hpp"
#include "server/http2_link.hpp"
#include "server/http2_message.hpp"

namespace weir::server {
namespace {

constexpr int looks_a_timeout = 8;           // how exactly a bound on silence is kept
constexpr Milliseconds standing_after{200};  // longer than clients take that open a window when it is used up

}  // namespace

void Http2Sink::begin(Http2Message& stream, Http2Link& link, std::uint64_t min_rate) {
  stream_ = &stream;
  link_ = &link;
  sent_ = 0;
  granted_in_ = 0;
  sent_last_ = reactor_.now();
  own_pace_ = shared_pace_ = relay::TakenPace(min_rate, relay::target_rate_window);
  counts_standing_ = link.counts_standing();
}

void Http2Sink::clear() {
  end_standing();
  drop_batch();
  stream_ = nullptr;
  link_ = nullptr;
}

void Http2Sink::forget_pace() {
  own_pace_ = shared_pace_ = relay::TakenPace(0, Duration{});
  counts_standing_ = false;
}

void Http2Sink::drop_batch() {
  if (batch_ == nullptr) return;
  batch_ = nullptr;
  link_->leave_queue(*stream_);
  link_->give_up_runs(*stream_);
}

bool Http2Sink::note_sent() {
  all_sent_ = true;
  if (runs_out_ == 0) note_through();
  return batch_ == nullptr;
}

void Http2Sink::note_through() {
  batch_ = nullptr;
  progress_.notify();
}

bool Http2Sink::has_turn() const {
  if (aborted() != io::IoStatus::ok || link_->codec().sendable(*stream_) == 0) return true;
  return link_->has_turn(*stream_);
}

std::size_t Http2Sink::read_max() const {
  const std::size_t room = std::min(link_->codec().sendable(*stream_), http2::SendQueue::turn_bytes);
  if (room < BufferPool::small_bytes) return std::max(room, relay::probe_bytes);
  return link_->has_turn(*stream_) ? room : BufferPool::small_bytes;
}

io::IoStatus Http2Sink::aborted() const {
  return stream_->left();
}

bool Http2Sink::try_write(relay::BodyBatch& batch, io::IoResult& result) {
  if (const io::IoStatus gone = aborted(); gone != io::IoStatus::ok) {
    result.status = gone;
    return true;
  }
  batch_ = &batch;
  head_sent_ = batch.head().empty();
  run_ = offset_ = 0;
  data_left_ = batch.data_bytes();
  written_ = 0;
  all_sent_ = false;
  runs_out_ = 0;
  try {
    all_sent_ = begin_batch();
  } catch (...) {
    link_->give_up(std::current_exception());
    result.status = io::IoStatus::exhausted;
  }
  result.bytes = std::exchange(written_, 0);
  if (const io::IoStatus gone = aborted(); gone != io::IoStatus::ok && result.ok()) {
    result.status = gone;  // its head could not be sent any more
  }
  if (!result.ok()) {
    drop_batch();
    return true;
  }
  if (all_sent_ && runs_out_ == 0) {
    batch_ = nullptr;
    return true;
  }
  sent_last_ = reactor_.now();  // before, the client was not what this waited for
  if (!all_sent_) link_->enter_queue(*stream_);
  return false;
}

/// A head needs no window, and the end of a body neither. True: all of it was sent.
bool Http2Sink::begin_batch() {
  if (waits_for_turn()) return has_turn();
  if (!head_sent_ && !stream_->may_begin()) return false;
  if (!head_sent_ && send_head()) return true;
  if (data_left_ > 0) {
    if (!link_->has_turn(*stream_)) return false;
    link_->use_turn(*stream_);
  }
  return send(http2::SendQueue::turn_bytes);
}

void Http2Sink::resume() {
  end_standing_if_open();
  if (batch_ != nullptr && !all_sent_) link_->enter_queue(*stream_);
}

bool Http2Sink::send(std::size_t most) {
  end_standing_if_open();
  if (!head_sent_) {
    if (!stream_->may_begin()) return false;
    if (send_head()) return true;
  }
  if (data_left_ > 0) {
    const std::size_t bytes =
        std::min({most, link_->codec().sendable(*stream_), static_cast<std::size_t>(data_left_)});
    const bool whole = bytes == data_left_;
    const bool end = whole && batch_->ended() && batch_->trailers().empty();
    if (bytes > 0) send_data(bytes, end);
    return whole && (end || send_end());
  }
  return send_end();
}

/// True: nothing follows it in this batch, or nothing can: the stream may find now that it comes too late.
bool Http2Sink::send_head() {
  const bool end = batch_->ended() && data_left_ == 0 && batch_->trailers().empty();
  const std::size_t before = link_->codec().output().size();
  stream_->send_head(batch_->head(), end);
  written_ += link_->codec().output().size() - before;
  head_sent_ = true;
  link_->want_flush();
  return end || aborted() != io::IoStatus::ok;
}

void Http2Sink::send_data(std::size_t bytes, bool end) {
  std::array<iovec, relay::BodyBatch::runs_max> parts;
  std::size_t count = 0;
  const auto runs = batch_->runs();
  for (std::size_t left = bytes; left > 0;) {
    const iovec& run = runs[run_];
    const std::size_t taken = std::min(left, run.iov_len - offset_);
    parts[count++] = {static_cast<char*>(run.iov_base) + offset_, taken};
    left -= taken;
    offset_ += taken;
    if (offset_ == run.iov_len) {
      ++run_;
      offset_ = 0;
    }
  }
  const auto sent = link_->send_data(*stream_, std::span<const iovec>(parts.data(), count), bytes, end);
  written_ += sent.bytes;
  runs_out_ += sent.runs;
  data_left_ -= bytes;
  sent_ += bytes;
  sent_last_ = reactor_.now();
}

/// Behind the last byte of the batch: the end of the body, with its trailers, where it has come. Always true.
bool Http2Sink::send_end() {
  if (!batch_->ended()) return true;
  const std::size_t before = link_->codec().output().size();
  if (batch_->trailers().empty()) {
    link_->codec().send_data(*stream_, {}, 0, true);
  } else {
    std::string& block = link_->scratch();
    block.clear();
    http2::write_trailer_block(block, batch_->trailers());
    link_->codec().send_head(*stream_, block, true);
  }
  written_ += link_->codec().output().size() - before;
  link_->want_flush();
  return true;
}

bool Http2Sink::blocked_by_own_window() const {
  const http2::Codec& codec = link_->codec();
  return data_left_ > 0 && codec.sendable(*stream_) == 0 && codec.connection_sendable() > 0;
}

/// Next to nothing of this stream can be sent.
bool Http2Sink::is_closed() const {
  const http2::Codec& codec = link_->codec();
  return codec.stream_sendable(*stream_) < relay::probe_bytes ||
         codec.connection_sendable() < relay::probe_bytes;
}

void Http2Sink::end_standing_if_open() {
  if (stands_ && !is_closed()) end_standing();
}

Http2Sink::Standing Http2Sink::standing_now() const {
  return {reactor_.now(), sent_, link_->data_sent()};
}

/// A client that takes less than its pace asks for, because it opens no window, is counted after a moment.
void Http2Sink::look_for_standing(Standing& standing) {
  const Duration waited = reactor_.now() - standing.since;
  if (waited < standing_after) return;
  const Standing before = std::exchange(standing, standing_now());
  const double seconds = std::chrono::duration<double>(waited).count();
  const double enough =
      static_cast<double>(std::max<std::uint64_t>(own_pace_.bytes_per_second(), 1)) * seconds;
  const std::uint64_t taken =
      blocked_by_own_window() ? standing.own - before.own : standing.shared - before.shared;
  if (data_left_ == 0 || !is_closed() || link_->is_writing() || static_cast<double>(taken) >= enough) return;
  stands_ = true;
  link_->begin_standing(*stream_);
}

void Http2Sink::end_standing() {
  if (std::exchange(stands_, false)) link_->end_standing();
}

/// A stream whose own window is open waits for the connection: that moves when any of its streams does. What waits for
/// the socket is under the bounds of that.
TimePoint Http2Sink::last_progress() const {
  if (link_->is_writing()) return reactor_.now();
  return blocked_by_own_window() ? sent_last_ : std::max(sent_last_, link_->data_sent_last());
}

/// The batch is in the frame of the caller, which goes when there is no memory to wait in.
Task<relay::PacedWrite> Http2Sink::write_rest(relay::WriteBounds bounds) {
  try {
    return wait_until_through(bounds);
  } catch (...) {
    drop_batch();
    throw;
  }
}

/// A wait for a turn has no bounds of its own: those of the streams that have it are enough.
Task<relay::PacedWrite> Http2Sink::wait_until_through(relay::WriteBounds bounds) {
  relay::PacedWrite end;
  Standing standing = standing_now();
  while (batch_ != nullptr) {
    // Not only where it is woken: what ends the stream may come in the turn in which a look is due.
    end.status = aborted();
    if (!end.ok()) break;
    const TimePoint before = reactor_.now();
    if (waits_for_turn()) {
      end.status = co_await progress_.until(bounds.deadline);
      if (end.ok()) continue;
      break;
    }
    const bool own = blocked_by_own_window();
    relay::TakenPace& pace = own ? own_pace_ : shared_pace_;
    pace.begin_wait(own ? sent_ : link_->data_sent());
    const Duration look = std::min(bounds.timeout / looks_a_timeout, pace.look_interval());
    TimePoint until = std::min({bounds.deadline, last_progress() + bounds.timeout, before + look});
    if (looks_for_standing()) until = std::min<TimePoint>(until, standing.since + standing_after);
    const io::IoStatus woken = co_await progress_.until(until);
    end.bytes += std::exchange(written_, 0);
    end.status = woken;
    if (woken != io::IoStatus::timeout && woken != io::IoStatus::ok) break;
    const TimePoint now = reactor_.now();
    end.too_slow = !pace.end_wait(own ? sent_ : link_->data_sent(), now - before);
    end.status = end.too_slow ? io::IoStatus::timeout : io::IoStatus::ok;
    if (end.too_slow || batch_ == nullptr) break;
    if (looks_for_standing()) look_for_standing(standing);
    if (now >= bounds.deadline || now >= last_progress() + bounds.timeout) {
      end.status = io::IoStatus::timeout;
      break;
    }
  }
  drop_batch();
  co_return end;
}

void Http2Sink::finish() {
  if (aborted() != io::IoStatus::ok || stream_->id() == 0 || stream_->local_closed()) return;
  try {
    link_->codec().send_data(*stream_, {}, 0, true);
  } catch (...) {
    return link_->give_up(std::current_exception());
  }
  link_->want_flush();
}

void Http2Sink::abort(io::IoStatus reason) {
  stream_->leave(reason);
}

}  // namespace weir::server
