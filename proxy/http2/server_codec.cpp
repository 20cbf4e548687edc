#include "http2/server_codec.hpp"

#include <algorithm>
#include <cassert>

namespace weir::http2 {

ServerCodec::ServerCodec(const CodecLimits& limits, ServerEvents& events)
    : limits_(limits),
      events_(events),
      fields_(limits.section),
      receive_window_(std::max(limits.connection_window, window_bytes_at_start)),
      initial_receive_window_(std::max(limits.stream_window, window_bytes_at_start)) {}

void ServerCodec::start() {
  const std::size_t header_bytes = limits_.section.bytes + limits_.section.cookie_bytes;
  const std::size_t at = output_.size();
  append_frame_header(output_, {.length = 0, .type = FrameType::settings});
  append_setting(output_, Setting::max_concurrent_streams, limits_.concurrent_streams);
  append_setting(output_, Setting::initial_window_size, limits_.stream_window);
  append_setting(output_, Setting::max_header_list_size, static_cast<std::uint32_t>(header_bytes));
  append_setting(output_, Setting::enable_connect_protocol, 1);
  append_setting(output_, Setting::no_rfc7540_priorities, 1);
  const std::size_t payload = output_.size() - at - frame_header_bytes;
  write_frame_header(output_.data() + at,
                     {.length = static_cast<std::uint32_t>(payload), .type = FrameType::settings});
  if (limits_.connection_window > window_bytes_at_start) {
    append_window_update(output_, 0, limits_.connection_window - window_bytes_at_start);
  }
}

void ServerCodec::fail(ErrorCode code, std::string_view reason) {
  if (failed_) return;
  failed_ = true;
  error_ = code;
  error_reason_ = reason;
  append_goaway(output_, last_taken_id_, code, reason);
}

void ServerCodec::announce_shutdown() {
  if (failed_) return;
  append_goaway(output_, stream_id_max, ErrorCode::no_error, {});
  append_ping(output_, shutdown_ping, false);
  shutdown_announced_ = true;
}

void ServerCodec::finish_shutdown() {
  if (failed_ || shutdown_finished_) return;
  shutdown_finished_ = true;
  append_goaway(output_, last_taken_id_, ErrorCode::no_error, {});
}

bool ServerCodec::spend(Misbehaviour kind) {
  if (budget_.spend(kind, now_)) return true;
  fail(ErrorCode::enhance_your_calm, misbehaviour_name(kind));
  return false;
}

void ServerCodec::stream_error(ServerStream& stream, ErrorCode code, Misbehaviour kind) {
  const bool known = stream.was_reset();
  stream.reset_by_us_ = true;
  stream.local_closed_ = true;
  queue_reset(stream.id(), code);
  spend(kind);
  if (!known && !failed_) events_.on_reset(stream, code, false);
}

void ServerCodec::stream_error(std::uint32_t id, ErrorCode code, Misbehaviour kind) {
  queue_reset(id, code);
  spend(kind);
}

void ServerCodec::reset_named_stream(ErrorCode code) {
  ServerStream* stream = table_.find(frame_.stream);
  if (stream == nullptr) return stream_error(frame_.stream, code);
  if (!stream->was_reset()) stream_error(*stream, code);
}

void ServerCodec::queue_reset(std::uint32_t id, ErrorCode code) {
  if (failed_) return;
  append_rst_stream(output_, id, code);
  ++queued_control_frames_;
}

void ServerCodec::open(ServerStream& stream, std::uint32_t id, bool ended) {
  assert(stream.id_ == 0 && !stream.queued());
  stream.id_ = id;
  stream.remote_closed_ = ended;
  stream.send_window_ = SendWindow(peer_initial_window_);
  stream.receive_window_ = ReceiveWindow(initial_receive_window_);
  table_.insert(stream);
  last_taken_id_ = id;
  if (early_priorities_seen_ == 0) return;
  const auto early = std::ranges::find(early_priorities_, id, &EarlyPriority::stream);
  if (early != early_priorities_.end()) stream.priority = early->priority;
}

void ServerCodec::release(ServerStream& stream) {
  assert(table_.find(stream.id_) == &stream && !stream.queued());
  if (current_ == &stream) current_ = nullptr;
  if (!stream.was_reset() && !(stream.remote_closed_ && stream.local_closed_)) {
    stream.reset_by_us_ = true;
    queue_reset(stream.id_, stream.local_closed_ ? ErrorCode::no_error : ErrorCode::internal_error);
  }
  credit_connection(stream.untaken_bytes_);
  table_.erase(stream);
  // Of a stream that the client ended, late frames are errors even if we reset it then.
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
  stream.head_sent_ = stream.length_known_ = false;
  stream.expected_bytes_ = stream.received_bytes_ = 0;
  stream.untaken_bytes_ = 0;
  stream.priority = Priority{};
}

void ServerCodec::took(ServerStream& stream, std::size_t bytes) {
  assert(bytes <= stream.untaken_bytes_);
  stream.untaken_bytes_ -= bytes;
  credit_connection(bytes);
  credit_stream(stream, bytes);
}

/// Once half a window is due; at once where little is left, because streams whose bytes are not taken may hold
/// the other half.
void ServerCodec::credit_connection(std::size_t bytes) {
  const bool scarce = receive_window_.left() < frame_payload_bytes_max;
  const std::uint32_t half = std::max(limits_.connection_window, window_bytes_at_start) / 2;
  const std::uint32_t due = receive_window_.credit(bytes, scarce ? 1 : half);
  if (due == 0 || failed_) return;
  append_window_update(output_, 0, due);
  ++queued_control_frames_;
}

void ServerCodec::credit_stream(ServerStream& stream, std::size_t bytes) {
  if (stream.remote_closed_ || stream.was_reset()) return;  // nothing more comes
  const std::uint32_t due = stream.receive_window_.credit(bytes, limits_.stream_window / 2);
  if (due == 0 || failed_) return;
  append_window_update(output_, stream.id_, due);
  ++queued_control_frames_;
}

}  // namespace weir::http2
