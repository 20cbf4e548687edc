#include "support/http2_frames.hpp"

#include <array>

namespace weir::testing::h2 {
namespace {

constexpr std::uint32_t stream_mask = 0x7FFF'FFFF;

char byte(std::uint64_t value) {
  return static_cast<char>(static_cast<unsigned char>(value & 0xFF));
}

std::string type_name(unsigned type) {
  constexpr std::array<std::string_view, 10> names = {
      "DATA",         "HEADERS", "PRIORITY", "RST_STREAM",    "SETTINGS",
      "PUSH_PROMISE", "PING",    "GOAWAY",   "WINDOW_UPDATE", "CONTINUATION"};
  return type < names.size() ? std::string(names[type]) : "type " + std::to_string(type);
}

}  // namespace

std::string number(std::uint32_t value, int bytes) {
  std::string text;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text += byte(value >> shift);
  return text;
}

std::uint32_t number_at(std::string_view bytes, std::size_t offset, int count) {
  std::uint32_t value = 0;
  for (const char c : bytes.substr(offset, static_cast<std::size_t>(count))) {
    value = value << 8 | static_cast<unsigned char>(c);
  }
  return value;
}

std::string frame_head(std::size_t length, unsigned type, Flags flags, std::uint32_t stream) {
  return number(static_cast<std::uint32_t>(length), 3) + byte(type) + byte(flags) + number(stream, 4);
}

std::string frame(unsigned type, Flags flags, std::uint32_t stream, std::string_view payload) {
  return frame_head(payload.size(), type, flags, stream) + std::string(payload);
}

std::string settings_frame(const SettingLines& lines) {
  std::string payload;
  for (const auto& [id, value] : lines) payload += number(id, 2) + number(value, 4);
  return frame(settings, no_flags, 0, payload);
}

std::string window_update_frame(std::uint32_t stream, std::uint32_t bytes) {
  return frame(window_update, no_flags, stream, number(bytes, 4));
}

std::string rst_stream_frame(std::uint32_t stream, std::uint32_t code) {
  return frame(rst_stream, no_flags, stream, number(code, 4));
}

std::string ping_frame(std::string_view payload, bool answer) {
  return frame(ping, answer ? ack : no_flags, 0, payload);
}

std::string goaway_frame(std::uint32_t last_stream, std::uint32_t code, std::string_view debug_data) {
  return frame(goaway, no_flags, 0, number(last_stream, 4) + number(code, 4) + std::string(debug_data));
}

std::string priority_update_frame(std::uint32_t stream, std::string_view value) {
  return frame(priority_update, no_flags, 0, number(stream, 4) + std::string(value));
}

std::string pad(std::string_view payload, std::uint8_t padding) {
  return byte(padding) + std::string(payload) + std::string(padding, '\0');
}

std::string hpack_integer(unsigned first_bits, int prefix_bits, std::uint64_t value) {
  const std::uint64_t prefix_max = (1U << prefix_bits) - 1;
  if (value < prefix_max) return std::string(1, byte(first_bits | value));
  std::string text(1, byte(first_bits | prefix_max));
  for (value -= prefix_max; value >= 0x80; value >>= 7) text += byte(0x80 | (value & 0x7F));
  return text + byte(value);
}

std::string hpack_string(std::string_view text) {
  return hpack_integer(0, 7, text.size()) + std::string(text);
}

std::string hpack_indexed(std::uint64_t index) {
  return hpack_integer(0x80, 7, index);
}

std::string hpack_literal(std::string_view name, std::string_view value) {
  return byte(0) + hpack_string(name) + hpack_string(value);
}

std::string hpack_literal(std::uint64_t name_index, std::string_view value) {
  return hpack_integer(0, 4, name_index) + hpack_string(value);
}

std::string hpack_stored(std::string_view name, std::string_view value) {
  return byte(0x40) + hpack_string(name) + hpack_string(value);
}

std::string hpack_never(std::string_view name, std::string_view value) {
  return byte(0x10) + hpack_string(name) + hpack_string(value);
}

std::string hpack_table_size(std::uint64_t bytes) {
  return hpack_integer(0x20, 5, bytes);
}

std::string hpack_block(const FieldLines& lines) {
  std::string block;
  for (const auto& [name, value] : lines) block += hpack_literal(name, value);
  return block;
}

std::optional<Http2Frame> frame_at(std::string_view bytes, std::size_t offset) {
  const std::string_view rest = bytes.substr(offset);
  if (rest.size() < frame_head_bytes) return std::nullopt;
  Http2Frame frame;
  frame.length = number_at(rest, 0, 3);
  if (rest.size() < frame_head_bytes + frame.length) return std::nullopt;
  frame.type = number_at(rest, 3, 1);
  frame.flags = number_at(rest, 4, 1);
  frame.stream = number_at(rest, 5, 4) & stream_mask;
  frame.payload = rest.substr(frame_head_bytes, frame.length);
  return frame;
}

std::optional<std::string_view> unpadded(const Http2Frame& frame) {
  std::string_view payload = frame.payload;
  if ((frame.flags & padded) != 0) {
    if (payload.empty()) return std::nullopt;
    const std::size_t padding = number_at(payload, 0, 1);
    payload.remove_prefix(1);
    if (padding > payload.size()) return std::nullopt;
    payload.remove_suffix(padding);
  }
  if (frame.type == headers && (frame.flags & with_priority) != 0) {
    if (payload.size() < 5) return std::nullopt;
    payload.remove_prefix(5);
  }
  return payload;
}

std::string describe_frame(unsigned type, Flags flags, std::uint32_t stream, std::string_view payload,
                           std::size_t length) {
  std::string text = type_name(type) + " stream " + std::to_string(stream & stream_mask) + ", " +
                     std::to_string(length) + " bytes, flags " + std::to_string(flags);
  if (type == rst_stream) text += ", code " + std::to_string(number_at(payload, 0, 4));
  if (type == window_update && payload.size() >= 4)
    text += ", by " + std::to_string(number_at(payload, 0, 4));
  if (type == goaway && payload.size() >= 8) {
    text += ", last stream " + std::to_string(number_at(payload, 0, 4)) + ", code " +
            std::to_string(number_at(payload, 4, 4)) + " \"" + std::string(payload.substr(8)) + "\"";
  }
  return text;
}

}  // namespace weir::testing::h2
