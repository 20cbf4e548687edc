#include "unit/http2/frames.hpp"

#include <fmt/format.h>

#include <cstddef>

namespace weir::http2 {

std::string block(const Fields& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    out += '\0';
    for (const std::string& text : {name, value}) out.append(1, static_cast<char>(text.size())).append(text);
  }
  return out;
}

std::string get_block() {
  return block({{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {":authority", "a.example"}});
}

std::string post_block(const Fields& more) {
  return block({{":method", "POST"}, {":scheme", "https"}, {":path", "/"}, {":authority", "a.example"}}) +
         block(more);
}

std::string frame(FrameType type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  std::string out;
  append_frame_header(
      out,
      {.length = static_cast<std::uint32_t>(payload.size()), .type = type, .flags = flags, .stream = stream});
  return out.append(payload);
}

std::string headers(std::uint32_t stream, std::string_view block, bool end_stream) {
  const std::uint8_t flags = flag::end_headers | (end_stream ? flag::end_stream : std::uint8_t{0});
  return frame(FrameType::headers, flags, stream, block);
}

std::string data(std::uint32_t stream, std::string_view payload, bool end_stream) {
  return frame(FrameType::data, end_stream ? flag::end_stream : std::uint8_t{0}, stream, payload);
}

std::string padded(std::string_view payload, std::uint8_t padding) {
  return std::string(1, static_cast<char>(padding)).append(payload).append(padding, '\0');
}

std::string settings(std::initializer_list<std::pair<Setting, std::uint32_t>> entries) {
  std::string payload;
  for (const auto& [setting, value] : entries) append_setting(payload, setting, value);
  return frame(FrameType::settings, 0, 0, payload);
}

std::string u32(std::uint32_t value) {
  std::string out;
  append_u32(out, value);
  return out;
}

std::string window_update(std::uint32_t stream, std::uint32_t bytes) {
  return frame(FrameType::window_update, 0, stream, u32(bytes));
}

std::string rst_stream(std::uint32_t stream, ErrorCode code) {
  return frame(FrameType::rst_stream, 0, stream, u32(static_cast<std::uint32_t>(code)));
}

namespace {

std::string frame_text(const FrameHeader& header, std::string_view payload) {
  const auto error_at = [&](std::size_t at) {
    return error_name(static_cast<ErrorCode>(read_u32(payload.data() + at)));
  };
  const char* end = header.has(flag::end_stream) ? " end" : "";
  const char* open = header.has(flag::end_headers) ? "" : " more";
  switch (header.type) {
    case FrameType::data:
      return fmt::format("DATA {} {}{}", header.stream, payload.size(), end);
    case FrameType::headers:
      return fmt::format("HEADERS {} {}{}{}", header.stream, payload.size(), open, end);
    case FrameType::continuation:
      return fmt::format("CONTINUATION {} {}{}", header.stream, payload.size(), open);
    case FrameType::rst_stream:
      return fmt::format("RST_STREAM {} {}", header.stream, error_at(0));
    case FrameType::settings:
      return header.has(flag::ack) ? "SETTINGS ack"
                                   : fmt::format("SETTINGS {}", payload.size() / setting_bytes);
    case FrameType::ping:
      return fmt::format("PING{} {}", header.has(flag::ack) ? " ack" : "", payload);
    case FrameType::goaway:
      return fmt::format("GOAWAY {} {} {}", read_u32(payload.data()), error_at(4), payload.substr(8));
    case FrameType::window_update:
      return fmt::format("WINDOW_UPDATE {} {}", header.stream, read_u32(payload.data()));
    default:
      return fmt::format("type {}", static_cast<int>(header.type));
  }
}

}  // namespace

std::string to_text(std::string_view frames) {
  std::string text;
  while (frames.size() >= frame_header_bytes) {
    const FrameHeader header = read_frame_header(frames.data());
    frames.remove_prefix(frame_header_bytes);
    if (header.length > frames.size()) return text + "cut\n";
    text += frame_text(header, frames.substr(0, header.length)) + "\n";
    frames.remove_prefix(header.length);
  }
  return frames.empty() ? text : text + "cut\n";
}

}  // namespace weir::http2
