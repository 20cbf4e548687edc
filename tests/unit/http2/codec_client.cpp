#include "unit/http2/codec_client.hpp"

#include <fmt/format.h>

#include <charconv>

namespace weir::http2 {

void Owner::note(std::string line) {
  events_ += std::move(line) + "\n";
}

Stream* Owner::on_request(std::uint32_t id, FieldSection& section, bool too_large, bool ended) {
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

void Owner::on_data(Stream& stream, std::string_view bytes) {
  note(fmt::format("data {} {}", stream.id(), bytes.size() <= 16 ? bytes : fmt::to_string(bytes.size())));
  if (release_at_data) return release(stream.id());
  if (take_at_once) codec->took(stream, bytes.size());
}

void Owner::on_trailers(Stream& stream, FieldSection& section, bool too_large) {
  note(fmt::format("trailers {} {}{}", stream.id(), section.size(), too_large ? " large" : ""));
}

void Owner::on_end(Stream& stream) {
  note(fmt::format("end {}", stream.id()));
  if (release_at_end) release(stream.id());
}

void Owner::on_reset(Stream& stream, ErrorCode code, bool by_peer) {
  note(fmt::format("reset {} {} by {}", stream.id(), error_name(code), by_peer ? "peer" : "us"));
  if (release_at_reset) release(stream.id());
}

void Owner::on_window(Stream& stream) {
  note(fmt::format("window {}", stream.id()));
}

void Owner::on_connection_window() {
  note("connection window");
}

void Owner::on_priority(Stream& stream) {
  note(fmt::format("priority {} {}{}", stream.id(), stream.priority.urgency,
                   stream.priority.incremental ? " i" : ""));
}

void Owner::release(std::uint32_t id) {
  codec->release(stream(id));
  streams_.erase(id);
}

Client::Client(const ServerLimits& limits) : codec(limits, owner) {
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
