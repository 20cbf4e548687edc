#include "unit/http2/codec_client.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <charconv>

#include <array>
#include <charconv>
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

void Owner::note(std::string line) {
  events_ += std::move(line) + "\n";
}

ServerStream* Owner::on_request(std::uint32_t id, FieldSection& section, bool too_large, bool ended) {
  const std::string_view method = section.empty() ? "-" : section[0].value;
  note(fmt::format("request {} {}{}{}", id, method, too_large ? " large" : "", ended ? " ended" : ""));
  if (refuse) {
    if (refusal != ErrorCode::refused_stream) codec->refuse(refusal);
    return nullptr;
  }
  auto& stream = streams_[id] = std::make_unique<TestStream>();
  stream->priority = priority;
  for (std::size_t i = 0; i < section.size(); ++i) {
    const std::string_view value = section[i].value;
    std::uint64_t length = 0;  // random bytes may be none
    if (section[i].name == "content-length" &&
        std::from_chars(value.data(), value.data() + value.size(), length).ec == std::errc{}) {
      stream->expect_length(length);
    }
  }
  return stream.get();
}

void Owner::on_data(ServerStream& stream, std::string_view bytes) {
  note(fmt::format("data {} {}", stream.id(), bytes.size() <= 16 ? bytes : fmt::to_string(bytes.size())));
  if (release_at_data) return release(stream.id());
  if (take_at_once) codec->took(stream, bytes.size());
}

void Owner::on_trailers(ServerStream& stream, FieldSection& section, bool too_large) {
  note(fmt::format("trailers {} {}{}", stream.id(), section.size(), too_large ? " large" : ""));
}

void Owner::on_end(ServerStream& stream) {
  note(fmt::format("end {}", stream.id()));
  if (release_at_end) release(stream.id());
}

void Owner::on_reset(ServerStream& stream, ErrorCode code, bool by_peer) {
  note(fmt::format("reset {} {} by {}", stream.id(), error_name(code), by_peer ? "peer" : "us"));
  if (release_at_reset) release(stream.id());
}

void Owner::on_window(ServerStream& stream) {
  note(fmt::format("window {}", stream.id()));
}

void Owner::on_connection_window() {
  note("connection window");
}

void Owner::on_priority(ServerStream& stream) {
  note(fmt::format("priority {} {}{}", stream.id(), stream.priority.urgency,
                   stream.priority.incremental ? " i" : ""));
}

void Owner::release(std::uint32_t id) {
  codec->release(stream(id));
  streams_.erase(id);
}

Client::Client(const CodecLimits& limits) : codec(limits, owner) {
  owner.codec = &codec;
}

void Client::connect() {
  codec.start();
  tell(client_preface);
  tell(settings({}) + frame(FrameType::settings, flag::ack, 0));
  replies();
}

std::string Client::send(std::string_view bytes) {
  while (!bytes.empty() && !codec.failed()) bytes.remove_prefix(codec.receive(bytes, now));
  return owner.take_events();
}

std::string Client::replies() {
  const std::string text = to_text(codec.output());
  codec.output().clear();
  codec.output_flushed();
  return text;
}

std::string Client::reply(std::string_view bytes) {
  tell(bytes);
  return replies();
}

void Client::respond(std::uint32_t id) {
  codec.send_head(owner.stream(id), "\x88", true);
}

void Client::send_data(std::uint32_t id, std::string_view bytes, bool end_stream) {
  std::string text(bytes);
  const iovec part{text.data(), text.size()};
  codec.send_data(owner.stream(id), {&part, 1}, text.size(), end_stream);
}

std::string Client::state() const {
  if (!codec.failed()) return "open";
  return fmt::format("{} {}", error_name(codec.error()), codec.error_reason());
}

}  // namespace weir::http2
