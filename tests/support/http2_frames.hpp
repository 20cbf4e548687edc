// HTTP/2 on the wire as tests write it: names of frames, flags, settings and errors, and functions that make the bytes
// of frames and of HPACK field lines, well-formed or not. Its own code on purpose: it must not share the mistakes of
// what it checks. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::testing {
namespace h2 {

// RFC 9113 6, RFC 9218 7.1
enum FrameType : std::uint8_t {
  data = 0,
  headers = 1,
  priority = 2,
  rst_stream = 3,
  settings = 4,
  push_promise = 5,
  ping = 6,
  goaway = 7,
  window_update = 8,
  continuation = 9,
  priority_update = 16,
};

enum Flag : std::uint8_t {
  no_flags = 0,
  end_stream = 0x1,
  ack = 0x1,
  end_headers = 0x4,
  padded = 0x8,
  with_priority = 0x20,
};

// RFC 9113 7
enum ErrorCode : std::uint32_t {
  no_error = 0,
  protocol_error = 1,
  internal_error = 2,
  flow_control_error = 3,
  settings_timeout = 4,
  stream_closed = 5,
  frame_size_error = 6,
  refused_stream = 7,
  cancel = 8,
  compression_error = 9,
  connect_error = 10,
  enhance_your_calm = 11,
  inadequate_security = 12,
  http_1_1_required = 13,
};

// RFC 9113 6.5.2, RFC 8441 3, RFC 9218 2.1
enum SettingId : std::uint16_t {
  header_table_size = 1,
  enable_push = 2,
  max_concurrent_streams = 3,
  initial_window_size = 4,
  max_frame_size = 5,
  max_header_list_size = 6,
  enable_connect_protocol = 8,
  no_rfc7540_priorities = 9,
};

inline constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
inline constexpr std::size_t frame_head_bytes = 9;
inline constexpr std::size_t default_frame_bytes_max = 16 * 1024;  // SETTINGS_MAX_FRAME_SIZE
inline constexpr std::int64_t default_window_bytes = 65'535;

/// `flags` is any number, so that flags can be added up.
using Flags = unsigned;
using FieldLines = std::vector<std::pair<std::string, std::string>>;  // names as they are to be sent
using SettingLines = std::vector<std::pair<std::uint16_t, std::uint32_t>>;

}  // namespace h2

struct Http2Frame {
  unsigned type = 0;
  h2::Flags flags = 0;
  std::uint32_t stream = 0;
  std::size_t length = 0;
  std::string payload;  // of DATA: left out where frames are kept
};

namespace h2 {

std::string number(std::uint32_t value, int bytes);  // big endian
std::uint32_t number_at(std::string_view bytes, std::size_t offset, int count);

/// Only the nine bytes in front of a payload; `length` may lie.
std::string frame_head(std::size_t length, unsigned type, Flags flags, std::uint32_t stream);
std::string frame(unsigned type, Flags flags, std::uint32_t stream, std::string_view payload = "");
std::string settings_frame(const SettingLines& lines);
std::string window_update_frame(std::uint32_t stream, std::uint32_t bytes);
std::string rst_stream_frame(std::uint32_t stream, std::uint32_t code);
/// `payload`: eight bytes.
std::string ping_frame(std::string_view payload, bool answer = false);
std::string goaway_frame(std::uint32_t last_stream, std::uint32_t code, std::string_view debug_data = "");
/// RFC 9218 7.1: `value` like `u=1, i`.
std::string priority_update_frame(std::uint32_t stream, std::string_view value);
/// Payload of a frame with the flag `padded`.
std::string pad(std::string_view payload, std::uint8_t padding);

// HPACK (RFC 7541), strings without Huffman.
std::string hpack_integer(unsigned first_bits, int prefix_bits, std::uint64_t value);  // 5.1
std::string hpack_string(std::string_view text);                                       // 5.2
std::string hpack_indexed(std::uint64_t index);                                        // 6.1
std::string hpack_literal(std::string_view name, std::string_view value);  // 6.2.2: without indexing
std::string hpack_literal(std::uint64_t name_index, std::string_view value);
std::string hpack_stored(std::string_view name, std::string_view value);  // 6.2.1: enters the dynamic table
std::string hpack_never(std::string_view name, std::string_view value);   // 6.2.3: never indexed
std::string hpack_table_size(std::uint64_t bytes);                        // 6.3
/// Every line as a literal without indexing.
std::string hpack_block(const FieldLines& lines);

/// The frame that begins at `offset`, when it is whole.
std::optional<Http2Frame> frame_at(std::string_view bytes, std::size_t offset);
/// Payload of DATA or HEADERS without padding and priority; nothing where those do not fit.
std::optional<std::string_view> unpadded(const Http2Frame& frame);

/// `HEADERS stream 3, 17 bytes, flags 5`, for failure messages.
std::string describe_frame(unsigned type, Flags flags, std::uint32_t stream, std::string_view payload,
                           std::size_t length);

}  // namespace h2
}  // namespace weir::testing
