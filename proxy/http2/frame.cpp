#include "http2/frame.hpp"

#include <array>

namespace weir::http2 {

namespace {

constexpr std::size_t debug_bytes_max = 64;

std::uint32_t byte_at(const char* bytes, std::size_t index) {
  return static_cast<unsigned char>(bytes[index]);
}

void write_u32(char* bytes, std::uint32_t value) {
  bytes[0] = static_cast<char>(value >> 24);
  bytes[1] = static_cast<char>(value >> 16);
  bytes[2] = static_cast<char>(value >> 8);
  bytes[3] = static_cast<char>(value);
}

}  // namespace

std::string_view error_name(ErrorCode code) {
  static constexpr std::array<std::string_view, 14> names = {"NO_ERROR",
                                                             "PROTOCOL_ERROR",
                                                             "INTERNAL_ERROR",
                                                             "FLOW_CONTROL_ERROR",
                                                             "SETTINGS_TIMEOUT",
                                                             "STREAM_CLOSED",
                                                             "FRAME_SIZE_ERROR",
                                                             "REFUSED_STREAM",
                                                             "CANCEL",
                                                             "COMPRESSION_ERROR",
                                                             "CONNECT_ERROR",
                                                             "ENHANCE_YOUR_CALM",
                                                             "INADEQUATE_SECURITY",
                                                             "HTTP_1_1_REQUIRED"};
  const auto index = static_cast<std::size_t>(code);
  return index < names.size() ? names[index] : "UNKNOWN";
}

std::uint32_t read_u16(const char* bytes) {
  return byte_at(bytes, 0) << 8 | byte_at(bytes, 1);
}

std::uint32_t read_u32(const char* bytes) {
  return byte_at(bytes, 0) << 24 | byte_at(bytes, 1) << 16 | byte_at(bytes, 2) << 8 | byte_at(bytes, 3);
}

void append_u32(std::string& out, std::uint32_t value) {
  char bytes[4];
  write_u32(bytes, value);
  out.append(bytes, sizeof bytes);
}

FrameHeader read_frame_header(const char* bytes) {
  return {.length = byte_at(bytes, 0) << 16 | byte_at(bytes, 1) << 8 | byte_at(bytes, 2),
          .type = static_cast<FrameType>(bytes[3]),
          .flags = static_cast<std::uint8_t>(bytes[4]),
          .stream = read_u32(bytes + 5) & stream_id_max};
}

void write_frame_header(char* bytes, const FrameHeader& header) {
  bytes[0] = static_cast<char>(header.length >> 16);
  bytes[1] = static_cast<char>(header.length >> 8);
  bytes[2] = static_cast<char>(header.length);
  bytes[3] = static_cast<char>(header.type);
  bytes[4] = static_cast<char>(header.flags);
  write_u32(bytes + 5, header.stream);
}

void append_frame_header(std::string& out, const FrameHeader& header) {
  char bytes[frame_header_bytes];
  write_frame_header(bytes, header);
  out.append(bytes, sizeof bytes);
}

void append_setting(std::string& out, Setting setting, std::uint32_t value) {
  const auto number = static_cast<std::uint16_t>(setting);
  out += static_cast<char>(number >> 8);
  out += static_cast<char>(number);
  append_u32(out, value);
}

void append_rst_stream(std::string& out, std::uint32_t stream, ErrorCode code) {
  append_frame_header(out, {.length = 4, .type = FrameType::rst_stream, .flags = 0, .stream = stream});
  append_u32(out, static_cast<std::uint32_t>(code));
}

void append_window_update(std::string& out, std::uint32_t stream, std::uint32_t bytes) {
  append_frame_header(out, {.length = 4, .type = FrameType::window_update, .flags = 0, .stream = stream});
  append_u32(out, bytes);
}

void append_ping(std::string& out, std::string_view payload, bool ack) {
  append_frame_header(out,
                      {.length = 8, .type = FrameType::ping, .flags = ack ? flag::ack : std::uint8_t{0}});
  out.append(payload, 0, 8);
}

void append_goaway(std::string& out, std::uint32_t last_stream, ErrorCode code, std::string_view debug) {
  debug = debug.substr(0, debug_bytes_max);
  append_frame_header(out,
                      {.length = static_cast<std::uint32_t>(8 + debug.size()), .type = FrameType::goaway});
  append_u32(out, last_stream);
  append_u32(out, static_cast<std::uint32_t>(code));
  out.append(debug);
}

}  // namespace weir::http2
