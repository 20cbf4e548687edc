// Frames that are neither DATA nor part of a header block: settings, windows, resets, priorities, PING and GOAWAY.
#include <algorithm>

#include "http2/server_codec.hpp"

namespace weir::http2 {

void ServerCodec::on_unit(const char* bytes) {
  switch (frame_.type) {
    case FrameType::settings:
      return on_setting(static_cast<Setting>(read_u16(bytes)), read_u32(bytes + 2));
    case FrameType::priority:
      return on_priority_frame(read_u32(bytes) & stream_id_max);
    case FrameType::rst_stream:
      return on_rst_stream(static_cast<ErrorCode>(read_u32(bytes)));
    case FrameType::window_update:
      return on_window_update(read_u32(bytes) & stream_id_max);
    case FrameType::ping:
      return on_ping({bytes, 8});
    case FrameType::priority_update:
      return on_priority_update({bytes, unit_bytes_});
    case FrameType::goaway:
      goaway_received_ = true;
      spend(Misbehaviour::ignored_frame);
      return;
    default:
      return;
  }
}

void ServerCodec::on_setting(Setting setting, std::uint32_t value) {
  switch (setting) {
    case Setting::enable_push:
    case Setting::no_rfc7540_priorities:
      if (value > 1) fail(ErrorCode::protocol_error, "settings");
      return;
    case Setting::initial_window_size:
      if (value > window_max) return fail(ErrorCode::flow_control_error, "settings");
      settings_window_ = value;
      return;
    case Setting::max_frame_size:
      // More than the least is not made use of.
      if (value < frame_payload_bytes_max || value > 0xff'ffff) fail(ErrorCode::protocol_error, "settings");
      return;
    default:
      return;  // our encoder has no table, and the others do not concern a server
  }
}

/// Once a frame, however many entries it has for it: each takes a walk over the streams.
void ServerCodec::on_initial_window(std::uint32_t bytes) {
  const std::int64_t difference = std::int64_t{bytes} - peer_initial_window_;
  peer_initial_window_ = bytes;
  for (ServerStream* stream = table_.after(0); stream != nullptr;) {
    const std::uint32_t id = stream->id_;
    const bool was_closed = stream->send_window_.left() <= 0;
    if (!stream->send_window_.widen(difference)) return fail(ErrorCode::flow_control_error, "flow_control");
    if (was_closed && stream->send_window_.left() > 0 && !stream->local_closed_) events_.on_window(*stream);
    if (failed_) return;
    stream = table_.after(id);
  }
}

void ServerCodec::end_settings() {
  if (frame_.has(flag::ack)) {
    if (settings_acknowledged_) {
      spend(Misbehaviour::ignored_frame);
      return;
    }
    settings_acknowledged_ = true;
    if (limits_.stream_window >= window_bytes_at_start) return;
    // From here on the smaller window counts, for open streams too (RFC 9113 6.9.2).
    initial_receive_window_ = limits_.stream_window;
    for (ServerStream* stream = table_.after(0); stream != nullptr; stream = table_.after(stream->id_)) {
      stream->receive_window_.narrow(window_bytes_at_start - limits_.stream_window);
    }
    return;
  }
  settings_received_ = true;
  if (settings_window_ != peer_initial_window_) on_initial_window(settings_window_);
  if (failed_) return;
  if (!spend(Misbehaviour::control_frame)) return;
  append_frame_header(output_, {.length = 0, .type = FrameType::settings, .flags = flag::ack});
  ++queued_control_frames_;
}

void ServerCodec::on_ping(std::string_view payload) {
  if (frame_.has(flag::ack)) {
    if (shutdown_announced_ && payload == shutdown_ping) shutdown_acknowledged_ = true;
    spend(Misbehaviour::ignored_frame);
    return;
  }
  // gRPC's clients measure the line by a PING for each round of DATA that they receive.
  if (++pings_ > data_frames_sent_ && !spend(Misbehaviour::control_frame)) return;
  append_ping(output_, payload, true);
  ++queued_control_frames_;
}

void ServerCodec::on_rst_stream(ErrorCode code) {
  ServerStream* stream = table_.find(frame_.stream);
  if (stream == nullptr || stream->was_reset()) return;
  if (stream->local_closed_ && stream->remote_closed_) return;
  --turn_left_;
  stream->reset_by_peer_ = true;
  stream->remote_closed_ = stream->local_closed_ = true;
  if (!stream->head_sent_ && !spend(Misbehaviour::client_reset)) return;
  events_.on_reset(*stream, code, true);
}

/// Clients credit the stream and the connection, some of them for every few KiB that they read.
void ServerCodec::on_window_update(std::uint32_t bytes) {
  const std::uint64_t credits = data_frames_sent_ + data_bytes_sent_ / window_update_bytes_min;
  const std::uint64_t explained = window_updates_free + 2 * (streams_opened_ + credits);
  if (++window_updates_ > explained && !spend(Misbehaviour::window_update)) return;
  if (frame_.stream != 0) return on_stream_window_update(bytes);
  if (bytes == 0) return fail(ErrorCode::protocol_error, "flow_control");
  const bool was_closed = send_window_.left() <= 0;
  if (!send_window_.widen(bytes)) return fail(ErrorCode::flow_control_error, "flow_control");
  if (was_closed) events_.on_connection_window();
}

void ServerCodec::on_stream_window_update(std::uint32_t bytes) {
  ServerStream* stream = table_.find(frame_.stream);
  if (stream == nullptr || stream->was_reset()) return;
  if (stream->local_closed_ && stream->remote_closed_) return;
  if (bytes == 0) return stream_error(*stream, ErrorCode::protocol_error, Misbehaviour::window_update);
  const bool was_closed = stream->send_window_.left() <= 0;
  if (!stream->send_window_.widen(bytes)) {
    return stream_error(*stream, ErrorCode::flow_control_error, Misbehaviour::window_update);
  }
  if (was_closed && stream->send_window_.left() > 0 && !stream->local_closed_) events_.on_window(*stream);
}

/// Dependencies are a thing of the past (RFC 9113 5.3.2). One on itself was never allowed, and is taken as a sign that
/// the client is broken.
void ServerCodec::on_priority_frame(std::uint32_t dependency) {
  if (!spend(Misbehaviour::ignored_frame) || dependency != frame_.stream) return;
  if (idle(frame_.stream)) return fail(ErrorCode::protocol_error, "priority");
  reset_named_stream(ErrorCode::protocol_error);
}

void ServerCodec::on_priority_update(std::string_view payload) {
  const std::uint32_t id = read_u32(payload.data()) & stream_id_max;
  if (id % 2 == 0) return fail(ErrorCode::protocol_error, "priority");  // 0, or a push that never was
  if (!spend(Misbehaviour::ignored_frame)) return;
  const Priority priority = parse_priority(payload.substr(4));
  if (ServerStream* stream = table_.find(id)) {
    if (stream->priority == priority) return;
    stream->priority = priority;
    return events_.on_priority(*stream);
  }
  if (!idle(id)) return;
  const auto known = std::ranges::find(early_priorities_, id, &EarlyPriority::stream);
  if (known != early_priorities_.end()) {
    known->priority = priority;
  } else {
    early_priorities_[early_priorities_seen_++ % early_priorities_max] = {id, priority};
  }
}

}  // namespace weir::http2
