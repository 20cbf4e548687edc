#include "http2/codec.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace weir::http2 {

Codec::Codec(Role role, const CodecLimits& limits, CodecEvents& events)
    : role_(role),
      limits_(limits),
      fields_(limits.section),
      events_(events),
      state_(role == Role::server ? State::preface : State::frame_header),
      receive_window_(std::max(limits.connection_window, window_bytes_at_start)),
      initial_receive_window_(std::max(limits.stream_window, window_bytes_at_start)) {}

void Codec::announce_window() {
  if (limits_.connection_window <= window_bytes_at_start) return;
  append_window_update(output_, 0, limits_.connection_window - window_bytes_at_start);
}

void Codec::fail(ErrorCode code, std::string_view reason) {
  if (failed_) return;
  failed_ = true;
  error_ = code;
  error_reason_ = reason;
  append_goaway(output_, last_taken_id_, code, reason);
}

bool Codec::spend(Misbehaviour kind) {
  if (budget_.spend(kind, now_)) return true;
  fail(ErrorCode::enhance_your_calm, misbehaviour_name(kind));
  return false;
}

void Codec::stream_error(Stream& stream, ErrorCode code, Misbehaviour kind) {
  const bool known = stream.was_reset();
  stream.reset_by_us_ = true;
  stream.local_closed_ = true;
  queue_reset(stream.id(), code);
  spend(kind);
  if (!known && !failed_) events_.on_reset(stream, code, false);
}

void Codec::stream_error(std::uint32_t id, ErrorCode code, Misbehaviour kind) {
  queue_reset(id, code);
  spend(kind);
}

void Codec::reset_named_stream(ErrorCode code) {
  Stream* stream = table_.find(frame_.stream);
  if (stream == nullptr) return stream_error(frame_.stream, code);
  if (!stream->was_reset()) stream_error(*stream, code);
}

void Codec::queue_reset(std::uint32_t id, ErrorCode code) {
  if (failed_) return;
  append_rst_stream(output_, id, code);
  ++queued_control_frames_;
}

void Codec::enter(Stream& stream, std::uint32_t id) {
  assert(stream.id_ == 0 && !stream.queued());
  stream.id_ = id;
  stream.send_window_ = SendWindow(peer_initial_window_);
  stream.receive_window_ = ReceiveWindow(initial_receive_window_);
  stream.window_ = limits_.stream_window;
  table_.insert(stream);
}

void Codec::release(Stream& stream) {
  assert(!stream.queued());
  if (current_ == &stream) current_ = nullptr;
  if (!stream.was_reset() && !(stream.remote_closed_ && stream.local_closed_)) {
    stream.reset_by_us_ = true;
    const ErrorCode of_server = stream.local_closed_ ? ErrorCode::no_error : ErrorCode::internal_error;
    queue_reset(stream.id_, role_ == Role::server ? of_server : ErrorCode::cancel);
  }
  credit_late(stream.untaken_bytes_);
  table_.erase(stream);
  // Of a stream that the peer ended, late frames are errors even if we reset it then.
  using End = StreamTable::End;
  End end = End::reset_by_us;
  if (stream.reset_by_peer_) {
    end = End::reset_by_peer;
  } else if (stream.remote_closed_) {
    end = End::ended;
  }
  table_.remember(stream.id_, end);
  stream.id_ = 0;
  stream.remote_closed_ = stream.local_closed_ = false;
  stream.reset_by_us_ = stream.reset_by_peer_ = false;
  stream.head_sent_ = stream.head_received_ = stream.length_known_ = false;
  stream.interims_ = 0;
  stream.expected_bytes_ = stream.received_bytes_ = 0;
  stream.untaken_bytes_ = 0;
  stream.window_ = 0;
  stream.priority = Priority{};
}

void Codec::took(Stream& stream, std::size_t bytes) {
  assert(bytes <= stream.untaken_bytes_);
  stream.untaken_bytes_ -= bytes;
  credit_late(bytes);
  credit_stream(stream, bytes);
}

/// Once half a window is due; at once where little is left, because streams whose bytes are not taken may hold
/// the other half.
void Codec::credit_connection(std::size_t bytes) {
  const bool scarce = receive_window_.left() < frame_payload_bytes_max;
  const std::uint32_t half = std::max(limits_.connection_window, window_bytes_at_start) / 2;
  const std::uint32_t due = receive_window_.credit(bytes, scarce ? 1 : half);
  if (due == 0 || failed_) return;
  append_window_update(output_, 0, due);
  ++queued_control_frames_;
}

void Codec::credit_stream(Stream& stream, std::size_t bytes) {
  if (stream.remote_closed_ || stream.was_reset()) return;  // nothing more comes
  const std::uint32_t due = stream.receive_window_.credit(bytes, stream.window_ / 2);
  if (due == 0 || failed_) return;
  append_window_update(output_, stream.id_, due);
  ++queued_control_frames_;
}

void Codec::widen(Stream& stream, std::uint32_t bytes) {
  if (stream.remote_closed_ || stream.was_reset() || failed_) return;
  assert(bytes > 0 && bytes <= window_max - stream.window_);
  const std::uint32_t due = stream.receive_window_.credit(0, 1);
  stream.receive_window_.widen(bytes);
  stream.window_ += bytes;
  append_window_update(output_, stream.id_, due + bytes);
  ++queued_control_frames_;
}

}  // namespace weir::http2
