#include "support/http2_endpoint.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cstdlib>
#include <utility>

#include "support/http2_endpoint_state.hpp"

namespace weir::testing {
namespace {

using State = Http2EndpointState;
using Item = State::Item;

void accept_all(const std::shared_ptr<State>& state, const UniqueFd& listener) {
  for (;;) {
    pollfd watched[2] = {{listener.get(), POLLIN, 0}, {state->stop_event.get(), POLLIN, 0}};
    if (::poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0) return;
    UniqueFd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket) continue;
    const std::lock_guard lock(state->mutex);
    const std::size_t index = state->links.size();
    state->links.emplace_back().wake = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    state->changed.notify_all();
    state->threads.emplace_back([state, index, s = std::move(socket)]() mutable {
      std::unique_lock starting(state->mutex);
      Http2EndpointConnection connection(state, index);
      starting.unlock();
      connection.run(std::move(s));
    });
  }
}

/// Throws TestFailure when there is no such connection yet.
State::Link& link_at(State& state, std::size_t connection) {
  if (connection < state.links.size()) return state.links[connection];
  throw TestFailure("the HTTP/2 endpoint saw only " + std::to_string(state.links.size()) + " connections");
}

State::Entry& entry_at(State& state, std::size_t request) {
  if (request < state.entries.size()) return state.entries[request];
  throw TestFailure("the HTTP/2 endpoint saw only " + std::to_string(state.entries.size()) + " requests");
}

void end_link(State& state, State::Link& link, State::Link::Wanted how) {
  link.wanted = how;
  state.wake(link);
}

void send_goaway(State& state, State::Link& link, std::uint32_t last_stream, std::uint32_t code) {
  link.goaway_last = last_stream;
  state.append(link, h2::goaway_frame(last_stream, code));
}

}  // namespace

Http2EndpointRequest Http2EndpointStream::request() const {
  const std::lock_guard lock(state_->mutex);
  return entry_at(*state_, request_).request;
}

std::size_t Http2EndpointStream::unsent() const {
  const std::lock_guard lock(state_->mutex);
  std::size_t bytes = 0;
  for (const Item& item : entry_at(*state_, request_).to_send) bytes += item.bytes.size();
  return bytes;
}

void Http2EndpointStream::head(const h2::FieldLines& fields, bool end_stream) const {
  const std::lock_guard lock(state_->mutex);
  state_->push(request_, {Item::Kind::block, h2::hpack_block(fields), end_stream});
}

void Http2EndpointStream::head(int status, const h2::FieldLines& fields, bool end_stream) const {
  h2::FieldLines lines = {{":status", std::to_string(status)}};
  lines.insert(lines.end(), fields.begin(), fields.end());
  head(lines, end_stream);
}

void Http2EndpointStream::data(std::string bytes, bool end_stream) const {
  const std::lock_guard lock(state_->mutex);
  state_->push(request_, {Item::Kind::data, std::move(bytes), end_stream});
}

void Http2EndpointStream::trailers(const h2::FieldLines& fields) const {
  head(fields, true);
}

void Http2EndpointStream::answer(int status, const std::string& body, const h2::FieldLines& fields) const {
  h2::FieldLines lines = {{"content-length", std::to_string(body.size())}};
  lines.insert(lines.end(), fields.begin(), fields.end());
  const bool without_body = body.empty() || request().method == "HEAD";
  head(status, lines, without_body);
  if (!without_body) data(body, true);
}

void Http2EndpointStream::reset(std::uint32_t code) const {
  const std::lock_guard lock(state_->mutex);
  State::Entry& entry = entry_at(*state_, request_);
  if (entry.sent_end) {  // behind a whole answer, too
    if (!entry.over) state_->append(state_->link_of(entry), h2::rst_stream_frame(entry.request.stream, code));
    entry.sent_reset = true;
    return state_->note_over(entry);
  }
  state_->push(request_, {Item::Kind::reset, {}, false, code});
}

void Http2EndpointStream::window_update(std::uint32_t bytes) const {
  const std::lock_guard lock(state_->mutex);
  State::Entry& entry = entry_at(*state_, request_);
  entry.receive_window_used -= bytes;
  state_->append(state_->link_of(entry), h2::window_update_frame(entry.request.stream, bytes));
}

void Http2EndpointStream::raw(std::string frames) const {
  const std::lock_guard lock(state_->mutex);
  state_->push(request_, {Item::Kind::raw, std::move(frames), false});
}

void Http2EndpointStream::goaway(std::uint32_t last_stream, std::uint32_t code) const {
  const std::lock_guard lock(state_->mutex);
  send_goaway(*state_, state_->link_of(entry_at(*state_, request_)), last_stream, code);
}

void Http2EndpointStream::close_connection() const {
  const std::lock_guard lock(state_->mutex);
  end_link(*state_, state_->link_of(entry_at(*state_, request_)), State::Link::Wanted::close);
}

void Http2EndpointStream::reset_connection() const {
  const std::lock_guard lock(state_->mutex);
  end_link(*state_, state_->link_of(entry_at(*state_, request_)), State::Link::Wanted::reset);
}

Http2Endpoint::Http2Endpoint(Http2Script script, Http2EndpointOptions options)
    : ip_(options.ip), port_(options.port) {
  state_ = std::make_shared<State>(std::move(script), std::move(options));
  const Http2EndpointOptions& own = state_->options;
  if (own.tls) {
    TlsServerOptions tls = own.tls_options;
    if (tls.alpn.empty()) tls.alpn = {"h2"};
    state_->tls = make_server_context(tls);
  }
  UniqueFd listener = listen_tcp(port_, 512, ip_.c_str());
  if (own.receive_buffer_bytes > 0) {
    ::setsockopt(listener.get(), SOL_SOCKET, SO_RCVBUF, &own.receive_buffer_bytes, sizeof(int));
  }
  state_->acceptor = std::thread([state = state_, l = std::move(listener)] { accept_all(state, l); });
}

Http2Endpoint::~Http2Endpoint() {
  stop();
}

void Http2Endpoint::behave(Http2Script script) {
  const std::lock_guard lock(state_->mutex);
  state_->script = std::move(script);
}

void Http2Endpoint::stop() {
  if (!state_->acceptor.joinable()) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    for (const State::Link& link : state_->links) {
      if (link.stream != nullptr && link.stream->is_open()) link.stream->interrupt();
    }
    const std::uint64_t one = 1;
    if (::write(state_->stop_event.get(), &one, sizeof(one)) < 0) std::abort();
  }
  state_->acceptor.join();
  for (std::thread& thread : state_->threads) thread.join();
}

void Http2Endpoint::freeze(bool on) {
  const std::lock_guard lock(state_->mutex);
  state_->frozen = on;
  for (const State::Link& link : state_->links) state_->wake(link);
}

void Http2Endpoint::send(std::size_t connection, std::string bytes) {
  const std::lock_guard lock(state_->mutex);
  state_->append(link_at(*state_, connection), bytes);
}

void Http2Endpoint::goaway(std::size_t connection, std::uint32_t last_stream, std::uint32_t code) {
  const std::lock_guard lock(state_->mutex);
  send_goaway(*state_, link_at(*state_, connection), last_stream, code);
}

void Http2Endpoint::settings(std::size_t connection, const h2::SettingLines& lines) {
  const std::lock_guard lock(state_->mutex);
  State::Link& link = link_at(*state_, connection);
  link.own_settings.push_back(lines);
  state_->append(link, h2::settings_frame(lines));
}

void Http2Endpoint::window_update(std::size_t connection, std::uint32_t bytes) {
  const std::lock_guard lock(state_->mutex);
  State::Link& link = link_at(*state_, connection);
  link.receive_window += bytes;
  state_->append(link, h2::window_update_frame(0, bytes));
}

void Http2Endpoint::close(std::size_t connection) {
  const std::lock_guard lock(state_->mutex);
  end_link(*state_, link_at(*state_, connection), State::Link::Wanted::close);
}

void Http2Endpoint::reset(std::size_t connection) {
  const std::lock_guard lock(state_->mutex);
  end_link(*state_, link_at(*state_, connection), State::Link::Wanted::reset);
}

std::size_t Http2Endpoint::connection_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->links.size();
}

std::size_t Http2Endpoint::open_count() const {
  const std::lock_guard lock(state_->mutex);
  std::size_t count = 0;
  for (const State::Link& link : state_->links) count += link.open ? 1 : 0;
  return count;
}

std::size_t Http2Endpoint::request_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->entries.size();
}

std::vector<Http2EndpointRequest> Http2Endpoint::requests() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<Http2EndpointRequest> requests;
  for (const State::Entry& entry : state_->entries) requests.push_back(entry.request);
  return requests;
}

Http2EndpointRequest Http2Endpoint::request(std::size_t index) const {
  return stream(index).request();
}

std::vector<Request> Http2Endpoint::http1_requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->http1_requests;
}

std::size_t Http2Endpoint::requests_on(std::size_t connection) const {
  const std::lock_guard lock(state_->mutex);
  return link_at(*state_, connection).requests;
}

std::size_t Http2Endpoint::streams_on(std::size_t connection) const {
  const std::lock_guard lock(state_->mutex);
  return link_at(*state_, connection).active;
}

std::size_t Http2Endpoint::most_streams_on(std::size_t connection) const {
  const std::lock_guard lock(state_->mutex);
  return link_at(*state_, connection).most_active;
}

std::optional<std::uint32_t> Http2Endpoint::setting(std::size_t connection, std::uint16_t id) const {
  const std::lock_guard lock(state_->mutex);
  return State::setting(link_at(*state_, connection), id);
}

std::size_t Http2Endpoint::unacknowledged(std::size_t connection) const {
  const std::lock_guard lock(state_->mutex);
  return link_at(*state_, connection).own_settings.size();
}

std::size_t Http2Endpoint::ping_count(std::size_t connection) const {
  const std::lock_guard lock(state_->mutex);
  return link_at(*state_, connection).pings;
}

std::optional<std::uint32_t> Http2Endpoint::goaway_code(std::size_t connection) const {
  const std::lock_guard lock(state_->mutex);
  return link_at(*state_, connection).goaway_code;
}

std::int64_t Http2Endpoint::receive_window(std::size_t connection) const {
  const std::lock_guard lock(state_->mutex);
  return link_at(*state_, connection).receive_window;
}

std::int64_t Http2Endpoint::send_window(std::size_t connection) const {
  const std::lock_guard lock(state_->mutex);
  return link_at(*state_, connection).send_window;
}

std::string Http2Endpoint::transcript(std::size_t connection) const {
  const std::lock_guard lock(state_->mutex);
  std::string text = "frames that came on connection " + std::to_string(connection) + ":";
  for (const Http2Frame& frame : link_at(*state_, connection).frames) {
    text += "\n  " + h2::describe_frame(frame.type, frame.flags, frame.stream, frame.payload, frame.length);
  }
  return text;
}

void Http2Endpoint::wait_for_connections(std::size_t count, const Deadline& deadline) const {
  state_->wait(std::to_string(count) + " connections", deadline,
               [&] { return state_->links.size() >= count; });
}

void Http2Endpoint::wait_for_requests(std::size_t count, const Deadline& deadline) const {
  state_->wait(std::to_string(count) + " requests", deadline,
               [&] { return state_->entries.size() >= count; });
}

Http2EndpointRequest Http2Endpoint::wait_for_body(std::size_t request, std::size_t bytes,
                                                  const Deadline& deadline) const {
  state_->wait(std::to_string(bytes) + " bytes of request " + std::to_string(request), deadline, [&] {
    return request < state_->entries.size() && state_->entries[request].request.body.size() >= bytes;
  });
  return this->request(request);
}

Http2EndpointRequest Http2Endpoint::wait_for_end(std::size_t request, const Deadline& deadline) const {
  state_->wait("the end of request " + std::to_string(request), deadline, [&] {
    if (request >= state_->entries.size()) return false;
    const Http2EndpointRequest& seen = state_->entries[request].request;
    return seen.complete || seen.reset;
  });
  return this->request(request);
}

std::uint32_t Http2Endpoint::wait_for_reset(std::size_t request, const Deadline& deadline) const {
  state_->wait("RST_STREAM of request " + std::to_string(request), deadline,
               [&] { return request < state_->entries.size() && state_->entries[request].request.reset; });
  return this->request(request).reset.value_or(h2::no_error);
}

StreamEvent Http2Endpoint::wait_for_close(std::size_t connection, const Deadline& deadline) const {
  state_->wait("the end of connection " + std::to_string(connection), deadline,
               [&] { return connection < state_->links.size() && state_->links[connection].end; });
  const std::lock_guard lock(state_->mutex);
  return link_at(*state_, connection).end.value_or(StreamEvent::end);
}

void Http2Endpoint::wait_for_pings(std::size_t connection, std::size_t count,
                                   const Deadline& deadline) const {
  state_->wait(std::to_string(count) + " PINGs", deadline,
               [&] { return connection < state_->links.size() && state_->links[connection].pings >= count; });
}

}  // namespace weir::testing
