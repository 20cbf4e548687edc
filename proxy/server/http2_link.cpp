#include "server/http2_link.hpp"

#include <cassert>
#include <span>

#include "io/spawn.hpp"
#include "server/http2_message.hpp"

namespace weir::server {
namespace {

Http2Sink& sink_of(http2::Stream& stream) {
  return static_cast<Http2Message&>(stream).outgoing();
}

}  // namespace

Http2Link::Http2Link(io::Stream& socket, http2::Codec& codec, const char* name)
    : socket_(socket),
      codec_(codec),
      reactor_(socket.reactor()),
      name_(name),
      data_sent_last_(reactor_.now()) {}

bool Http2Link::has_turn(http2::Stream& stream) const {
  if (sink_of(stream).granted_in() == turn_) return true;
  return queued_bytes() + granted_ < output_target && queue_.is_next(stream);
}

/// The stream reads for its turn in the rest of this turn of the loop, or not at all.
void Http2Link::grant(http2::Stream& stream) {
  sink_of(stream).note_granted(turn_);
  granted_ += http2::SendQueue::turn_bytes;
  want_flush();  // where it has nothing to read others are next
}

/// What it had is sent, and more of it may be there at once: it goes before those that wait.
bool Http2Link::keeps_turn(http2::Stream& stream) const {
  return !queue_.empty() && !sink_of(stream).has_ended() && queue_.is_next(stream);
}

void Http2Link::use_turn(http2::Stream& stream) {
  if (sink_of(stream).granted_in() != turn_) return;
  sink_of(stream).note_granted(0);
  granted_ -= http2::SendQueue::turn_bytes;
}

void Http2Link::enter_queue(http2::Stream& stream) {
  queue_.push(stream);
  want_flush();
}

Http2Link::SentData Http2Link::send_data(http2::Stream& stream, std::span<const iovec> parts,
                                         std::size_t bytes, bool end) {
  const std::size_t text_before = codec_.output().size();
  const std::size_t runs_before = output_.runs().size();
  codec_.send_data(stream, parts, bytes, end, bytes >= gathered_from ? &output_.runs() : nullptr);
  SentData sent;
  sent.runs = output_.runs().size() - runs_before;
  sent.bytes = codec_.output().size() - text_before;
  if (sent.runs > 0) sent.bytes += output_.note_runs(runs_before);
  data_sent_ += bytes;
  data_sent_last_ = reactor_.now();
  want_flush();
  return sent;
}

void Http2Link::give_up_runs(const http2::Stream& stream) noexcept {
  try {
    if (socket_.channel().aborted() == io::IoStatus::ok) output_.copy(stream);
  } catch (...) {
    give_up(std::current_exception());
  }
  output_.forget(stream);
}

bool Http2Link::is_congested() const {
  return queued_bytes() + left_to_write_ > output_max ||
         codec_.queued_control_frames() > http2::Codec::queued_control_frames_max;
}

/// Fills the output from the streams that wait, most urgent first.
void Http2Link::pump() {
  while (!queue_.empty() && queued_bytes() + granted_ < output_target) {
    http2::Stream& stream = queue_.front();
    Http2Sink& sink = sink_of(stream);
    if (sink.waits_for_turn()) {
      // Without a window it would wait for the peer, and may have nothing to send.
      if (codec_.connection_sendable() > 0) grant(stream);
      queue_.remove(stream);
      sink.note_through();
      continue;
    }
    const std::uint64_t before = data_sent_;
    if (sink.send(http2::SendQueue::turn_bytes)) {
      queue_.remove(stream);
      const bool stays_next = keeps_turn(stream);
      const bool through = sink.note_sent();
      if (stays_next && !through) return;  // until the socket took it
      if (stays_next) grant(stream);
      continue;
    }
    const bool moved = data_sent_ != before;
    // Also where the window of the connection is used up now: what is opened of it is for the next one.
    if (moved) queue_.rotate();
    if (codec_.connection_sendable() == 0) return;  // the codec reports when that changes
    // What holds it up is its own window, or its head: Http2Sink::resume() brings it back.
    if (!moved) queue_.remove(stream);
  }
}

void Http2Link::at_turn_end() noexcept {
  ++turn_;
  granted_ = 0;
  look_at_window();
  // Of what cannot be sent any more nothing is taken from the streams either.
  if (socket_.channel().aborted() == io::IoStatus::ok) {
    try {
      flush();
    } catch (...) {
      give_up(std::current_exception());
    }
  }
  turn_is_over();
}

void Http2Link::look_at_window() {
  const bool closed = codec_.connection_receivable() <= 0;
  if (closed == window_closed_) return;
  if (closed) {
    window_closed_at_ = reactor_.now();
  } else {
    window_closed_before_ += reactor_.now() - window_closed_at_;
  }
  window_closed_ = closed;
}

Duration Http2Link::window_closed_for() const {
  if (!window_closed_) return window_closed_before_;
  return window_closed_before_ + (reactor_.now() - window_closed_at_);
}

void Http2Link::flush() {
  for (int round = 0; !writing_; ++round) {
    pump();
    if (codec_.output().empty()) {
      if (codec_.streams() == 0) output_.free_lists();
      return output_is_empty();
    }
    if (round == flushes_per_turn) return want_flush();
    if (!send_output()) return;
  }
}

/// False: the socket does not take all of it now, or is broken.
bool Http2Link::send_output() {
  output_.begin(codec_.output());
  io::IoResult sent;
  const bool ended = socket_.try_write(output_.rest(), sent);
  if (!ended) {
    // Not sent.bytes: TLS counts its records there, and takes more than the socket does.
    left_to_write_ = 0;
    for (const iovec& part : output_.rest()) left_to_write_ += part.iov_len;
    start_writer();
    return false;
  }
  if (!sent.ok()) socket_is_broken(sent.status);
  end_output(sent.ok());
  return sent.ok();
}

/// Those whose last bytes went out may go on; what was not sent is of no use to anyone.
void Http2Link::end_output(bool sent) {
  left_to_write_ = 0;
  output_.end([this, sent](http2::Stream& stream) {
    Http2Sink& sink = sink_of(stream);
    if (!sent || !sink.note_taken()) return;
    if (queued_bytes() + granted_ < output_target && keeps_turn(stream)) grant(stream);
    sink.note_through();
  });
  codec_.output_flushed();
}

void Http2Link::start_writer() {
  writing_ = true;
  io::spawn(
      name_, [this] { return write_blocked(); }, [this](bool well) { writer_ended(well); });
}

/// The rest of what is being sent, as the peer takes it.
Task<> Http2Link::write_blocked() {
  const relay::WriteBounds bounds = write_bounds();
  const std::span<iovec> parts = output_.rest();
  const relay::PacedWrite written = co_await relay::write_waiting(socket_, parts, bounds);
  if (!written.ok()) socket_is_broken(written.status);
}

void Http2Link::writer_ended(bool well) {
  writing_ = false;
  if (!well) socket_.channel().abort(io::IoStatus::exhausted);
  data_sent_last_ = reactor_.now();  // until now the socket was what everything waited for
  end_output(socket_.channel().aborted() == io::IoStatus::ok);
  want_flush();
}

}  // namespace weir::server
