#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "support/http2_endpoint_state.hpp"

namespace weir::testing {
namespace {

constexpr std::chrono::milliseconds patience{60'000};  // the endpoint's end comes first, normally

bool over(StreamEvent event) {
  return event == StreamEvent::end || event == StreamEvent::reset;
}

/// `take`s the value of a pseudo field out of the front of `fields`; false: it came twice, late or is unknown.
bool take_pseudo_fields(Fields& fields, Http2EndpointRequest& request) {
  const std::pair<std::string_view, std::string*> known[] = {{":method", &request.method},
                                                             {":scheme", &request.scheme},
                                                             {":authority", &request.authority},
                                                             {":path", &request.path},
                                                             {":protocol", &request.protocol}};
  std::size_t count = 0;
  for (; count < fields.all.size() && fields.all[count].first.starts_with(':'); ++count) {
    const auto& [name, value] = fields.all[count];
    const auto* const found =
        std::ranges::find_if(known, [&](const auto& each) { return each.first == name; });
    if (found == std::end(known) || !found->second->empty()) return false;
    *found->second = value;
  }
  fields.all.erase(fields.all.begin(), fields.all.begin() + static_cast<std::ptrdiff_t>(count));
  return true;
}

}  // namespace

Http2EndpointConnection::Http2EndpointConnection(std::shared_ptr<Http2EndpointState> state, std::size_t index)
    : state_(std::move(state)), index_(index), link_(state_->links[index]) {}

void Http2EndpointConnection::run(UniqueFd socket) {
  StreamEvent how = StreamEvent::reset;
  try {
    if (shake_hands(std::move(socket))) {
      const unsigned char* protocol = nullptr;
      unsigned int size = 0;
      if (stream_.ssl() != nullptr) SSL_get0_alpn_selected(stream_.ssl(), &protocol, &size);
      const bool http2 = stream_.ssl() == nullptr || (size == 2 && protocol[0] == 'h' && protocol[1] == '2');
      http2 ? serve_http2() : serve_http1();
      how = StreamEvent::end;
    }
  } catch (const TestFailure& failure) {
    if (state_->options.strict) ADD_FAILURE() << failure.what();
  }
  leave(how);
}

void Http2EndpointConnection::leave(StreamEvent event) {
  const std::lock_guard lock(state_->mutex);
  stream_.close();
  link_.stream = nullptr;
  link_.open = false;
  if (!link_.end) link_.end = event;
  state_->changed.notify_all();
}

/// False: the peer did not go through with it, which is its own affair.
bool Http2EndpointConnection::shake_hands(UniqueFd socket) {
  stream_ = ByteStream(std::move(socket));
  {
    const std::lock_guard lock(state_->mutex);
    link_.stream = &stream_;
    if (state_->stopping) return false;
  }
  if (!state_->tls) return true;
  const Deadline deadline(patience);
  while (state_->options.handshake && !state_->options.handshake->wait(Deadline(20ms))) {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping || deadline.has_passed()) return false;
  }
  try {
    stream_.start_tls(make_server_ssl(state_->tls), Deadline());
  } catch (const TestFailure&) {
    return false;
  }
  // What could not be written is written again from another buffer.
  SSL_set_mode(stream_.ssl(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return true;
}

void Http2EndpointConnection::serve_http1() {
  MessageReader reader(stream_);
  while (const std::optional<Request> request = reader.read_request(Deadline(patience))) {
    std::unique_lock lock(state_->mutex);
    state_->http1_requests.push_back(*request);
    state_->changed.notify_all();
    lock.unlock();
    const std::string answer = state_->options.http1 ? state_->options.http1(*request) : "";
    if (answer.empty() || !stream_.write_all(answer, Deadline(patience))) return;
    if (!answer.starts_with("HTTP/1.1 101")) continue;
    std::string bytes = std::exchange(reader.buffer(), "");
    do {
      if (!stream_.write_all(bytes, Deadline(patience))) return;
      bytes.clear();
    } while (stream_.read_some(bytes, Deadline(patience)) == StreamEvent::data);
    return;
  }
}

void Http2EndpointConnection::serve_http2() {
  greet();
  while (turn()) {
  }
}

void Http2EndpointConnection::greet() {
  const Http2EndpointOptions& options = state_->options;
  const std::lock_guard lock(state_->mutex);
  if (options.greeting) return state_->append(link_, *options.greeting);
  link_.own_settings.push_back(options.settings);
  state_->append(link_, h2::settings_frame(options.settings));
  if (options.connection_window == 0) return;
  state_->append(link_, h2::window_update_frame(0, options.connection_window));
  link_.receive_window += options.connection_window;
}

/// False: the connection is over.
bool Http2EndpointConnection::turn() {
  if (!wait()) return false;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) return false;
    if (state_->frozen) return true;
  }
  flush();
  if (to_send_.empty() && close_as_wanted()) return false;
  const StreamEvent event = receive();
  dispatch(std::exchange(events_, {}));
  if (!over(event)) return true;
  const std::lock_guard lock(state_->mutex);
  link_.end = event;
  return false;
}

/// Until there is something to do, or the endpoint stops.
bool Http2EndpointConnection::wait() {
  std::unique_lock lock(state_->mutex);
  const bool frozen = state_->frozen;
  const bool sending = !to_send_.empty();
  if (!frozen && !link_.out.empty()) return true;
  lock.unlock();
  const auto events = static_cast<short>(frozen ? 0 : sending ? POLLIN | POLLOUT : POLLIN);
  pollfd watched[3] = {{link_.wake.get(), POLLIN, 0},
                       {state_->stop_event.get(), POLLIN, 0},
                       {frozen ? -1 : stream_.fd(), events, 0}};
  ::poll(watched, 3, -1);
  if (watched[1].revents != 0) return false;
  std::uint64_t count = 0;
  if (watched[0].revents != 0) (void)!::read(link_.wake.get(), &count, sizeof(count));
  return true;
}

/// Sends what the socket takes.
void Http2EndpointConnection::flush() {
  {
    const std::lock_guard lock(state_->mutex);
    to_send_ += std::exchange(link_.out, {});
  }
  std::string_view rest = to_send_;
  while (!rest.empty()) {
    const std::size_t sent = stream_.write_available(rest);
    rest.remove_prefix(sent);
    if (sent > 0) continue;
    // What the peer sent before it left is still to be read.
    if (!stream_.last_error().empty()) rest = {};
    break;
  }
  to_send_.erase(0, to_send_.size() - rest.size());
}

bool Http2EndpointConnection::close_as_wanted() {
  std::unique_lock lock(state_->mutex);
  if (link_.wanted == Link::Wanted::nothing || !link_.out.empty()) return false;
  const bool in_order = link_.wanted == Link::Wanted::close;
  in_order ? stream_.shutdown_write() : stream_.reset();
  link_.open = false;
  link_.end = in_order ? StreamEvent::end : StreamEvent::reset;
  state_->changed.notify_all();
  if (!in_order) return true;
  lock.unlock();
  // Bytes that are left unread would turn the close into a reset.
  const Deadline deadline;
  std::string unread;
  while (stream_.read_some(unread, deadline) == StreamEvent::data) unread.clear();
  return true;
}

StreamEvent Http2EndpointConnection::receive() {
  StreamEvent event = StreamEvent::data;
  constexpr int rounds_max = 16;  // then what is to be sent has its turn
  for (int round = 0; round < rounds_max && event == StreamEvent::data; ++round) {
    event = stream_.read_some(received_, Deadline(0ms));
  }
  const std::lock_guard lock(state_->mutex);
  if (event == StreamEvent::data) state_->wake(link_);  // OpenSSL may hold bytes that poll does not see
  take_all();
  return event;
}

void Http2EndpointConnection::dispatch(std::vector<Event> events) {
  for (const Event& event : events) {
    const Http2EndpointStream stream(state_, event.request);
    std::unique_lock lock(state_->mutex);
    const Http2Script script = state_->entries[event.request].script;
    lock.unlock();
    switch (event.kind) {
      case Event::Kind::head:
        if (script.head) script.head(stream);
        break;
      case Event::Kind::data:
        if (script.data) script.data(stream, event.bytes);
        break;
      case Event::Kind::end:
        if (script.end) script.end(stream);
        break;
      case Event::Kind::reset:
        if (script.reset) script.reset(stream, event.code);
        break;
    }
  }
}

void Http2EndpointConnection::take_all() {
  std::size_t taken = 0;
  if (!preface_came_) {
    const std::string_view start = std::string_view(received_).substr(0, h2::preface.size());
    check(h2::preface.starts_with(start), "the preface");
    if (start.size() < h2::preface.size()) return;
    preface_came_ = true;
    taken = start.size();
  }
  while (const std::optional<Http2Frame> frame = h2::frame_at(received_, taken)) {
    taken += h2::frame_head_bytes + frame->length;
    take(*frame);
  }
  received_.erase(0, taken);
  state_->changed.notify_all();
}

void Http2EndpointConnection::take(const Http2Frame& frame) {
  link_.frames.push_back(frame);
  if (frame.type == h2::data) link_.frames.back().payload.clear();
  check(frame.length <= link_.frame_bytes_max, "a frame is too large");
  check(link_.frames.size() > 1 || (frame.type == h2::settings && frame.flags == 0),
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
      if ((frame.flags & h2::ack) != 0) return;
      ++link_.pings;
      if (state_->options.answer) state_->append(link_, h2::ping_frame(frame.payload, true));
      return;
    case h2::goaway:
      check(frame.stream == 0 && frame.length >= 8, "GOAWAY");
      link_.goaway_code = h2::number_at(frame.payload, 4, 4);
      return;
    case h2::window_update:
      return take_window_update(frame);
    default:
      check(frame.type != h2::push_promise, "PUSH_PROMISE");
  }
}

Http2EndpointConnection::Entry* Http2EndpointConnection::find(std::uint32_t stream) {
  const auto found = link_.streams.find(stream);
  return found == link_.streams.end() ? nullptr : &state_->entries[found->second];
}

void Http2EndpointConnection::take_data(const Http2Frame& frame) {
  const auto bytes = static_cast<std::int64_t>(frame.length);
  check(frame.stream != 0 && frame.stream <= newest_stream_, "DATA on an idle stream");
  const std::optional<std::string_view> payload = h2::unpadded(frame);
  check(payload.has_value(), "padding");
  link_.receive_window -= bytes;
  check(link_.receive_window >= 0, "more DATA than the connection's window allows");
  const bool gives = state_->options.keep_windows && bytes > 0;
  if (gives) {
    state_->append(link_, h2::window_update_frame(0, static_cast<std::uint32_t>(bytes)));
    link_.receive_window += bytes;
  }
  Entry* const entry = find(frame.stream);
  if (entry == nullptr || entry->sent_reset)
    return;  // behind a GOAWAY, or sent before the RST_STREAM was read
  Http2EndpointRequest& request = entry->request;
  check(!request.complete && !request.reset, "DATA on a stream that is over");
  entry->receive_window_used += bytes;
  check(bytes == 0 || entry->receive_window_used <= link_.stream_receive_window,
        "more DATA than the stream's window allows");
  request.body += *payload;
  ++request.data_frames;
  const std::size_t index = link_.streams[frame.stream];
  if (!payload->empty()) events_.push_back({Event::Kind::data, index, std::string(*payload)});
  if ((frame.flags & h2::end_stream) != 0) return note_end(index);
  if (!gives) return;
  state_->append(link_, h2::window_update_frame(frame.stream, static_cast<std::uint32_t>(bytes)));
  entry->receive_window_used -= bytes;
}

void Http2EndpointConnection::take_block(const Http2Frame& frame) {
  if (frame.type == h2::headers) {
    check(frame.stream % 2 == 1, "HEADERS on stream " + std::to_string(frame.stream));
    const std::optional<std::string_view> payload = h2::unpadded(frame);
    check(payload.has_value(), "padding or priority");
    block_stream_ = frame.stream;
    block_ends_stream_ = (frame.flags & h2::end_stream) != 0;
    block_ = *payload;
  } else {
    check(block_stream_ != 0, "CONTINUATION without HEADERS");
    block_ += frame.payload;
  }
  if ((frame.flags & h2::end_headers) == 0) return;
  const std::uint32_t stream = std::exchange(block_stream_, 0);
  Fields fields = decoder_.decode(block_);
  if (Entry* const entry = find(stream)) return take_trailers(*entry, std::move(fields), block_ends_stream_);
  check(stream > newest_stream_ || stream > link_.goaway_last, "HEADERS on a stream that is over");
  newest_stream_ = std::max(newest_stream_, stream);
  if (stream <= link_.goaway_last) take_head(stream, std::move(fields), block_ends_stream_);
}

void Http2EndpointConnection::take_head(std::uint32_t stream, Fields fields, bool ended) {
  const std::size_t index = state_->entries.size();
  Entry& entry = state_->entries.emplace_back();
  entry.script = state_->script;
  Http2EndpointRequest& request = entry.request;
  request.connection = index_;
  request.stream = stream;
  link_.streams[stream] = index;
  ++link_.requests;
  link_.most_active = std::max(link_.most_active, ++link_.active);
  check(take_pseudo_fields(fields, request), "pseudo fields");
  request.fields = std::move(fields);
  request.ended_by_head = ended;
  check_head(request);
  check(!link_.streams_max || link_.active <= *link_.streams_max, "more streams than may be open");
  events_.push_back({Event::Kind::head, index, {}});
  if (ended) note_end(index);
}

void Http2EndpointConnection::check_head(const Http2EndpointRequest& request) const {
  const bool plain_connect = request.method == "CONNECT" && request.protocol.empty();
  check(!request.method.empty(), ":method");
  check(request.protocol.empty() || request.method == "CONNECT", ":protocol of " + request.method);
  check(plain_connect || (!request.scheme.empty() && !request.path.empty()), ":scheme and :path");
  const std::string fault = fault_in(request.fields);
  check(fault.empty(), fault);
  for (const std::string& value : request.fields.values("te")) check(value == "trailers", "te: " + value);
  const std::optional<std::string> host = request.fields.find("host");
  check(!host || *host == request.authority, "host and :authority differ");
}

void Http2EndpointConnection::take_trailers(Entry& entry, Fields fields, bool ended) {
  if (entry.sent_reset) return;
  check(!entry.request.complete && !entry.request.reset, "HEADERS on a stream that is over");
  check(ended, "a second head without END_STREAM");
  const std::string fault = fault_in(fields);
  check(fault.empty(), fault);
  entry.request.trailers = std::move(fields);
  note_end(link_.streams[entry.request.stream]);
}

void Http2EndpointConnection::note_end(std::size_t index) {
  Entry& entry = state_->entries[index];
  Http2EndpointRequest& request = entry.request;
  request.complete = true;
  const std::optional<std::string> length = request.fields.find("content-length");
  check(!length || *length == std::to_string(request.body.size()),
        "content-length of " + request.path + ": " + length.value_or(""));
  events_.push_back({Event::Kind::end, index, {}});
  state_->note_over(entry);
}

void Http2EndpointConnection::take_settings(const Http2Frame& frame) {
  check(frame.stream == 0 && frame.length % 6 == 0, "SETTINGS");
  if ((frame.flags & h2::ack) != 0) {
    check(frame.length == 0, "an acknowledgement of SETTINGS with settings");
    if (link_.own_settings.empty()) return;
    for (const auto& [id, value] : link_.own_settings.front()) {
      if (id == h2::initial_window_size) link_.stream_receive_window = value;
      if (id == h2::max_frame_size) link_.frame_bytes_max = value;
      if (id == h2::max_concurrent_streams) link_.streams_max = value;
    }
    link_.own_settings.erase(link_.own_settings.begin());
    return;
  }
  for (std::size_t at = 0; at < frame.length; at += 6) {
    const auto id = static_cast<std::uint16_t>(h2::number_at(frame.payload, at, 2));
    link_.settings[id] = h2::number_at(frame.payload, at + 2, 4);
  }
  if (state_->options.answer) state_->append(link_, h2::frame(h2::settings, h2::ack, 0));
  state_->pump_all(link_);
}

void Http2EndpointConnection::take_reset(const Http2Frame& frame) {
  check(frame.stream != 0 && frame.stream <= newest_stream_ && frame.length == 4, "RST_STREAM");
  Entry* const entry = find(frame.stream);
  if (entry == nullptr) return;
  check(!entry->request.reset, "a second RST_STREAM on stream " + std::to_string(frame.stream));
  entry->request.reset = h2::number_at(frame.payload, 0, 4);
  events_.push_back({Event::Kind::reset, link_.streams[frame.stream], {}, *entry->request.reset});
  state_->note_over(*entry);
  state_->pump(link_.streams[frame.stream]);
}

void Http2EndpointConnection::take_window_update(const Http2Frame& frame) {
  check(frame.length == 4, "WINDOW_UPDATE");
  const std::int64_t bytes = h2::number_at(frame.payload, 0, 4) & 0x7FFF'FFFF;
  check(bytes > 0, "a WINDOW_UPDATE of 0");
  if (frame.stream == 0) {
    link_.send_window += bytes;
    check(link_.send_window <= 0x7FFF'FFFF, "a window that is too large");
    return state_->pump_all(link_);
  }
  check(frame.stream <= newest_stream_, "WINDOW_UPDATE on an idle stream");
  Entry* const entry = find(frame.stream);
  if (entry == nullptr) return;
  entry->send_window_used -= bytes;
  state_->pump(link_.streams[frame.stream]);
}

void Http2EndpointConnection::check(bool good, const std::string& what) const {
  if (good) return;
  std::string text = "the client of an HTTP/2 endpoint broke a rule: " + what + "; frames that came:";
  for (const Http2Frame& frame : link_.frames) {
    text += "\n  " + h2::describe_frame(frame.type, frame.flags, frame.stream, frame.payload, frame.length);
  }
  throw TestFailure(text);
}

}  // namespace weir::testing
