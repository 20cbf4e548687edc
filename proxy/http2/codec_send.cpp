// What the owner sends: heads, DATA and resets.
#include <algorithm>
#include <cassert>

#include "http2/codec.hpp"

namespace weir::http2 {

namespace {

constexpr char no_table = 0x20;  // dynamic table size update to 0 (RFC 7541 6.3)

bool is_error_of_peer(ErrorCode code) {
  return code == ErrorCode::protocol_error || code == ErrorCode::flow_control_error ||
         code == ErrorCode::stream_closed || code == ErrorCode::frame_size_error ||
         code == ErrorCode::enhance_your_calm;
}

/// Passes on what lies in `parts` from the cursor on.
class Parts {
 public:
  explicit Parts(std::span<const iovec> parts) : parts_(parts) {}

  void append(std::string& out, std::size_t bytes, std::vector<OutputRun>* runs, Stream& stream) {
    while (bytes > 0) {
      const iovec& part = parts_[index_];
      const std::size_t run = std::min(bytes, part.iov_len - offset_);
      char* const begin = static_cast<char*>(part.iov_base) + offset_;
      if (runs != nullptr && run >= Codec::run_bytes_min) {
        runs->push_back({out.size(), {begin, run}, &stream});
      } else {
        out.append(begin, run);
      }
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

void Codec::send_head(Stream& stream, std::string_view block, bool end_stream) {
  if (stream.local_closed_ || failed_) return;
  append_head(stream.id_, block, end_stream);
  stream.head_sent_ = true;
  stream.local_closed_ = end_stream;
}

void Codec::append_head(std::uint32_t id, std::string_view block, bool end_stream) {
  if (!table_update_due_) return append_block(id, block, end_stream);
  table_update_due_ = false;
  table_given_up_ = true;
  append_block(id, std::string(1, no_table).append(block), end_stream);
}

void Codec::append_block(std::uint32_t id, std::string_view block, bool end_stream) {
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

std::size_t Codec::sendable(const Stream& stream) const {
  if (stream.local_closed_ || failed_) return 0;
  return std::min(stream.send_window_.sendable(), send_window_.sendable());
}

void Codec::send_data(Stream& stream, std::span<const iovec> parts, std::size_t bytes, bool end_stream,
                      std::vector<OutputRun>* runs) {
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
    source.append(output_, run, runs, stream);
    ++data_frames_sent_;
  } while (bytes > 0);
}

void Codec::reset(Stream& stream, ErrorCode code) {
  if (stream.was_reset() || failed_ || (stream.local_closed_ && stream.remote_closed_)) return;
  stream.reset_by_us_ = true;
  stream.local_closed_ = true;
  queue_reset(stream.id_, code);
  if (is_error_of_peer(code)) spend(forced_reset());
}

}  // namespace weir::http2
