#include "http2_session.hpp"

#include <algorithm>
#include <array>
#include <new>

#include "handlers.hpp"
#include "websocket.hpp"

namespace weir::origin {
namespace {

constexpr std::uint32_t streams_max = 1000;
constexpr std::int32_t window_bytes = 1024 * 1024;
constexpr std::size_t stream_field_bytes_max = head_bytes_max;

std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// nghttp2 takes mutable pointers by its C signature only; it does not write through them.
nghttp2_nv field_of(std::string_view name, std::string_view value) {
  const auto octets = [](std::string_view text) {
    return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
  };
  return {octets(name), octets(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

/// Frames of a WebSocket whose handshake was an extended CONNECT (RFC 8441).
class WebSocketStream final : public Responder {
 public:
  bool needs_body() const override { return true; }
  void on_body(std::string_view piece, Output& out) override {
    kept_ += piece;
    std::string_view rest = kept_;
    closed_ = echo_.feed(rest, out) == WebSocketEcho::State::closed;
    kept_.erase(0, kept_.size() - rest.size());
  }
  Step produce(Output&, bool body_done) override {
    return {closed_ || body_done ? Step::Kind::done : Step::Kind::more};
  }

 private:
  WebSocketEcho echo_;
  std::string kept_;  // a frame's head that is not whole, or what the output has no room for
  bool closed_ = false;
};

}  // namespace

Http2Session::Http2Session(Shared& shared, const std::string& client) : shared_(shared), client_(client) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0)
    throw std::bad_alloc();
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_field);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_session* session = nullptr;
  const int made = nghttp2_session_server_new2(&session, callbacks, this, option);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_option_del(option);
  if (made != 0) throw std::bad_alloc();
  session_.reset(session);
  const std::array<nghttp2_settings_entry, 3> settings{
      {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams_max},
       {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window_bytes},
       {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1}}};
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, 16 * window_bytes);
}

Http2Session::~Http2Session() = default;

bool Http2Session::feed(std::string_view input) {
  const auto* const octets = reinterpret_cast<const std::uint8_t*>(input.data());
  return nghttp2_session_mem_recv(session_.get(), octets, input.size()) >= 0;
}

bool Http2Session::fill(Output& out) {
  while (!out.full() && !over_) {
    const std::uint8_t* frames = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &frames);
    if (size <= 0) break;
    out.append(text_of(frames, static_cast<std::size_t>(size)));
  }
  out.append(std::exchange(last_bytes_, {}));
  if (over_) return false;
  return nghttp2_session_want_read(session_.get()) != 0 || nghttp2_session_want_write(session_.get()) != 0;
}

bool Http2Session::has_more_to_send() const {
  return nghttp2_session_want_write(session_.get()) != 0;
}

std::optional<Http2Session::TimePoint> Http2Session::next_timer() const {
  std::optional<TimePoint> next;
  for (const auto& [id, stream] : streams_) {
    if (stream.due && (!next || *stream.due < *next)) next = stream.due;
  }
  return next;
}

void Http2Session::on_timer(TimePoint now) {
  for (auto& [id, stream] : streams_) {
    if (!stream.due || *stream.due > now) continue;
    stream.due.reset();
    advance(stream);
  }
}

Http2Session::Stream* Http2Session::find(std::int32_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : &found->second;
}

int Http2Session::on_begin(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  const std::int32_t id = frame->hd.stream_id;
  static_cast<Http2Session*>(self)->streams_[id].id = id;
  return 0;
}

int Http2Session::on_field(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                           std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                           std::uint8_t, void* self) {
  Stream* const stream = static_cast<Http2Session*>(self)->find(frame->hd.stream_id);
  if (stream == nullptr || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  if (stream->fields.size() + name_size + value_size > stream_field_bytes_max) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  stream->fields.append(text_of(name, name_size)).append(text_of(value, value_size));
  stream->cuts.emplace_back(name_size, value_size);
  return 0;
}

int Http2Session::on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
  auto& session = *static_cast<Http2Session*>(self);
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  Stream* const stream = session.find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  const bool ended = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
    session.start(*stream, ended);
  } else if (ended) {
    stream->body_done = true;
    session.advance(*stream);
  }
  return 0;
}

int Http2Session::on_data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                          std::size_t size, void* self) {
  auto& own = *static_cast<Http2Session*>(self);
  Stream* const stream = own.find(id);
  nghttp2_session_consume_connection(session, size);
  if (stream == nullptr) return 0;
  stream->unconsumed += size;
  if (stream->responder) stream->responder->on_body(text_of(data, size), stream->output);
  own.advance(*stream);
  own.give_window_back(*stream);
  return 0;
}

int Http2Session::on_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* self) {
  static_cast<Http2Session*>(self)->streams_.erase(id);
  return 0;
}

/// While the client does not take what comes of its body, it may send no more of it.
void Http2Session::give_window_back(Stream& stream) {
  if (stream.unconsumed == 0 || stream.output.full()) return;
  nghttp2_session_consume_stream(session_.get(), stream.id, std::exchange(stream.unconsumed, 0));
}

Request Http2Session::request_of(const Stream& stream, bool body_done) const {
  Request request;
  request.minor_version = 0;  // no chunks: DATA frames have lengths
  request.protocol = "HTTP/2.0";
  request.body = body_done ? BodyKind::none : BodyKind::chunked;
  std::size_t at = 0;
  for (const auto& [name_size, value_size] : stream.cuts) {
    const std::string_view name = std::string_view(stream.fields).substr(at, name_size);
    const std::string_view value = std::string_view(stream.fields).substr(at + name_size, value_size);
    at += name_size + value_size;
    request.headers.emplace_back(name, value);
    if (name == ":method") request.method = value;
    if (name == ":path") request.target = value;
    if (name == "content-type") request.content_type = value;
    if (name == "expect") request.expects_continue = value == "100-continue";
    if (name == ":protocol") request.upgrades_to_websocket = value == "websocket";
    if (name == "content-length" && !body_done && parse_decimal(value, request.content_length)) {
      request.body = BodyKind::length;
    }
  }
  request.path = request.target.substr(0, request.target.find('?'));
  return request;
}

void Http2Session::start(Stream& stream, bool body_done) {
  const Request request = request_of(stream, body_done);
  stream.body_done = body_done;
  if (request.expects_continue && !body_done) {
    const nghttp2_nv status = field_of(":status", "100");
    nghttp2_submit_headers(session_.get(), NGHTTP2_FLAG_NONE, stream.id, nullptr, &status, 1, nullptr);
  }
  answer(stream, request);
  advance(stream);
}

void Http2Session::answer(Stream& stream, const Request& request) {
  const bool reused = std::exchange(used_, true);
  if (request.upgrades_to_websocket && request.path == "/ws") {
    stream.output.append("HTTP/1.1 200 OK\r\n" + shared_.common_fields + "\r\n");
    stream.responder = std::make_unique<WebSocketStream>();
    return;
  }
  stream.grpc = request.content_type.starts_with("application/grpc");
  if (stream.grpc && shared_.fault.get().mode == FaultMode::none) {
    shared_.requests.fetch_add(1, std::memory_order_relaxed);
    stream.output.append("HTTP/1.1 200 OK\r\n" + shared_.common_fields +
                         "Content-Type: application/grpc\r\n");
    if (shared_.behaviour.next().fails) {  // INTERNAL, in the head: no messages follow
      stream.output.append("grpc-status: 13\r\n\r\n");
      stream.grpc = false;
      return;
    }
    stream.output.append("\r\n");
    stream.responder = make_echo(false);
    return;
  }
  stream.grpc = false;
  Reply reply = handle(request, client_, reused, shared_, stream.output);
  stream.responder = std::move(reply.responder);
}

void Http2Session::advance(Stream& stream) {
  produce(stream);
  hand_over(stream);
}

void Http2Session::produce(Stream& stream) {
  while (stream.responder && !stream.due && !stream.output.full()) {
    const std::size_t before = stream.output.size();
    const Step step = stream.responder->produce(stream.output, stream.body_done);
    switch (step.kind) {
      case Step::Kind::more:
        if (stream.output.size() == before) return;  // it waits for the body, or until something was taken
        break;
      case Step::Kind::wait:
        stream.due = std::chrono::steady_clock::now() + step.delay;
        return;
      case Step::Kind::reset:
        stream.responder.reset();
        nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_INTERNAL_ERROR);
        return;
      case Step::Kind::done:
      case Step::Kind::close:
        stream.responder.reset();
        break;
    }
  }
  if (!stream.responder) stream.finished = true;
}

/// The head once it is whole; later: that there is more, or the end.
void Http2Session::hand_over(Stream& stream) {
  if (stream.answered) {
    nghttp2_session_resume_data(session_.get(), stream.id);
    return;
  }
  const std::string_view bytes = stream.output.front();
  if (bytes.empty() && !stream.finished) return;
  if (bytes.starts_with("HTTP/1.1 ")) {
    stream.answered = submit_head(stream);
    return;
  }
  last_bytes_ = bytes;  // what is not HTTP at all is for the connection
  over_ = true;
}

bool Http2Session::submit_head(Stream& stream) {
  const std::string_view bytes = stream.output.front();
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return false;
  std::string head(bytes.substr(0, end + 2));
  stream.output.consume(end + 4);
  std::vector<nghttp2_nv> fields = {field_of(":status", std::string_view(head).substr(9, 3))};
  for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
    const std::size_t colon = head.find(": ", at), line_end = head.find("\r\n", at);
    std::transform(head.begin() + static_cast<std::ptrdiff_t>(at),
                   head.begin() + static_cast<std::ptrdiff_t>(colon),
                   head.begin() + static_cast<std::ptrdiff_t>(at),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    const std::string_view name = std::string_view(head).substr(at, colon - at);
    if (name != "connection" && name != "upgrade") {
      fields.push_back(field_of(name, std::string_view(head).substr(colon + 2, line_end - colon - 2)));
    }
    at = line_end + 2;
  }
  const bool without_body = stream.finished && stream.output.empty() && !stream.grpc;
  nghttp2_data_provider body{{}, on_read};
  nghttp2_submit_response(session_.get(), stream.id, fields.data(), fields.size(),
                          without_body ? nullptr : &body);
  return true;
}

std::size_t Http2Session::take(Stream& stream, std::uint8_t* buffer, std::size_t size) {
  std::size_t taken = 0;
  while (taken < size) {
    if (stream.output.empty()) produce(stream);
    const std::string_view bytes = stream.output.front().substr(0, size - taken);
    if (bytes.empty()) break;
    std::copy(bytes.begin(), bytes.end(), buffer + taken);
    stream.output.consume(bytes.size());
    taken += bytes.size();
  }
  give_window_back(stream);
  return taken;
}

ssize_t Http2Session::on_read(nghttp2_session* session, std::int32_t id, std::uint8_t* buffer,
                              std::size_t size, std::uint32_t* flags, nghttp2_data_source*, void* self) {
  auto& own = *static_cast<Http2Session*>(self);
  Stream* const stream = own.find(id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  const std::size_t taken = own.take(*stream, buffer, size);
  if (stream->finished && stream->output.empty()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream->grpc) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const nghttp2_nv status = field_of("grpc-status", "0");
      nghttp2_submit_trailer(session, id, &status, 1);
    }
  } else if (taken == 0) {
    return NGHTTP2_ERR_DEFERRED;
  }
  return static_cast<ssize_t>(taken);
}

}  // namespace weir::origin
