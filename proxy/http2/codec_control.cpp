// Frames that are neither DATA nor part of a header block: settings, windows, resets and PING, as both sides take them.
#include "http2/codec.hpp"

namespace weir::http2 {

void Codec::on_unit(const char* bytes) {
  switch (frame_.type) {
    case FrameType::settings:
      return on_setting_entry(static_cast<Setting>(read_u16(bytes)), read_u32(bytes + 2));
    case FrameType::priority:
      return on_priority(read_u32(bytes) & stream_id_max);
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
      if (spend(Misbehaviour::ignored_frame)) {
        on_goaway(read_u32(bytes) & stream_id_max, static_cast<ErrorCode>(read_u32(bytes + 4)));
      }
      return;
    default:
      return;
  }
}

void Codec::on_setting_entry(Setting setting, std::uint32_t value) {
  switch (setting) {
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
    case Setting::header_table_size:
      // Our encoder has no table, but a smaller one has to be acknowledged in the next block (RFC 7541 4.2).
      if (value < header_table_bytes_at_start && !table_given_up_) table_update_due_ = true;
      return;
    default:
      return on_setting(setting, value);
  }
}

/// Once a frame, however many entries it has for it: each takes a walk over the streams.
void Codec::on_initial_window(std::uint32_t bytes) {
  const std::int64_t difference = std::int64_t{bytes} - peer_initial_window_;
  peer_initial_window_ = bytes;
  for (Stream* stream = table_.after(0); stream != nullptr;) {
    const std::uint32_t id = stream->id_;
    const bool was_closed = stream->send_window_.left() <= 0;
    if (!stream->send_window_.widen(difference)) return fail(ErrorCode::flow_control_error, "flow_control");
    if (was_closed && stream->send_window_.left() > 0 && !stream->local_closed_) events_.on_window(*stream);
    if (failed_) return;
    stream = table_.after(id);
  }
}

void Codec::end_settings() {
  if (frame_.has(flag::ack)) {
    if (settings_acknowledged_) {
      spend(Misbehaviour::ignored_frame);
      return;
    }
    settings_acknowledged_ = true;
    if (limits_.stream_window >= window_bytes_at_start) return;
    // From here on the smaller window counts, for open streams too (RFC 9113 6.9.2).
    initial_receive_window_ = limits_.stream_window;
    for (Stream* stream = table_.after(0); stream != nullptr; stream = table_.after(stream->id_)) {
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
  on_settings();
}

void Codec::on_ping(std::string_view payload) {
  if (frame_.has(flag::ack)) {
    if (!on_pong(payload)) spend(Misbehaviour::ignored_frame);
    return;
  }
  // Peers of gRPC measure the line by a PING for each round of DATA that they receive.
  if (++pings_ > data_frames_sent_ && !spend(Misbehaviour::control_frame)) return;
  append_ping(output_, payload, true);
  ++queued_control_frames_;
}

/// A reset by a client costs it a token unless there was a response. Those of an endpoint all cost one, which the
/// streams that were opened there pay for (MisbehaviourBudget::grant).
void Codec::on_rst_stream(ErrorCode code) {
  if (role_ == Role::client && !spend(Misbehaviour::endpoint_reset)) return;
  Stream* stream = table_.find(frame_.stream);
  if (stream == nullptr || stream->was_reset()) return;
  if (stream->local_closed_ && stream->remote_closed_) return;
  --turn_left_;
  stream->reset_by_peer_ = true;
  stream->remote_closed_ = stream->local_closed_ = true;
  if (role_ == Role::server && !stream->head_sent_ && !spend(Misbehaviour::client_reset)) return;
  events_.on_reset(*stream, code, true);
}

/// Peers credit the stream and the connection, some of them for every few KiB that they read.
void Codec::on_window_update(std::uint32_t bytes) {
  const std::uint64_t credits = data_frames_sent_ + data_bytes_sent_ / window_update_bytes_min;
  const std::uint64_t explained = window_updates_free + 2 * (streams_opened_ + credits);
  if (++window_updates_ > explained && !spend(Misbehaviour::window_update)) return;
  if (frame_.stream != 0) return on_stream_window_update(bytes);
  if (bytes == 0) return fail(ErrorCode::protocol_error, "flow_control");
  const bool was_closed = send_window_.left() <= 0;
  if (!send_window_.widen(bytes)) return fail(ErrorCode::flow_control_error, "flow_control");
  if (was_closed) events_.on_connection_window();
}

void Codec::on_stream_window_update(std::uint32_t bytes) {
  Stream* stream = table_.find(frame_.stream);
  if (stream == nullptr || stream->was_reset()) return;
  if (stream->local_closed_ && stream->remote_closed_) return;
  if (bytes == 0) return stream_error(*stream, ErrorCode::protocol_error, Misbehaviour::window_update);
  const bool was_closed = stream->send_window_.left() <= 0;
  if (!stream->send_window_.widen(bytes)) {
    return stream_error(*stream, ErrorCode::flow_control_error, Misbehaviour::window_update);
  }
  if (was_closed && stream->send_window_.left() > 0 && !stream->local_closed_) events_.on_window(*stream);
}

}  // namespace weir::http2
