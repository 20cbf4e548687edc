#include "support/http2_client.hpp"

#include <poll.h>

#include <algorithm>
#include <utility>

namespace weir::testing {
namespace {

constexpr std::size_t transcript_frames_max = 80;
constexpr std::uint32_t stream_mask = 0x7FFF'FFFF;

TlsClientOptions offering_h2(TlsClientOptions options) {
  if (options.alpn.empty()) options.alpn = {"h2"};
  return options;
}

bool over(StreamEvent event) {
  return event == StreamEvent::end || event == StreamEvent::reset;
}

/// While a call is at work it is true; the same call inside it sees that.
class Marked {
 public:
  explicit Marked(bool& mark) : mark_(mark) { mark_ = true; }
  ~Marked() { mark_ = false; }
  Marked(const Marked&) = delete;
  Marked& operator=(const Marked&) = delete;

 private:
  bool& mark_;
};

}  // namespace

Http2Client::Http2Client(std::uint16_t port, Http2Options options)
    : Http2Client(RawClient(port), std::move(options)) {}

Http2Client::Http2Client(std::uint16_t port, const TlsClientOptions& tls, Http2Options options)
    : Http2Client(RawClient(port, offering_h2(tls)), std::move(options), "https") {}

Http2Client::Http2Client(RawClient connection, Http2Options options, std::string scheme)
    : connection_(std::move(connection)), options_(std::move(options)), scheme_(std::move(scheme)) {
  if (scheme_ == "https" && connection_.alpn() != "h2") {
    throw TestFailure("ALPN chose \"" + connection_.alpn() + "\", not h2");
  }
  if (options_.start) start();
}

void Http2Client::start() {
  own_settings_.push_back(options_.settings);
  std::string bytes = std::string(h2::preface) + h2::settings_frame(options_.settings);
  if (options_.connection_window > 0) {
    bytes += h2::window_update_frame(0, options_.connection_window);
    receive_window_ += options_.connection_window;
  }
  send(bytes);
}

h2::FieldLines Http2Client::fields_of(const std::string& method, const std::string& path,
                                      const h2::FieldLines& extra) const {
  h2::FieldLines fields = {
      {":method", method}, {":scheme", scheme_}, {":authority", options_.authority}, {":path", path}};
  fields.insert(fields.end(), extra.begin(), extra.end());
  return fields;
}

Http2Response Http2Client::get(const std::string& path, const h2::FieldLines& extra) {
  return request(fields_of("GET", path, extra));
}

Http2Response Http2Client::exchange(const std::string& method, const std::string& path, std::string_view body,
                                    const h2::FieldLines& extra) {
  return request(fields_of(method, path, extra), body);
}

Http2Response Http2Client::request(const h2::FieldLines& fields, std::string_view body) {
  const std::uint32_t stream = start_request(fields, body.empty());
  if (!body.empty()) send_data(stream, body);
  return wait_end(stream);
}

bool Http2Client::send(std::string_view bytes) {
  to_send_ += bytes;
  return flush();
}

/// Reading while the socket takes nothing may add to what is to be sent: the call at work sends that too.
bool Http2Client::flush() {
  if (flushing_) return true;
  const Marked mark(flushing_);
  const Deadline deadline;
  ByteStream& stream = connection_.stream();
  while (!to_send_.empty()) {
    if (!stream.is_open()) return false;
    const std::size_t sent = stream.write_available(to_send_);
    to_send_.erase(0, sent);
    if (sent > 0) continue;
    if (!stream.last_error().empty()) return false;
    const bool readable = !over(last_event_);
    pollfd watched{stream.fd(), static_cast<short>(readable ? POLLIN | POLLOUT : POLLOUT), 0};
    if (::poll(&watched, 1, deadline.left_ms()) <= 0)
      throw TestFailure("nothing more was taken\n" + transcript());
    if (readable && (watched.revents & POLLIN) != 0) pump(Deadline(0ms));
  }
  return true;
}

bool Http2Client::send_frame(unsigned type, h2::Flags flags, std::uint32_t stream, std::string_view payload) {
  return send(h2::frame(type, flags, stream, payload));
}

std::uint32_t Http2Client::start_request(const h2::FieldLines& fields, bool end_stream) {
  const auto method = std::ranges::find(fields, ":method", &std::pair<std::string, std::string>::first);
  if (method != fields.end()) streams_[next_stream_].method = method->second;
  return start_block(h2::hpack_block(fields), end_stream);
}

std::uint32_t Http2Client::start_get(const std::string& path, const h2::FieldLines& extra) {
  return start_request(fields_of("GET", path, extra));
}

/// Blocks beyond the peer's frame size go on in CONTINUATIONs.
std::uint32_t Http2Client::start_block(std::string_view block, bool end_stream) {
  const std::uint32_t stream = next_stream_;
  next_stream_ += 2;
  const std::size_t piece = setting(h2::max_frame_size).value_or(h2::default_frame_bytes_max);
  std::string bytes;
  unsigned type = h2::headers;
  h2::Flags flags = end_stream ? h2::end_stream : h2::no_flags;
  do {
    const std::string_view part = block.substr(0, piece);
    block.remove_prefix(part.size());
    bytes += h2::frame(type, flags | (block.empty() ? h2::end_headers : h2::no_flags), stream, part);
    type = h2::continuation;
    flags = h2::no_flags;
  } while (!block.empty());
  send(bytes);
  return stream;
}

bool Http2Client::send_trailers(std::uint32_t stream, const h2::FieldLines& fields) {
  return send_frame(h2::headers, h2::end_stream | h2::end_headers, stream, h2::hpack_block(fields));
}

std::size_t Http2Client::send_data(std::uint32_t stream, std::string_view bytes, bool end_stream) {
  std::size_t sent = 0;
  do {
    read_available();
    const auto may_go_on = [&] { return is_over(stream) || bytes.empty() || sendable(stream) > 0; };
    if (!may_go_on()) wait_until("stream " + std::to_string(stream) + " has a window", may_go_on);
    if (is_over(stream)) return sent;
    const std::string_view part = bytes.substr(0, sendable(stream));
    bytes.remove_prefix(part.size());
    if (!force_data(stream, part, end_stream && bytes.empty())) return sent;
    sent += part.size();
  } while (!bytes.empty());
  return sent;
}

bool Http2Client::force_data(std::uint32_t stream, std::string_view bytes, bool end_stream) {
  streams_[stream].send_window_used += static_cast<std::int64_t>(bytes.size());
  send_window_ -= static_cast<std::int64_t>(bytes.size());
  return send_frame(h2::data, end_stream ? h2::end_stream : h2::no_flags, stream, bytes);
}

bool Http2Client::force_padded(std::uint32_t stream, std::string_view bytes, std::uint8_t padding) {
  const std::string payload = h2::pad(bytes, padding);
  streams_[stream].send_window_used += static_cast<std::int64_t>(payload.size());
  send_window_ -= static_cast<std::int64_t>(payload.size());
  return send_frame(h2::data, h2::padded, stream, payload);
}

bool Http2Client::reset(std::uint32_t stream, std::uint32_t code) {
  return send(h2::rst_stream_frame(stream, code));
}

bool Http2Client::send_settings(const h2::SettingLines& lines) {
  own_settings_.push_back(lines);
  return send(h2::settings_frame(lines));
}

bool Http2Client::send_window_update(std::uint32_t stream, std::uint32_t bytes) {
  if (stream == 0) receive_window_ += bytes;
  if (stream != 0) streams_[stream].receive_window_used -= bytes;
  return send(h2::window_update_frame(stream, bytes));
}

bool Http2Client::is_over(std::uint32_t stream) {
  return streams_[stream].response.reset.has_value();
}

std::int64_t Http2Client::send_window(std::uint32_t stream) const {
  const auto initial = static_cast<std::int64_t>(
      setting(h2::initial_window_size).value_or(static_cast<std::uint32_t>(h2::default_window_bytes)));
  const auto found = streams_.find(stream);
  return found == streams_.end() ? initial : initial - found->second.send_window_used;
}

std::size_t Http2Client::sendable(std::uint32_t stream) const {
  const std::int64_t window = std::min(send_window(stream), send_window_);
  const auto frame_max =
      static_cast<std::int64_t>(setting(h2::max_frame_size).value_or(h2::default_frame_bytes_max));
  return static_cast<std::size_t>(std::clamp<std::int64_t>(window, 0, frame_max));
}

const Http2Response& Http2Client::wait_head(std::uint32_t stream, const Deadline& deadline) {
  const Http2Response& response = streams_[stream].response;
  wait_until(
      "stream " + std::to_string(stream) + " has a head",
      [&] { return response.status != 0 || response.reset; }, deadline);
  return response;
}

const Http2Response& Http2Client::wait_interim(std::uint32_t stream, std::size_t count,
                                               const Deadline& deadline) {
  const Http2Response& response = streams_[stream].response;
  wait_until(
      "stream " + std::to_string(stream) + " has " + std::to_string(count) + " interim heads",
      [&] { return response.interim.size() >= count; }, deadline);
  return response;
}

const Http2Response& Http2Client::wait_body(std::uint32_t stream, std::size_t bytes,
                                            const Deadline& deadline) {
  const Http2Response& response = streams_[stream].response;
  wait_until(
      "stream " + std::to_string(stream) + " has brought " + std::to_string(bytes) + " bytes",
      [&] { return response.body.size() >= bytes; }, deadline);
  return response;
}

const Http2Response& Http2Client::wait_end(std::uint32_t stream, const Deadline& deadline) {
  const Http2Response& response = streams_[stream].response;
  wait_until(
      "stream " + std::to_string(stream) + " has ended", [&] { return response.complete || response.reset; },
      deadline);
  return response;
}

std::uint32_t Http2Client::wait_reset(std::uint32_t stream, const Deadline& deadline) {
  const Http2Response& response = streams_[stream].response;
  wait_until(
      "stream " + std::to_string(stream) + " is reset", [&] { return response.reset.has_value(); }, deadline);
  return *response.reset;
}

const Http2Goaway& Http2Client::wait_goaway(std::size_t count, const Deadline& deadline) {
  wait_until(
      "GOAWAY comes", [&] { return goaways_.size() >= count; }, deadline);
  return goaways_[count - 1];
}

void Http2Client::wait_settings(const Deadline& deadline) {
  wait_until(
      "SETTINGS come", [&] { return settings_came_; }, deadline);
}

void Http2Client::wait_settings_ack(std::size_t count, const Deadline& deadline) {
  wait_until(
      "SETTINGS are acknowledged", [&] { return settings_acks_ >= count; }, deadline);
}

void Http2Client::wait_ping_ack(std::string_view payload, const Deadline& deadline) {
  wait_until(
      "PING is answered", [&] { return std::ranges::find(ping_acks_, payload) != ping_acks_.end(); },
      deadline);
}

void Http2Client::round_trip(const Deadline& deadline) {
  const std::string payload = "trip" + h2::number(static_cast<std::uint32_t>(++pings_sent_), 4);
  send(h2::ping_frame(payload));
  wait_ping_ack(payload, deadline);
}

void Http2Client::wait_until(const std::string& what, const std::function<bool()>& condition,
                             const Deadline& deadline) {
  while (!condition()) {
    if (pump(deadline) == StreamEvent::data) continue;
    if (condition()) return;
    throw TestFailure("waited in vain until " + what + " (" + to_string(last_event_) + ")\n" + transcript());
  }
}

StreamEvent Http2Client::wait_close(const Deadline& deadline) {
  while (pump(deadline) == StreamEvent::data) {
  }
  if (!over(last_event_)) throw TestFailure("the connection was not closed\n" + transcript());
  return last_event_;
}

bool Http2Client::stays_silent_for(std::chrono::milliseconds time) {
  read_available();
  const std::size_t before = frames_.size();
  const Deadline deadline(time);
  while (pump(deadline) == StreamEvent::data) {
  }
  return last_event_ == StreamEvent::timeout && frames_.size() == before;
}

void Http2Client::read_available() {
  while (pump(Deadline(0ms)) == StreamEvent::data) {
  }
}

std::optional<std::uint32_t> Http2Client::setting(std::uint16_t id) const {
  const auto found = settings_.find(id);
  if (found == settings_.end()) return std::nullopt;
  return found->second;
}

std::string Http2Client::transcript() const {
  std::string text = "frames that came:";
  const std::size_t skipped = frames_.size() - std::min(frames_.size(), transcript_frames_max);
  if (skipped > 0) text += "\n  (" + std::to_string(skipped) + " more)";
  for (std::size_t i = skipped; i < frames_.size(); ++i) {
    const Http2Frame& frame = frames_[i];
    text += "\n  " + h2::describe_frame(frame.type, frame.flags, frame.stream, frame.payload, frame.length);
  }
  return text;
}

/// Reads once; takes the frames that are whole.
StreamEvent Http2Client::pump(const Deadline& deadline) {
  if (over(last_event_)) return last_event_;
  last_event_ = connection_.stream().read_some(received_, deadline);
  std::size_t taken = 0;
  while (std::optional<Http2Frame> frame = h2::frame_at(received_, taken)) {
    taken += h2::frame_head_bytes + frame->length;
    take(*frame);
  }
  received_.erase(0, taken);
  if (!over(last_event_)) flush();
  return last_event_;
}

void Http2Client::take(Http2Frame& frame) {
  frames_.push_back(frame);
  if (frame.type == h2::data) frames_.back().payload.clear();
  check(frame.length <= frame_bytes_max_, "a frame is too large");
  check(frames_.size() > 1 || (frame.type == h2::settings && frame.flags == 0),
        "SETTINGS did not come first");
  check(block_stream_ == 0 || (frame.type == h2::continuation && frame.stream == block_stream_),
        "a header block was interrupted");
  switch (frame.type) {
    case h2::data:
      return take_data(frame);
    case h2::headers:
    case h2::continuation:
      return take_block(frame);
    case h2::rst_stream:
      return take_reset(frame);
    case h2::settings:
      return take_settings(frame);
    case h2::ping:
      check(frame.length == 8 && frame.stream == 0, "PING");
      if ((frame.flags & h2::ack) != 0) {
        ping_acks_.push_back(frame.payload);
      } else if (options_.answer) {
        to_send_ += h2::ping_frame(frame.payload, true);
      }
      return;
    case h2::goaway:
      return take_goaway(frame);
    case h2::window_update:
      return take_window_update(frame);
    default:
      check(frame.type != h2::push_promise, "PUSH_PROMISE");
  }
}

std::string_view Http2Client::unpadded(const Http2Frame& frame) const {
  const std::optional<std::string_view> payload = h2::unpadded(frame);
  check(payload.has_value(), "padding or priority");
  return *payload;
}

void Http2Client::take_data(const Http2Frame& frame) {
  Stream& stream = streams_[frame.stream];
  check(stream.response.status != 0 && !stream.response.complete && !stream.response.reset,
        "DATA where none may come");
  const auto bytes = static_cast<std::int64_t>(frame.length);
  receive_window_ -= bytes;
  stream.receive_window_used += bytes;
  check(receive_window_ >= 0, "more DATA than the connection's window allows");
  check(bytes == 0 || stream.receive_window_used <= stream_receive_window_,
        "more DATA than the stream's window allows");
  stream.response.body += unpadded(frame);
  ++stream.response.data_frames;
  if ((frame.flags & h2::end_stream) != 0) note_end(stream);
  if (!options_.keep_windows || bytes == 0) return;
  to_send_ += h2::window_update_frame(0, static_cast<std::uint32_t>(bytes));
  receive_window_ += bytes;
  if (stream.response.complete) return;
  to_send_ += h2::window_update_frame(frame.stream, static_cast<std::uint32_t>(bytes));
  stream.receive_window_used -= bytes;
}

void Http2Client::take_block(const Http2Frame& frame) {
  if (frame.type == h2::headers) {
    check(frame.stream != 0, "HEADERS on stream 0");
    block_stream_ = frame.stream;
    block_ends_stream_ = (frame.flags & h2::end_stream) != 0;
    block_ = unpadded(frame);
  } else {
    check(block_stream_ != 0, "CONTINUATION without HEADERS");
    block_ += frame.payload;
  }
  if ((frame.flags & h2::end_headers) == 0) return;
  take_fields(std::exchange(block_stream_, 0), decoder_.decode(block_), block_ends_stream_);
}

void Http2Client::take_fields(std::uint32_t number, Fields fields, bool ended) {
  Stream& stream = streams_[number];
  Http2Response& response = stream.response;
  check(!response.complete && !response.reset, "HEADERS on a stream that is over");
  if (response.status != 0) {
    check(ended, "a second head without END_STREAM");
    check_fields(fields);
    response.trailers = std::move(fields);
    response.ended_by_trailers = true;
    return note_end(stream);
  }
  check(!fields.all.empty() && fields.all[0].first == ":status", "a head without :status");
  const int status = std::atoi(fields.all[0].second.c_str());
  fields.all.erase(fields.all.begin());
  check_fields(fields);
  check(status >= 100 && status <= 999 && status != 101, ":status");
  if (status < 200) {
    check(!ended, "an interim head with END_STREAM");
    response.interim.push_back({status, std::move(fields)});
    return;
  }
  response.status = status;
  response.fields = std::move(fields);
  response.ended_by_head = ended;
  if (ended) note_end(stream);
}

void Http2Client::note_end(Stream& stream) {
  Http2Response& response = stream.response;
  response.complete = true;
  const std::optional<std::string> length = response.fields.find("content-length");
  const bool has_body = !stream.method.empty() && stream.method != "HEAD" && response.status != 304;
  if (length && has_body) check(*length == std::to_string(response.body.size()), "content-length " + *length);
}

void Http2Client::check_fields(const Fields& fields) const {
  const std::string fault = fault_in(fields);
  check(fault.empty(), fault);
}

void Http2Client::take_settings(const Http2Frame& frame) {
  check(frame.stream == 0 && frame.length % 6 == 0, "SETTINGS");
  if ((frame.flags & h2::ack) != 0) {
    check(frame.length == 0, "an acknowledgement of SETTINGS with settings");
    ++settings_acks_;
    if (own_settings_.empty()) return;
    for (const auto& [id, value] : own_settings_.front()) {
      if (id == h2::initial_window_size) stream_receive_window_ = value;
      if (id == h2::max_frame_size) frame_bytes_max_ = value;
    }
    own_settings_.erase(own_settings_.begin());
    return;
  }
  settings_came_ = true;
  for (std::size_t at = 0; at < frame.length; at += 6) {
    settings_[static_cast<std::uint16_t>(h2::number_at(frame.payload, at, 2))] =
        h2::number_at(frame.payload, at + 2, 4);
  }
  if (options_.answer) to_send_ += h2::frame(h2::settings, h2::ack, 0);
}

void Http2Client::take_reset(const Http2Frame& frame) {
  check(frame.stream != 0 && frame.length == 4, "RST_STREAM");
  Http2Response& response = streams_[frame.stream].response;
  check(!response.reset, "a second RST_STREAM on stream " + std::to_string(frame.stream));
  response.reset = h2::number_at(frame.payload, 0, 4);
}

void Http2Client::take_goaway(const Http2Frame& frame) {
  check(frame.stream == 0 && frame.length >= 8, "GOAWAY");
  const Http2Goaway goaway{h2::number_at(frame.payload, 0, 4) & stream_mask,
                           h2::number_at(frame.payload, 4, 4), frame.payload.substr(8)};
  check(goaways_.empty() || goaway.last_stream <= goaways_.back().last_stream, "GOAWAY that takes back");
  goaways_.push_back(goaway);
}

void Http2Client::take_window_update(const Http2Frame& frame) {
  check(frame.length == 4, "WINDOW_UPDATE");
  const std::int64_t bytes = h2::number_at(frame.payload, 0, 4) & stream_mask;
  check(bytes > 0, "a WINDOW_UPDATE of 0");
  if (frame.stream == 0) {
    send_window_ += bytes;
  } else {
    streams_[frame.stream].send_window_used -= bytes;
  }
}

void Http2Client::check(bool good, const std::string& what) const {
  if (!good) throw TestFailure("the server broke a rule of HTTP/2: " + what + "\n" + transcript());
}

}  // namespace weir::testing
