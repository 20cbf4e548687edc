// DATA and header blocks: which stream they belong to, what its state allows (RFC 9113 5.1 and 8.1), and what is
// reported of them. After an event the stream may be gone: nothing touches it then.
#include <utility>

#include "http2/codec.hpp"

namespace weir::http2 {

void Codec::begin_data(std::uint32_t data_bytes) {
  if (!receive_window_.receive(frame_.length)) return fail(ErrorCode::flow_control_error, "flow_control");
  current_ = table_.find(frame_.stream);
  if (current_ == nullptr) {
    data_on_gone_stream();
  } else if (!accepts_data(*current_, data_bytes)) {
    current_ = nullptr;
  }
  if (failed_) return;
  const std::uint32_t overhead = frame_.length - data_bytes;  // not reported, so not taken
  credit_connection(role_ == Role::server ? overhead : frame_.length);
  if (overhead > 0 && current_ != nullptr) credit_stream(*current_, overhead);
  if (data_bytes == 0 && !frame_.has(flag::end_stream)) spend(Misbehaviour::empty_frame);
}

/// False: the frame is dropped, and what had to be said was said.
bool Codec::accepts_data(Stream& stream, std::uint32_t data_bytes) {
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
  } else if (!stream.head_received_ || !length_holds(stream, data_bytes, frame_.has(flag::end_stream))) {
    stream_error(stream, ErrorCode::protocol_error);
  } else {
    return true;
  }
  return false;
}

void Codec::data_on_gone_stream() {
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

void Codec::end_data() {
  Stream* stream = std::exchange(current_, nullptr);
  if (stream == nullptr || stream->was_reset() || !frame_.has(flag::end_stream)) return;
  stream->remote_closed_ = true;
  events_.on_end(*stream);
}

/// Of a message with Content-Length: whether `more` bytes of DATA fit, and make it complete if it `ended` (RFC 9113
/// 8.1.1).
bool Codec::length_holds(const Stream& stream, std::uint64_t more, bool ended) const {
  if (!stream.length_known_) return true;
  const std::uint64_t left = stream.expected_bytes_ - stream.received_bytes_;
  return ended ? more == left : more <= left;
}

/// `priority`: its five bytes, when the flag says that they are there.
void Codec::begin_block(const char* priority) {
  current_ = nullptr;
  block_ = {.open = true, .end_stream = frame_.has(flag::end_stream), .stream = frame_.stream};
  block_.kind = idle(frame_.stream) ? kind_of_new_block() : kind_of_block();
  if (failed_) return;
  if (frame_.has(flag::priority) && (read_u32(priority) & stream_id_max) == frame_.stream) {
    // The table of HPACK needs the block all the same.
    if (block_.kind == Blocks::head && current_ == nullptr) remember_reset(frame_.stream);
    block_.kind = Blocks::ignored;
    reset_named_stream(ErrorCode::protocol_error);
    if (failed_) return;
  }
  fields_.begin();
  if (left_ == padding_) spend(Misbehaviour::empty_frame);
}

Codec::Blocks Codec::kind_of_block() {
  const std::uint32_t id = frame_.stream;
  current_ = table_.find(id);
  if (current_ == nullptr) return kind_of_gone_block();
  Stream& stream = *current_;
  if (stream.reset_by_peer_) {
    stream_error(id, ErrorCode::stream_closed);
  } else if (stream.reset_by_us_) {
    // Was on its way when we reset it.
  } else if (stream.remote_closed_ && stream.local_closed_) {
    fail(ErrorCode::stream_closed, "stream_state");
  } else if (stream.remote_closed_) {
    stream_error(stream, ErrorCode::stream_closed);
  } else if (!stream.head_received_) {
    return Blocks::head;
  } else if (!frame_.has(flag::end_stream)) {
    stream_error(stream, ErrorCode::protocol_error);  // trailers that do not end it
  } else {
    return Blocks::trailers;
  }
  return Blocks::ignored;
}

Codec::Blocks Codec::kind_of_gone_block() {
  switch (table_.remembered(frame_.stream)) {
    case StreamTable::End::reset_by_us:
      break;
    case StreamTable::End::reset_by_peer:
      stream_error(frame_.stream, ErrorCode::stream_closed);
      break;
    case StreamTable::End::ended:
      fail(ErrorCode::stream_closed, "stream_state");
      break;
    case StreamTable::End::unknown:
      if (role_ == Role::client) {
        stream_error(frame_.stream, ErrorCode::stream_closed);
        break;
      }
      // Most likely never opened, and ids only grow (RFC 9113 5.1.1).
      fail(ErrorCode::protocol_error, "stream_id");
      break;
  }
  return Blocks::ignored;
}

void Codec::begin_continuation() {
  if (!block_.open) return fail(ErrorCode::protocol_error, "header_block");
  if (++block_.continuations > continuations_max) return fail(ErrorCode::enhance_your_calm, "continuations");
  if (left_ == 0 && !spend(Misbehaviour::empty_frame)) return;
  state_ = State::fragment;
}

void Codec::end_block() {
  block_.open = false;
  Stream* stream = std::exchange(current_, nullptr);
  if (stream != nullptr && stream->was_reset()) return;
  if (block_.kind == Blocks::head) {
    end_head(stream);
  } else if (block_.kind == Blocks::trailers && stream != nullptr) {
    end_trailers(*stream);
  }
}

void Codec::end_trailers(Stream& stream) {
  if (!length_holds(stream, 0, true)) return stream_error(stream, ErrorCode::protocol_error);
  const std::uint32_t id = stream.id_;
  stream.remote_closed_ = true;
  events_.on_trailers(stream, fields_.section(), fields_.too_large());
  const Stream* still = table_.find(id);
  if (failed_ || still == nullptr || still->was_reset()) return;
  events_.on_end(stream);
}

void Codec::remember_reset(std::uint32_t id) {
  table_.remember(id, block_.end_stream ? StreamTable::End::ended : StreamTable::End::reset_by_us);
}

}  // namespace weir::http2
