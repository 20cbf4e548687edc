#include "support/scriptable_endpoint.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace weir::testing {

struct EndpointState {
  struct Seen {
    std::string bytes;
    std::optional<StreamEvent> end;  // how the peer ended it
    bool open = true;
    const ByteStream* stream = nullptr;  // while its thread serves it
  };

  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  std::deque<Seen> connections;
  std::vector<Request> requests;
  RequestBehaviour behaviour;
  bool stopping = false;
  UniqueFd stop_event{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::thread acceptor;
  std::vector<std::thread> threads;
  int receive_buffer_bytes = 0;

  void wait(const std::string& what, const Deadline& deadline, const std::function<bool()>& condition) const {
    std::unique_lock lock(mutex);
    if (changed.wait_until(lock, deadline.at(), condition)) return;
    throw TestFailure("the endpoint waited in vain for " + what + "; it saw " +
                      std::to_string(connections.size()) + " connections and " +
                      std::to_string(requests.size()) + " requests");
  }
};

EndpointConnection::EndpointConnection(std::shared_ptr<EndpointState> state, std::size_t index,
                                       ByteStream stream)
    : state_(std::move(state)), index_(index), stream_(std::move(stream)), reader_(stream_) {
  reader_.on_bytes([this](std::string_view bytes) {
    const std::lock_guard lock(state_->mutex);
    state_->connections[index_].bytes.append(bytes);
    state_->changed.notify_all();
  });
  const std::lock_guard lock(state_->mutex);
  state_->connections[index_].stream = &stream_;
  if (state_->stopping) stream_.interrupt();
}

EndpointConnection::~EndpointConnection() {
  close();
  const std::lock_guard lock(state_->mutex);
  state_->connections[index_].stream = nullptr;
}

void EndpointConnection::note_end() {
  const StreamEvent event = reader_.last_event();
  if (event == StreamEvent::data || event == StreamEvent::timeout) return;
  const std::lock_guard lock(state_->mutex);
  state_->connections[index_].end = event;
  state_->changed.notify_all();
}

std::optional<Request> EndpointConnection::read_request_head() {
  if (!is_open()) return std::nullopt;
  const std::optional<std::string> raw = reader_.take_until("\r\n\r\n", Deadline(patience));
  note_end();
  std::optional<Request> request;
  if (raw) request = parse_request_head(*raw);
  if (!request) return std::nullopt;
  const std::lock_guard lock(state_->mutex);
  request_index_ = state_->requests.size();
  state_->requests.push_back(*request);
  state_->changed.notify_all();
  return request;
}

void EndpointConnection::read_body(Request& request) {
  reader_.read_body(request, false, Deadline(patience));
  note_end();
  const std::lock_guard lock(state_->mutex);
  state_->requests[request_index_] = request;
  state_->changed.notify_all();
}

std::optional<Request> EndpointConnection::read_request() {
  std::optional<Request> request = read_request_head();
  if (request) read_body(*request);
  return request && request->complete ? request : std::nullopt;
}

StreamEvent EndpointConnection::read_to_end() {
  reader_.take_to_end(Deadline(patience));
  note_end();
  return reader_.last_event();
}

std::string EndpointConnection::read_some() {
  if (reader_.buffer().empty()) reader_.fill(Deadline(patience));
  note_end();
  std::string taken;
  taken.swap(reader_.buffer());
  return taken;
}

bool EndpointConnection::send(std::string_view bytes) {
  return stream_.write_all(bytes, Deadline(patience));
}

bool EndpointConnection::send_slowly(std::string_view bytes, std::size_t piece_bytes,
                                     std::chrono::milliseconds time) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece_bytes, bytes.size()))) {
    if (!send(bytes.substr(0, piece_bytes)) || !pause(time)) return false;
  }
  return true;
}

bool EndpointConnection::wait(Gate& gate) {
  const Deadline deadline(patience);
  while (!gate.wait(Deadline(20ms))) {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping || deadline.has_passed()) return false;
  }
  return true;
}

bool EndpointConnection::pause(std::chrono::milliseconds time) {
  pollfd stop{state_->stop_event.get(), POLLIN, 0};
  return ::poll(&stop, 1, static_cast<int>(scaled(time).count())) == 0;
}

void EndpointConnection::end_stream(void (ByteStream::*how)()) {
  const std::lock_guard lock(state_->mutex);  // stop() must not interrupt a descriptor that is no longer ours
  (stream_.*how)();
  state_->connections[index_].open = false;
  state_->changed.notify_all();
}

void EndpointConnection::shutdown_write() {
  stream_.shutdown_write();
}
void EndpointConnection::close() {
  end_stream(&ByteStream::close);
}
void EndpointConnection::reset() {
  end_stream(&ByteStream::reset);
}
void EndpointConnection::cut() {
  end_stream(&ByteStream::cut);
}

ScriptableEndpoint::ScriptableEndpoint(RequestBehaviour behaviour, EndpointOptions options)
    : state_(std::make_shared<EndpointState>()) {
  state_->behaviour = std::move(behaviour);
  start(
      [state = state_](EndpointConnection& connection) {
        while (const std::optional<Request> request = connection.read_request()) {
          std::unique_lock lock(state->mutex);
          const RequestBehaviour current = state->behaviour;
          lock.unlock();
          current(connection, *request);
        }
      },
      options);
}

ScriptableEndpoint::ScriptableEndpoint(ConnectionBehaviour behaviour, EndpointOptions options)
    : state_(std::make_shared<EndpointState>()) {
  start(std::move(behaviour), options);
}

ScriptableEndpoint::~ScriptableEndpoint() {
  stop();
}

void ScriptableEndpoint::start(ConnectionBehaviour behaviour, const EndpointOptions& options) {
  ip_ = options.ip;
  port_ = options.port;
  UniqueFd listener = listen_tcp(port_, 512, ip_.c_str());
  if (options.receive_buffer_bytes > 0) {
    ::setsockopt(listener.get(), SOL_SOCKET, SO_RCVBUF, &options.receive_buffer_bytes, sizeof(int));
  }
  if (options.tls) tls_context_ = make_server_context(options.tls_options);
  state_->acceptor = std::thread([this, b = std::move(behaviour), l = std::move(listener)]() mutable {
    accept_loop(std::move(l), std::move(b));
  });
}

void ScriptableEndpoint::accept_loop(UniqueFd listener, ConnectionBehaviour behaviour) {
  for (;;) {
    pollfd watched[2] = {{listener.get(), POLLIN, 0}, {state_->stop_event.get(), POLLIN, 0}};
    if (::poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents) return;
    UniqueFd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket) continue;
    const std::lock_guard lock(state_->mutex);
    const std::size_t index = state_->connections.size();
    state_->connections.emplace_back();
    state_->changed.notify_all();
    state_->threads.emplace_back(
        [this, index, s = std::move(socket), behaviour]() mutable { serve(index, std::move(s), behaviour); });
  }
}

void ScriptableEndpoint::serve(std::size_t index, UniqueFd socket, const ConnectionBehaviour& behaviour) {
  try {
    ByteStream stream(std::move(socket));
    if (tls_context_) stream.start_tls(make_server_ssl(tls_context_), Deadline());
    EndpointConnection connection(state_, index, std::move(stream));
    behaviour(connection);
  } catch (const TestFailure&) {
    // The peer broke the handshake, or took nothing for a minute: the test sees it from its own side.
  }
  const std::lock_guard lock(state_->mutex);
  state_->connections[index].open = false;
  state_->changed.notify_all();
}

void ScriptableEndpoint::behave(RequestBehaviour behaviour) {
  const std::lock_guard lock(state_->mutex);
  state_->behaviour = std::move(behaviour);
}

void ScriptableEndpoint::stop() {
  if (!state_->acceptor.joinable()) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    for (const EndpointState::Seen& seen : state_->connections) {
      if (seen.stream && seen.stream->is_open()) seen.stream->interrupt();
    }
    const std::uint64_t one = 1;
    if (::write(state_->stop_event.get(), &one, sizeof(one)) < 0) std::abort();
  }
  state_->acceptor.join();
  for (std::thread& thread : state_->threads) thread.join();
}

std::size_t ScriptableEndpoint::connection_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->connections.size();
}

std::size_t ScriptableEndpoint::request_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->requests.size();
}

std::vector<Request> ScriptableEndpoint::requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->requests;
}

Request ScriptableEndpoint::request(std::size_t index) const {
  const std::lock_guard lock(state_->mutex);
  if (index < state_->requests.size()) return state_->requests[index];
  throw TestFailure("the endpoint saw only " + std::to_string(state_->requests.size()) + " requests");
}

std::string ScriptableEndpoint::bytes(std::size_t connection) const {
  const std::lock_guard lock(state_->mutex);
  return connection < state_->connections.size() ? state_->connections[connection].bytes : "";
}

std::size_t ScriptableEndpoint::open_count() const {
  const std::lock_guard lock(state_->mutex);
  std::size_t count = 0;
  for (const EndpointState::Seen& seen : state_->connections) {
    if (seen.open && !seen.end) ++count;
  }
  return count;
}

void ScriptableEndpoint::wait_for_connections(std::size_t count, const Deadline& deadline) const {
  state_->wait(std::to_string(count) + " connections", deadline,
               [&] { return state_->connections.size() >= count; });
}

void ScriptableEndpoint::wait_for_requests(std::size_t count, const Deadline& deadline) const {
  state_->wait(std::to_string(count) + " requests", deadline,
               [&] { return state_->requests.size() >= count; });
}

void ScriptableEndpoint::wait_for_bytes(std::size_t connection, std::string_view text,
                                        const Deadline& deadline) const {
  state_->wait("\"" + std::string(text) + "\"", deadline, [&] {
    return connection < state_->connections.size() &&
           state_->connections[connection].bytes.find(text) != std::string::npos;
  });
}

StreamEvent ScriptableEndpoint::wait_for_end(std::size_t connection, const Deadline& deadline) const {
  const auto ended = [&] {
    return connection < state_->connections.size() && state_->connections[connection].end.has_value();
  };
  state_->wait("the end of connection " + std::to_string(connection), deadline, ended);
  const std::lock_guard lock(state_->mutex);
  return *state_->connections[connection].end;
}

}  // namespace weir::testing
