#include "unit/http2/codec_endpoint.hpp"

#include <fmt/format.h>

#include <charconv>

namespace weir::http2 {

void CallOwner::note(std::string line) {
  events_ += std::move(line) + "\n";
}

void CallOwner::on_head(Stream& stream, FieldSection& section, bool too_large, bool ended) {
  const std::string_view status = section.empty() ? "-" : section[0].value;
  note(fmt::format("head {} {}{}{}", stream.id(), status, too_large ? " large" : "", ended ? " ended" : ""));
  if (release_at_head) return release(stream.id());
  if (reset_at_head) return codec->reset(stream, ErrorCode::protocol_error);
  if (status.starts_with('1')) return;
  codec->accept_final(stream);
  if (!static_cast<CallStream&>(stream).has_body) return stream.expect_length(0);
  for (std::size_t i = 0; i < section.size(); ++i) {
    const std::string_view value = section[i].value;
    std::uint64_t length = 0;  // random bytes may be none
    if (section[i].name == "content-length" &&
        std::from_chars(value.data(), value.data() + value.size(), length).ec == std::errc{}) {
      stream.expect_length(length);
    }
  }
}

void CallOwner::on_data(Stream& stream, std::string_view bytes) {
  note(fmt::format("data {} {}", stream.id(), bytes.size() <= 16 ? bytes : fmt::to_string(bytes.size())));
  if (release_at_data) return release(stream.id());
  if (take_at_once) codec->took(stream, bytes.size());
}

void CallOwner::on_trailers(Stream& stream, FieldSection& section, bool too_large) {
  note(fmt::format("trailers {} {}{}", stream.id(), section.size(), too_large ? " large" : ""));
}

void CallOwner::on_end(Stream& stream) {
  note(fmt::format("end {}", stream.id()));
  if (release_at_end) release(stream.id());
}

void CallOwner::on_reset(Stream& stream, ErrorCode code, bool by_peer) {
  note(fmt::format("reset {} {} by {}", stream.id(), error_name(code), by_peer ? "peer" : "us"));
  if (release_at_reset) release(stream.id());
}

void CallOwner::on_window(Stream& stream) {
  note(fmt::format("window {}", stream.id()));
}

void CallOwner::on_connection_window() {
  note("connection window");
}

void CallOwner::on_goaway(std::uint32_t last_id, ErrorCode code) {
  note(fmt::format("goaway {} {}", last_id, error_name(code)));
  if (!release_at_goaway) return;
  for (Stream* stream = codec->after(last_id); stream != nullptr;) {
    const std::uint32_t id = stream->id();
    if (!stream->head_received()) release(id);
    stream = codec->after(id);
  }
}

void CallOwner::on_capacity() {
  note(fmt::format("capacity {}", codec->peer_streams_max()));
}

void CallOwner::on_pong(std::string_view payload) {
  note(fmt::format("pong {}", payload));
}

std::uint32_t CallOwner::open(std::string_view block, bool end_stream) {
  auto stream = std::make_unique<CallStream>();
  codec->open(*stream, block, end_stream);
  const std::uint32_t id = stream->id();
  streams_[id] = std::move(stream);
  return id;
}

void CallOwner::release(std::uint32_t id) {
  codec->release(stream(id));
  streams_.erase(id);
}

Endpoint::Endpoint(const ClientLimits& limits) : codec(limits, owner) {
  owner.codec = &codec;
}

void Endpoint::connect() {
  codec.start();
  pass(settings({}) + frame(FrameType::settings, flag::ack, 0));
  sent();
}

std::uint32_t Endpoint::call(bool end_stream) {
  return owner.open(get_block(), end_stream);
}

std::string Endpoint::send(std::string_view bytes) {
  while (!bytes.empty() && !codec.failed()) bytes.remove_prefix(codec.receive(bytes, now));
  return owner.take_events();
}

std::string Endpoint::sent() {
  std::string_view out = codec.output();
  const bool first = out.starts_with(client_preface);
  if (first) out.remove_prefix(client_preface.size());
  const std::string text = (first ? "preface\n" : "") + to_text(out);
  codec.output().clear();
  codec.output_flushed();
  return text;
}

std::string Endpoint::reply(std::string_view bytes) {
  pass(bytes);
  return sent();
}

void Endpoint::send_data(std::uint32_t id, std::string_view bytes, bool end_stream) {
  std::string text(bytes);
  const iovec part{text.data(), text.size()};
  codec.send_data(owner.stream(id), {&part, 1}, text.size(), end_stream);
}

std::string Endpoint::state() const {
  if (!codec.failed()) return "open";
  return fmt::format("{} {}", error_name(codec.error()), codec.error_reason());
}

std::string status_block(int status, const Fields& more) {
  return block({{":status", std::to_string(status)}}) + block(more);
}

}  // namespace weir::http2
