// The peer's bytes, cut into frames: whatever the cuts of the input, the same frames come out. What a frame means is
// in codec_blocks.cpp and codec_control.cpp.
#include <algorithm>
#include <cstring>

#include "http2/codec.hpp"

namespace weir::http2 {

std::size_t Codec::receive(std::string_view bytes, TimePoint now) {
  now_ = now;
  turn_left_ = heads_per_call;
  std::string_view input = bytes;
  while (turn_left_ > 0 && !failed_ && step(input)) {
  }
  return bytes.size() - input.size();
}

bool Codec::step(std::string_view& input) {
  switch (state_) {
    case State::preface:
      return take_preface(input);
    case State::frame_header:
      return take_frame_header(input);
    case State::prefix:
      return take_prefix(input);
    case State::data:
      return take_data(input);
    case State::fragment:
      return take_fragment(input);
    case State::unit:
      return take_unit(input);
    case State::skipped:
      return skip(input);
  }
  return false;
}

/// `bytes` of the input as one run, or nullptr until they are there. Copies only what comes in parts.
const char* Codec::gather(std::string_view& input, std::size_t bytes) {
  if (held_bytes_ == 0 && input.size() >= bytes) {
    const char* whole = bytes > 0 ? input.data() : held_.data();
    input.remove_prefix(bytes);
    return whole;
  }
  const std::size_t run = std::min(bytes - held_bytes_, input.size());
  if (run > 0) std::memcpy(held_.data() + held_bytes_, input.data(), run);
  held_bytes_ += run;
  input.remove_prefix(run);
  if (held_bytes_ < bytes) return nullptr;
  held_bytes_ = 0;
  return held_.data();
}

bool Codec::take_preface(std::string_view& input) {
  const std::size_t run = std::min(client_preface.size() - held_bytes_, input.size());
  if (input.substr(0, run) != client_preface.substr(held_bytes_, run)) {
    fail(ErrorCode::protocol_error, "preface");
    return false;
  }
  input.remove_prefix(run);
  held_bytes_ += run;
  if (held_bytes_ < client_preface.size()) return false;
  held_bytes_ = 0;
  state_ = State::frame_header;
  return true;
}

bool Codec::take_frame_header(std::string_view& input) {
  const char* bytes = gather(input, frame_header_bytes);
  if (bytes == nullptr) return false;
  frame_ = read_frame_header(bytes);
  left_ = frame_.length;
  padding_ = 0;
  begin_frame();
  return true;
}

void Codec::begin_frame() {
  if (frame_.length > frame_payload_bytes_max) return fail(ErrorCode::frame_size_error, "frame_size");
  const bool is_settings = frame_.type == FrameType::settings && !frame_.has(flag::ack);
  if (!settings_received_ && !is_settings) return fail(ErrorCode::protocol_error, "preface");
  const bool continues = frame_.type == FrameType::continuation && frame_.stream == block_.stream;
  if (block_.open && !continues) return fail(ErrorCode::protocol_error, "header_block");
  switch (frame_.type) {
    case FrameType::data:
      if (frame_.stream == 0) return fail(ErrorCode::protocol_error, "stream_id");
      if (idle(frame_.stream)) return fail(ErrorCode::protocol_error, "stream_state");
      return begin_padded(0);
    case FrameType::headers:
      if (frame_.stream % 2 == 0) return fail(ErrorCode::protocol_error, "stream_id");
      return begin_padded(frame_.has(flag::priority) ? 5 : 0);
    case FrameType::continuation:
      return begin_continuation();
    case FrameType::push_promise:
      return fail(ErrorCode::protocol_error, "push");
    case FrameType::settings:
      return begin_settings();
    case FrameType::priority:
    case FrameType::rst_stream:
      return begin_stream_frame();
    case FrameType::window_update:
      if (frame_.length != 4) return fail(ErrorCode::frame_size_error, "frame_size");
      if (frame_.stream != 0 && idle(frame_.stream)) return fail(ErrorCode::protocol_error, "stream_state");
      return expect_unit(4);
    case FrameType::ping:
    case FrameType::goaway:
    case FrameType::priority_update:
      return begin_connection_frame();
    default:
      spend(Misbehaviour::ignored_frame);
      state_ = State::skipped;
  }
}

/// DATA and HEADERS: `more_bytes` of other fields follow the pad length.
void Codec::begin_padded(std::size_t more_bytes) {
  prefix_bytes_ = more_bytes + (frame_.has(flag::padded) ? 1 : 0);
  if (left_ < prefix_bytes_) return fail(ErrorCode::frame_size_error, "frame_size");
  state_ = State::prefix;
}

void Codec::begin_settings() {
  if (frame_.stream != 0) return fail(ErrorCode::protocol_error, "stream_id");
  const bool odd_size = frame_.has(flag::ack) ? frame_.length != 0 : frame_.length % setting_bytes != 0;
  if (odd_size) return fail(ErrorCode::frame_size_error, "frame_size");
  // Each entry can mean a walk over all streams.
  if (frame_.length > settings_max * setting_bytes) return fail(ErrorCode::enhance_your_calm, "settings");
  if (left_ > 0) return expect_unit(setting_bytes);
  state_ = State::skipped;
}

void Codec::begin_stream_frame() {
  if (frame_.stream == 0) return fail(ErrorCode::protocol_error, "stream_id");
  if (frame_.type == FrameType::priority) {
    if (frame_.length == 5) return expect_unit(5);
    // An error of the stream alone (RFC 9113 6.3), but an idle stream cannot be reset.
    if (idle(frame_.stream)) return fail(ErrorCode::frame_size_error, "frame_size");
    reset_named_stream(ErrorCode::frame_size_error);
    state_ = State::skipped;
    return;
  }
  if (frame_.length != 4) return fail(ErrorCode::frame_size_error, "frame_size");
  if (idle(frame_.stream)) return fail(ErrorCode::protocol_error, "stream_state");
  expect_unit(4);
}

void Codec::begin_connection_frame() {
  if (frame_.stream != 0) return fail(ErrorCode::protocol_error, "stream_id");
  const bool is_ping = frame_.type == FrameType::ping;
  const std::uint32_t bytes_min = frame_.type == FrameType::priority_update ? 4 : 8;
  if (frame_.length < bytes_min || (is_ping && frame_.length != bytes_min)) {
    return fail(ErrorCode::frame_size_error, "frame_size");
  }
  if (frame_.type != FrameType::priority_update) return expect_unit(8);
  if (frame_.length <= held_.size()) return expect_unit(frame_.length);
  spend(Misbehaviour::ignored_frame);
  state_ = State::skipped;
}

void Codec::expect_unit(std::size_t bytes) {
  unit_bytes_ = bytes;
  state_ = State::unit;
}

bool Codec::take_unit(std::string_view& input) {
  const char* bytes = gather(input, unit_bytes_);
  if (bytes == nullptr) return false;
  left_ -= static_cast<std::uint32_t>(unit_bytes_);
  if (frame_.type != FrameType::settings || left_ == 0) state_ = State::skipped;
  on_unit(bytes);
  return true;
}

bool Codec::take_prefix(std::string_view& input) {
  const char* bytes = gather(input, prefix_bytes_);
  if (bytes == nullptr) return false;
  left_ -= static_cast<std::uint32_t>(prefix_bytes_);
  if (frame_.has(flag::padded)) padding_ = static_cast<unsigned char>(*bytes++);
  if (padding_ > left_) {
    fail(ErrorCode::protocol_error, "padding");
  } else if (frame_.type == FrameType::data) {
    state_ = State::data;
    begin_data(left_ - padding_);
  } else {
    state_ = State::fragment;
    begin_block(bytes);
  }
  return true;
}

bool Codec::take_data(std::string_view& input) {
  const std::size_t bytes_left = left_ - padding_;
  const std::string_view run = input.substr(0, bytes_left);
  if (run.empty() && bytes_left > 0) return false;
  input.remove_prefix(run.size());
  left_ -= static_cast<std::uint32_t>(run.size());
  if (left_ == padding_) state_ = State::skipped;
  if (current_ == nullptr || current_->was_reset()) {
    credit_late(run.size());
  } else if (!run.empty()) {
    current_->received_bytes_ += run.size();
    current_->untaken_bytes_ += run.size();
    events_.on_data(*current_, run);
  }
  return true;
}

bool Codec::take_fragment(std::string_view& input) {
  const std::size_t bytes_left = left_ - padding_;
  const std::string_view run = input.substr(0, bytes_left);
  if (run.empty() && bytes_left > 0) return false;
  input.remove_prefix(run.size());
  left_ -= static_cast<std::uint32_t>(run.size());
  const bool at_end = left_ == padding_;
  if (at_end) state_ = State::skipped;
  const bool last = at_end && frame_.has(flag::end_headers);
  if (run.empty() && !last) return true;
  switch (fields_.piece(run, last)) {
    case FieldReceiver::Outcome::ok:
      break;
    case FieldReceiver::Outcome::compression_error:
      fail(ErrorCode::compression_error, "header_compression");
      break;
    case FieldReceiver::Outcome::excessive:
      fail(ErrorCode::enhance_your_calm, "header_bytes");
      break;
  }
  return true;
}

bool Codec::skip(std::string_view& input) {
  const std::size_t run = std::min<std::size_t>(left_, input.size());
  input.remove_prefix(run);
  left_ -= static_cast<std::uint32_t>(run);
  if (left_ > 0) return false;
  state_ = State::frame_header;
  end_frame();
  return true;
}

void Codec::end_frame() {
  switch (frame_.type) {
    case FrameType::data:
      return end_data();
    case FrameType::headers:
    case FrameType::continuation:
      if (frame_.has(flag::end_headers)) end_block();
      return;
    case FrameType::settings:
      return end_settings();
    default:
      return;
  }
}

}  // namespace weir::http2
