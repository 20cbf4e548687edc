// What the owner sends: heads, DATA and resets.
#include <algorithm>
#include <cassert>

#include "http2/server_codec.hpp"

namespace weir::http2 {

namespace {

bool blames_client(ErrorCode code) {
  return code == ErrorCode::protocol_error || code == ErrorCode::flow_control_error ||
         code == ErrorCode::stream_closed || code == ErrorCode::frame_size_error ||
         code == ErrorCode::enhance_your_calm;
}

/// Appends what lies in `parts` from the cursor on.
class Parts {
 public:
  explicit Parts(std::span<const iovec> parts) : parts_(parts) {}

  void append(std::string& out, std::size_t bytes) {
    while (bytes > 0) {
      const iovec& part = parts_[index_];
      const std::size_t run = std::min(bytes, part.iov_len - offset_);
      out.append(static_cast<const char*>(part.iov_base) + offset_, run);
      bytes -= run;
      offset_ += run;
      if (offset_ == part.iov_len) {
        ++index_;
        offset_ = 0;
      }
    }
  }

 private:
  std::span<const iovec> parts_;
  std::size_t index_ = 0;
  std::size_t offset_ = 0;
};

}  // namespace

void ServerCodec::send_head(ServerStream& stream, std::string_view block, bool end_stream) {
  if (stream.local_closed_ || failed_) return;
  append_head(stream.id_, block, end_stream);
  stream.head_sent_ = true;
  stream.local_closed_ = end_stream;
}

void ServerCodec::send_interim(ServerStream& stream, std::string_view block) {
  if (stream.local_closed_ || failed_) return;
  append_head(stream.id_, block, false);
}

void ServerCodec::append_head(std::uint32_t id, std::string_view block, bool end_stream) {
  assert(id != 0);
  std::uint8_t flags = end_stream ? flag::end_stream : std::uint8_t{0};
  FrameType type = FrameType::headers;
  do {
    const std::string_view fragment = block.substr(0, frame_payload_bytes_max);
    block.remove_prefix(fragment.size());
    if (block.empty()) flags |= flag::end_headers;
    append_frame_header(
        output_,
        {.length = static_cast<std::uint32_t>(fragment.size()), .type = type, .flags = flags, .stream = id});
    output_.append(fragment);
    flags = 0;
    type = FrameType::continuation;
  } while (!block.empty());
}

std::size_t ServerCodec::sendable(const ServerStream& stream) const {
  if (stream.local_closed_ || failed_) return 0;
  return std::min(stream.send_window_.sendable(), send_window_.sendable());
}

void ServerCodec::send_data(ServerStream& stream, std::span<const iovec> parts, std::size_t bytes,
                            bool end_stream) {
  if (stream.local_closed_ || failed_) return;
  assert(stream.id_ != 0 && bytes <= sendable(stream));
  if (bytes == 0 && !end_stream) return;
  stream.send_window_.take(bytes);
  send_window_.take(bytes);
  stream.local_closed_ = end_stream;
  data_bytes_sent_ += bytes;
  Parts source(parts);
  do {
    const std::size_t run = std::min<std::size_t>(bytes, frame_payload_bytes_max);
    bytes -= run;
    append_frame_header(output_, {.length = static_cast<std::uint32_t>(run),
                                  .type = FrameType::data,
                                  .flags = bytes == 0 && end_stream ? flag::end_stream : std::uint8_t{0},
                                  .stream = stream.id_});
    source.append(output_, run);
    ++data_frames_sent_;
  } while (bytes > 0);
}

void ServerCodec::reset(ServerStream& stream, ErrorCode code) {
  if (stream.was_reset() || failed_ || (stream.local_closed_ && stream.remote_closed_)) return;
  stream.reset_by_us_ = true;
  stream.local_closed_ = true;
  queue_reset(stream.id_, code);
  if (blames_client(code)) spend(Misbehaviour::server_reset);
}

}  // namespace weir::http2
