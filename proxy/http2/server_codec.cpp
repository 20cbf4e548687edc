#include "http2/server_codec.hpp"

#include <algorithm>

namespace weir::http2 {

ServerCodec::ServerCodec(const ServerLimits& limits, ServerEvents& events)
    : Codec(Role::server, limits, events),
      concurrent_streams_(limits.concurrent_streams),
      server_events_(events),
      refusals_free_(limits.concurrent_streams) {}

void ServerCodec::start() {
  const std::size_t header_bytes = limits_.section.bytes + limits_.section.cookie_bytes;
  const std::size_t at = output_.size();
  append_frame_header(output_, {.length = 0, .type = FrameType::settings});
  append_setting(output_, Setting::max_concurrent_streams, concurrent_streams_);
  append_setting(output_, Setting::initial_window_size, limits_.stream_window);
  append_setting(output_, Setting::max_header_list_size, static_cast<std::uint32_t>(header_bytes));
  append_setting(output_, Setting::enable_connect_protocol, 1);
  append_setting(output_, Setting::no_rfc7540_priorities, 1);
  const std::size_t payload = output_.size() - at - frame_header_bytes;
  write_frame_header(output_.data() + at,
                     {.length = static_cast<std::uint32_t>(payload), .type = FrameType::settings});
  announce_window();
}

void ServerCodec::send_interim(Stream& stream, std::string_view block) {
  if (stream.local_closed_ || failed()) return;
  append_head(stream.id_, block, false);
}

void ServerCodec::announce_shutdown() {
  if (failed()) return;
  append_goaway(output_, stream_id_max, ErrorCode::no_error, {});
  append_ping(output_, shutdown_ping, false);
  shutdown_announced_ = true;
}

void ServerCodec::finish_shutdown() {
  if (failed() || shutdown_finished_) return;
  shutdown_finished_ = true;
  append_goaway(output_, last_taken_id_, ErrorCode::no_error, {});
}

ServerCodec::Blocks ServerCodec::kind_of_new_block() {
  last_id_ = block_.stream;
  ++streams_opened_;
  return Blocks::head;
}

void ServerCodec::end_head(Stream*) {
  const std::uint32_t id = block_.stream;
  refusal_ = ErrorCode::refused_stream;
  Stream* stream = nullptr;
  if (!shutdown_finished_ && table_.size() < concurrent_streams_) {
    --turn_left_;
    stream = server_events_.on_request(id, fields_.section(), fields_.too_large(), block_.end_stream);
  } else {
    server_events_.on_refused(id);
  }
  if (stream == nullptr) {
    remember_reset(id);
    const bool refused = refusal_ == ErrorCode::refused_stream;
    if (refused && refusal_is_free()) return queue_reset(id, refusal_);
    return stream_error(id, refusal_, refused ? Misbehaviour::refused_stream : Misbehaviour::server_reset);
  }
  open(*stream, id, block_.end_stream);
  if (!block_.end_stream || failed()) return;
  if (!length_holds(*stream, 0, true)) return stream_error(*stream, ErrorCode::protocol_error);
  server_events_.on_end(*stream);
}

bool ServerCodec::refusal_is_free() {
  if (refusals_free_ == 0) return false;
  --refusals_free_;
  return true;
}

void ServerCodec::refuse(Stream& stream) {
  reset(stream, ErrorCode::refused_stream);
  if (!failed() && !refusal_is_free()) spend(Misbehaviour::refused_stream);
}

void ServerCodec::open(Stream& stream, std::uint32_t id, bool ended) {
  enter(stream, id);
  stream.head_received_ = true;
  stream.remote_closed_ = ended;
  last_taken_id_ = id;
  if (early_priorities_seen_ == 0) return;
  const auto early = std::ranges::find(early_priorities_, id, &EarlyPriority::stream);
  if (early != early_priorities_.end()) stream.priority = early->priority;
}

/// Of clients' settings none is of interest here.
void ServerCodec::on_setting(Setting setting, std::uint32_t value) {
  if (setting == Setting::enable_push && value > 1) fail(ErrorCode::protocol_error, "settings");
}

void ServerCodec::on_goaway(std::uint32_t, ErrorCode code) {
  server_events_.on_goaway(code);
}

bool ServerCodec::on_pong(std::string_view payload) {
  if (shutdown_announced_ && payload == shutdown_ping) shutdown_acknowledged_ = true;
  return false;
}

/// Dependencies are a thing of the past (RFC 9113 5.3.2). One on itself was never allowed, and is taken as a sign that
/// the client is broken.
void ServerCodec::on_priority(std::uint32_t dependency) {
  if (!spend(Misbehaviour::ignored_frame) || dependency != frame_.stream) return;
  if (idle(frame_.stream)) return fail(ErrorCode::protocol_error, "priority");
  reset_named_stream(ErrorCode::protocol_error);
}

void ServerCodec::on_priority_update(std::string_view payload) {
  const std::uint32_t id = read_u32(payload.data()) & stream_id_max;
  if (id % 2 == 0) return fail(ErrorCode::protocol_error, "priority");  // 0, or a push that never was
  if (!spend(Misbehaviour::ignored_frame)) return;
  const Priority priority = parse_priority(payload.substr(4));
  if (Stream* stream = table_.find(id)) {
    if (stream->priority == priority) return;
    stream->priority = priority;
    return server_events_.on_priority(*stream);
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
