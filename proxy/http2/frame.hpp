// Frames of HTTP/2 as they are on the wire (RFC 9113 4.1 and 6): their header, types, flags, error codes and settings,
// read and written. No state and no rules: these are codec.hpp's. Pure: any thread; depends on the standard library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::http2 {

inline constexpr std::string_view client_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";  // RFC 9113 3.4

inline constexpr std::size_t frame_header_bytes = 9;
/// The payload that every peer takes (RFC 9113 4.2); larger ones are neither sent nor taken.
inline constexpr std::uint32_t frame_payload_bytes_max = 16 * 1024;
inline constexpr std::uint32_t stream_id_max = 0x7fff'ffff;
inline constexpr std::int64_t window_max = 0x7fff'ffff;         // RFC 9113 6.9.1
inline constexpr std::uint32_t window_bytes_at_start = 65'535;  // RFC 9113 6.9.2

enum class FrameType : std::uint8_t {
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
  priority_update = 16,  // RFC 9218 7.1
};

namespace flag {
inline constexpr std::uint8_t end_stream = 0x1;
inline constexpr std::uint8_t ack = 0x1;
inline constexpr std::uint8_t end_headers = 0x4;
inline constexpr std::uint8_t padded = 0x8;
inline constexpr std::uint8_t priority = 0x20;
}  // namespace flag

/// RFC 9113 7. A peer may send others: the type holds every value.
enum class ErrorCode : std::uint32_t {
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

/// As the RFC writes it, `PROTOCOL_ERROR`; "UNKNOWN" for others.
std::string_view error_name(ErrorCode code);

/// RFC 9113 6.5.2, RFC 8441 3, RFC 9218 2.1.
enum class Setting : std::uint16_t {
  header_table_size = 1,
  enable_push = 2,
  max_concurrent_streams = 3,
  initial_window_size = 4,
  max_frame_size = 5,
  max_header_list_size = 6,
  enable_connect_protocol = 8,
  no_rfc7540_priorities = 9,
};
inline constexpr std::size_t setting_bytes = 6;
inline constexpr std::uint32_t header_table_bytes_at_start = 4096;

struct FrameHeader {
  std::uint32_t length = 0;  // of the payload, 24 bits
  FrameType type = FrameType::data;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;

  bool has(std::uint8_t bits) const { return (flags & bits) == bits; }
  bool operator==(const FrameHeader&) const = default;
};

/// Big endian, as all numbers of a frame are.
std::uint32_t read_u16(const char* bytes);
std::uint32_t read_u32(const char* bytes);
void append_u32(std::string& out, std::uint32_t value);

/// `bytes`: frame_header_bytes of them. The reserved bit of the stream is dropped.
FrameHeader read_frame_header(const char* bytes);
void write_frame_header(char* bytes, const FrameHeader& header);
void append_frame_header(std::string& out, const FrameHeader& header);

/// One entry of a SETTINGS payload.
void append_setting(std::string& out, Setting setting, std::uint32_t value);
void append_rst_stream(std::string& out, std::uint32_t stream, ErrorCode code);
void append_window_update(std::string& out, std::uint32_t stream, std::uint32_t bytes);
/// `payload`: 8 bytes.
void append_ping(std::string& out, std::string_view payload, bool ack);
/// `debug`: text for people, cut to 64 bytes.
void append_goaway(std::string& out, std::uint32_t last_stream, ErrorCode code, std::string_view debug);

}  // namespace weir::http2
