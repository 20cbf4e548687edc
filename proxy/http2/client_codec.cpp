#include "http2/client_codec.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace weir::http2 {

ClientCodec::ClientCodec(const ClientLimits& limits, ClientEvents& events)
    : Codec(Role::client, limits, events), interim_max_(limits.interim_max), client_events_(events) {}

void ClientCodec::start() {
  output_.append(client_preface);
  const std::size_t at = output_.size();
  append_frame_header(output_, {.length = 0, .type = FrameType::settings});
  append_setting(output_, Setting::enable_push, 0);
  append_setting(output_, Setting::initial_window_size, limits_.stream_window);
  append_setting(output_, Setting::max_header_list_size, static_cast<std::uint32_t>(limits_.section.bytes));
  const std::size_t payload = output_.size() - at - frame_header_bytes;
  write_frame_header(output_.data() + at,
                     {.length = static_cast<std::uint32_t>(payload), .type = FrameType::settings});
  announce_window();
}

bool ClientCodec::may_open() const {
  return table_.size() < peer_streams_max_ && !goaway_received_ && !closed_ && !failed() &&
         last_id_ < stream_id_max;
}

void ClientCodec::open(Stream& stream, std::string_view block, bool end_stream) {
  assert(may_open());
  const std::uint32_t id = last_id_ == 0 ? 1 : last_id_ + 2;
  enter(stream, id);
  last_id_ = id;
  ++streams_opened_;
  budget_.grant(tokens_per_stream);
  append_head(id, block, end_stream);
  stream.head_sent_ = true;
  stream.local_closed_ = end_stream;
}

void ClientCodec::accept_final(Stream& stream) {
  assert(stream.id_ != 0 && !stream.head_received_);
  stream.head_received_ = true;
}

void ClientCodec::ping(std::string_view payload) {
  assert(payload.size() == 8);
  if (failed()) return;
  append_ping(output_, payload, false);
  ++pings_sent_;
}

void ClientCodec::close() {
  if (failed() || std::exchange(closed_, true)) return;
  append_goaway(output_, 0, ErrorCode::no_error, {});
}

/// Only clients open streams, as push is refused.
ClientCodec::Blocks ClientCodec::kind_of_new_block() {
  fail(ErrorCode::protocol_error, "stream_state");
  return Blocks::ignored;
}

void ClientCodec::end_head(Stream* stream) {
  if (stream == nullptr) return;
  --turn_left_;
  const std::uint32_t id = stream->id_;
  const bool ended = block_.end_stream;
  stream->remote_closed_ = ended;
  client_events_.on_head(*stream, fields_.section(), fields_.too_large(), ended);
  if (failed() || table_.find(id) == nullptr || stream->was_reset()) return;
  if (!stream->head_received_) {
    if (ended) return stream_error(*stream, ErrorCode::protocol_error);
    if (++stream->interims_ > interim_max_) stream_error(*stream, ErrorCode::enhance_your_calm);
    return;
  }
  if (!ended) return;
  if (!length_holds(*stream, 0, true)) return stream_error(*stream, ErrorCode::protocol_error);
  client_events_.on_end(*stream);
}

void ClientCodec::on_setting(Setting setting, std::uint32_t value) {
  switch (setting) {
    case Setting::enable_push:  // 1 is for clients to say (RFC 9113 6.5.2)
      if (value != 0) fail(ErrorCode::protocol_error, "settings");
      return;
    case Setting::max_concurrent_streams:
      settings_streams_max_ = value;
      return;
    case Setting::enable_connect_protocol:  // for good (RFC 8441 3)
      if (value > 1 || (connect_protocol_ && value == 0)) return fail(ErrorCode::protocol_error, "settings");
      connect_protocol_ = value == 1;
      return;
    case Setting::max_header_list_size:
      peer_list_bytes_max_ = value;
      return;
    default:
      return;
  }
}

void ClientCodec::on_settings() {
  const bool first = !std::exchange(settings_applied_, true);
  const std::uint32_t before = std::exchange(peer_streams_max_, settings_streams_max_);
  if (first || before != peer_streams_max_) client_events_.on_capacity();
}

void ClientCodec::on_goaway(std::uint32_t last_id, ErrorCode code) {
  goaway_last_id_ = std::min(goaway_last_id_, last_id);
  for (Stream* stream = after(goaway_last_id_); stream != nullptr; stream = after(stream->id_)) {
    if (stream->head_received_) continue;
    stream->reset_by_peer_ = true;
    stream->remote_closed_ = stream->local_closed_ = true;
  }
  client_events_.on_goaway(goaway_last_id_, code);
}

bool ClientCodec::on_pong(std::string_view payload) {
  if (pings_sent_ == 0) return false;
  --pings_sent_;
  client_events_.on_pong(payload);
  return true;
}

/// Priorities are what clients say.
void ClientCodec::on_priority(std::uint32_t) {
  spend(Misbehaviour::ignored_frame);
}

void ClientCodec::on_priority_update(std::string_view) {
  fail(ErrorCode::protocol_error, "priority");  // RFC 9218 7.1
}

}  // namespace weir::http2
