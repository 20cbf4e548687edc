// DATA and header blocks: which stream they belong to, what its state allows (RFC 9113 5.1 and 8.1), and what is
// reported of them. After an event the stream may be gone: nothing touches it then.
#include <utility>

#include "http2/server_codec.hpp"

namespace weir::http2 {

void ServerCodec::begin_data(std::uint32_t data_bytes) {
  if (!receive_window_.receive(frame_.length)) return fail(ErrorCode::flow_control_error, "flow_control");
  current_ = table_.find(frame_.stream);
  if (current_ == nullptr) {
    data_on_gone_stream();
  } else if (!accepts_data(*current_, data_bytes)) {
    current_ = nullptr;
  }
  if (failed_) return;
  const std::uint32_t overhead = frame_.length - data_bytes;  // not reported, so not taken
  credit_connection(overhead);
  if (overhead > 0 && current_ != nullptr) credit_stream(*current_, overhead);
  if (data_bytes == 0 && !frame_.has(flag::end_stream)) spend(Misbehaviour::empty_frame);
}

/// False: the frame is dropped, and what had to be said was said.
bool ServerCodec::accepts_data(ServerStream& stream, std::uint32_t data_bytes) {
  if (stream.reset_by_peer_) {
    stream_error(stream.id_, ErrorCode::stream_closed);
  } else if (stream.reset_by_us_) {
    // Was on its way when we reset it.
  } else if (stream.remote_closed_ && stream.local_closed_) {
    fail(ErrorCode::stream_closed, "stream_state");
  } else if (stream.remote_closed_) {
    stream_error(stream, ErrorCode::stream_closed);
  } else if (!stream.receive_window_.receive(frame_.length)) {
    stream_error(stream, ErrorCode::flow_control_error);
  } else if (!length_holds(stream, data_bytes, frame_.has(flag::end_stream))) {
    stream_error(stream, ErrorCode::protocol_error);
  } else {
    return true;
  }
  return false;
}

void ServerCodec::data_on_gone_stream() {
  switch (table_.remembered(frame_.stream)) {
    case StreamTable::End::reset_by_us:
      return;
    case StreamTable::End::ended:
      return fail(ErrorCode::stream_closed, "stream_state");
    case StreamTable::End::reset_by_peer:
    case StreamTable::End::unknown:
      return stream_error(frame_.stream, ErrorCode::stream_closed);
  }
}

void ServerCodec::end_data() {
  ServerStream* stream = std::exchange(current_, nullptr);
  if (stream == nullptr || stream->was_reset() || !frame_.has(flag::end_stream)) return;
  stream->remote_closed_ = true;
  events_.on_end(*stream);
}

/// Of a request with Content-Length: whether `more` bytes of DATA fit, and make it complete if it `ended` (RFC 9113
/// 8.1.1).
bool ServerCodec::length_holds(const ServerStream& stream, std::uint64_t more, bool ended) const {
  if (!stream.length_known_) return true;
  const std::uint64_t left = stream.expected_bytes_ - stream.received_bytes_;
  return ended ? more == left : more <= left;
}

/// `priority`: its five bytes, when the flag says that they are there.
void ServerCodec::begin_block(const char* priority) {
  current_ = nullptr;
  block_ = {.open = true, .end_stream = frame_.has(flag::end_stream), .stream = frame_.stream};
  block_.kind = kind_of_block();
  if (failed_) return;
  if (frame_.has(flag::priority) && (read_u32(priority) & stream_id_max) == frame_.stream) {
    // The table of HPACK needs the block all the same.
    if (block_.kind == Blocks::request) remember_reset(frame_.stream);
    block_.kind = Blocks::ignored;
    reset_named_stream(ErrorCode::protocol_error);
    if (failed_) return;
  }
  fields_.begin();
  if (left_ == padding_) spend(Misbehaviour::empty_frame);
}

ServerCodec::Blocks ServerCodec::kind_of_block() {
  const std::uint32_t id = frame_.stream;
  if (id > last_id_) {
    last_id_ = id;
    ++streams_opened_;
    return Blocks::request;
  }
  current_ = table_.find(id);
  if (current_ == nullptr) return kind_of_gone_block();
  ServerStream& stream = *current_;
  if (stream.reset_by_peer_) {
    stream_error(id, ErrorCode::stream_closed);
  } else if (stream.reset_by_us_) {
    // Was on its way when we reset it.
  } else if (stream.remote_closed_ && stream.local_closed_) {
    fail(ErrorCode::stream_closed, "stream_state");
  } else if (stream.remote_closed_) {
    stream_error(stream, ErrorCode::stream_closed);
  } else if (!frame_.has(flag::end_stream)) {
    stream_error(stream, ErrorCode::protocol_error);  // trailers that do not end it
  } else {
    return Blocks::trailers;
  }
  return Blocks::ignored;
}

ServerCodec::Blocks ServerCodec::kind_of_gone_block() {
  switch (table_.remembered(frame_.stream)) {
    case StreamTable::End::reset_by_us:
      break;
    case StreamTable::End::reset_by_peer:
      stream_error(frame_.stream, ErrorCode::stream_closed);
      break;
    case StreamTable::End::ended:
      fail(ErrorCode::stream_closed, "stream_state");
      break;
    // Most likely never opened, and ids only grow (RFC 9113 5.1.1).
    case StreamTable::End::unknown:
      fail(ErrorCode::protocol_error, "stream_id");
      break;
  }
  return Blocks::ignored;
}

void ServerCodec::begin_continuation() {
  if (!block_.open) return fail(ErrorCode::protocol_error, "header_block");
  if (++block_.continuations > continuations_max) return fail(ErrorCode::enhance_your_calm, "continuations");
  if (left_ == 0 && !spend(Misbehaviour::empty_frame)) return;
  state_ = State::fragment;
}

void ServerCodec::end_block() {
  block_.open = false;
  ServerStream* stream = std::exchange(current_, nullptr);
  if (block_.kind == Blocks::request) {
    end_request();
  } else if (block_.kind == Blocks::trailers && stream != nullptr && !stream->was_reset()) {
    end_trailers(*stream);
  }
}

void ServerCodec::end_request() {
  const std::uint32_t id = block_.stream;
  refusal_ = ErrorCode::refused_stream;
  ServerStream* stream = nullptr;
  if (!shutdown_finished_ && table_.size() < limits_.concurrent_streams) {
    --turn_left_;
    stream = events_.on_request(id, fields_.section(), fields_.too_large(), block_.end_stream);
  } else {
    events_.on_refused(id);
  }
  if (stream == nullptr) {
    remember_reset(id);
    const bool refused = refusal_ == ErrorCode::refused_stream;
    return stream_error(id, refusal_, refused ? Misbehaviour::refused_stream : Misbehaviour::server_reset);
  }
  open(*stream, id, block_.end_stream);
  if (!block_.end_stream || failed_) return;
  if (!length_holds(*stream, 0, true)) return stream_error(*stream, ErrorCode::protocol_error);
  events_.on_end(*stream);
}

void ServerCodec::end_trailers(ServerStream& stream) {
  if (!length_holds(stream, 0, true)) return stream_error(stream, ErrorCode::protocol_error);
  const std::uint32_t id = stream.id_;
  stream.remote_closed_ = true;
  events_.on_trailers(stream, fields_.section(), fields_.too_large());
  const ServerStream* still = table_.find(id);
  if (failed_ || still == nullptr || still->was_reset()) return;
  events_.on_end(stream);
}

/// Its request was not taken, so release() will not say it.
void ServerCodec::remember_reset(std::uint32_t id) {
  table_.remember(id, block_.end_stream ? StreamTable::End::ended : StreamTable::End::reset_by_us);
}

}  // namespace weir::http2
