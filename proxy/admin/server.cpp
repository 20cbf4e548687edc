#include "admin/server.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstring>
#include <exception>
#include <list>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "admin/answer.hpp"
#include "admin/event_stream.hpp"
#include "admin/event_text.hpp"
#include "admin/live_streams.hpp"
#include "admin/rules.hpp"
#include "admin/token_guard.hpp"
#include "observe/line_throttle.hpp"
#include "observe/log.hpp"

namespace weir::control {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using beast::error_code;

struct AdminServer::State {
  State(asio::io_context& context, SocketAddress where, AdminOptions options, AdminBackend& asked)
      : io(context),
        address(where),
        rules(std::move(options.rules)),
        backend(&asked),
        accept_failed(std::move(options.accept_failed)),
        acceptor(context),
        events(context, options.event_heartbeat, [this] { live.wake(); }),
        live(context, asked) {}

  asio::io_context& io;
  const SocketAddress address;
  AdminRules rules;
  AdminBackend* backend;  // nullptr: closed
  std::function<void()> accept_failed;
  tcp::acceptor acceptor;
  std::set<beast::tcp_stream*> streams;
  std::list<beast::tcp_stream*> idle;  // of these: between requests, or before the first one; longest first
  EventStreams events;
  LiveStreams live;
  TokenGuard tokens;
};

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
using Parser = http::request_parser<http::string_body>;

/// One client: its stream is known to the server as long as it lives.
template <class State>
struct Connection {
  Connection(std::shared_ptr<State> owner, tcp::socket socket)
      : server(std::move(owner)), stream(std::move(socket)) {
    server->streams.insert(&stream);
  }
  ~Connection() { server->streams.erase(&stream); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  std::shared_ptr<State> server;
  beast::tcp_stream stream;
  beast::flat_buffer buffer{AdminLimits::header_bytes_max + AdminLimits::body_bytes_max};
};

/// While it lives, its connection may be closed for another one.
template <class State>
class Idle {
 public:
  Idle(State& server, beast::tcp_stream& stream) : server_(server), stream_(stream) {
    server_.idle.push_back(&stream_);
  }
  ~Idle() { std::erase(server_.idle, &stream_); }
  Idle(const Idle&) = delete;
  Idle& operator=(const Idle&) = delete;

 private:
  State& server_;
  beast::tcp_stream& stream_;
};

/// A probe of the process must get through however many clients keep connections that they do not use. False: there is
/// no room.
template <class State>
bool make_room(State& server) {
  if (server.streams.size() < AdminLimits::connections_max) return true;
  if (server.idle.empty()) return false;
  server.idle.front()->close();
  server.idle.pop_front();
  return true;
}

void log_failure(const std::exception_ptr& failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    static observe::LineThrottle throttle;  // any client of the address can cause this; control thread only
    if (throttle.admit(Clock::now())) observe::log(config::LogLevel::error, "admin: {}", error.what());
  }
}

std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}

SocketAddress address_of(const tcp::endpoint& endpoint) {
  sockaddr_storage storage{};
  std::memcpy(&storage, endpoint.data(), endpoint.size());
  return SocketAddress::from_sockaddr(storage);
}

/// Unspecified where the client is gone already.
IpAddress peer_of(beast::tcp_stream& stream) {
  error_code ec;
  const tcp::endpoint remote = stream.socket().remote_endpoint(ec);
  return ec ? IpAddress{} : address_of(remote).ip;
}

AdminRequest facts_of(const Parser& parser) {
  const auto& request = parser.get();
  AdminRequest facts;
  facts.method = view(request.method_string());
  facts.target = view(request.target());
  facts.host = view(request[http::field::host]);
  facts.host_count = request.count(http::field::host);
  facts.authorization = view(request[http::field::authorization]);
  facts.origin = view(request[http::field::origin]);
  facts.fetch_site = view(request["Sec-Fetch-Site"]);
  facts.content_type = view(request[http::field::content_type]);
  facts.transfer_encoding = request.count(http::field::transfer_encoding) != 0;
  facts.http_1_0 = request.version() < 11;
  return facts;
}

/// What a request that could not be read is answered with; 0: nothing, the client is gone or too slow.
int status_of(const error_code& ec) {
  if (ec == http::error::end_of_stream || ec == http::error::partial_message) return 0;
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow) return 431;
  if (ec == http::error::body_limit) return 413;
  return ec.category() == make_error_code(http::error::end_of_stream).category() ? 400 : 0;
}

template <class State>
asio::awaitable<error_code> read_request(State& server, beast::tcp_stream& stream, beast::flat_buffer& buffer,
                                         Parser& parser) {
  constexpr std::size_t first_read_bytes = 4096;
  parser.header_limit(static_cast<std::uint32_t>(AdminLimits::header_bytes_max));
  parser.body_limit(AdminLimits::body_bytes_max);
  if (buffer.size() == 0) {
    stream.expires_after(AdminLimits::idle_timeout);
    const auto space = buffer.prepare(first_read_bytes);
    const Idle<State> idle(server, stream);
    const auto [ec, bytes] = co_await stream.async_read_some(space, as_result);
    if (ec) co_return ec;
    buffer.commit(bytes);
  }
  stream.expires_after(AdminLimits::request_timeout);
  const auto [ec, bytes] = co_await http::async_read(stream, buffer, parser, as_result);
  co_return ec;
}

asio::awaitable<bool> write_response(beast::tcp_stream& stream, AdminResponse response, ResponseForm form) {
  form.now = std::chrono::system_clock::now();
  const std::string bytes = render(response, form);
  stream.expires_after(AdminLimits::response_timeout);
  const auto buffer = asio::buffer(bytes);
  const auto [ec, written] = co_await asio::async_write(stream, buffer, as_result);
  co_return !ec;
}

/// Closes so that the last response arrives: a reset on unread bytes would overtake it.
asio::awaitable<void> linger(beast::tcp_stream& stream) {
  error_code ignored;
  stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream.expires_after(AdminLimits::linger_timeout);
  std::array<char, 4096> scratch;
  std::size_t thrown_away = 0;
  while (thrown_away < AdminLimits::linger_bytes_max) {
    const auto space = asio::buffer(scratch);
    const auto [ec, bytes] = co_await stream.async_read_some(space, as_result);
    if (ec) break;
    thrown_away += bytes;
  }
}

/// What a request for a stream gets when there can be none.
AdminResponse no_stream(std::string_view kind, bool is_ending, std::string_view instead) {
  const std::string rest(instead);
  if (is_ending) return problem(503, "shutting down: no stream starts now; " + rest);
  return problem(503, "as many " + std::string(kind) + "s as there may be are open; " + rest);
}

using Verdict = std::variant<AdminAction, AdminResponse>;

/// admit(), where the address may try a token.
template <class State>
Verdict admit_client(State& server, const AdminRequest& request, const IpAddress& peer) {
  const TimePoint now = Clock::now();
  const bool has_token = !request.authorization.empty();
  if (has_token && server.tokens.is_blocked(peer, now)) {
    AdminResponse refused = problem(429, "too many wrong tokens from this address; try again in a second");
    refused.fields.emplace_back("Retry-After", "1");
    return refused;
  }
  Verdict verdict = admit(request, server.rules);
  const auto* const refused = std::get_if<AdminResponse>(&verdict);
  const bool is_wrong = refused != nullptr && refused->status == 401 && has_token &&
                        !is_known_token(request.authorization, server.rules);
  if (is_wrong && server.tokens.count_wrong(peer, now)) {
    static observe::LineThrottle throttle;  // control thread only
    if (throttle.admit(now)) {
      observe::log(config::LogLevel::warn,
                   "admin: {} wrong tokens in a second from {}: refused until it is over",
                   TokenGuard::wrong_max, peer.to_string());
    }
  }
  return verdict;
}

/// Serves the stream that a request asks for: then its connection is over, and there is no response. A refusal
/// otherwise, or nothing where it asks for none.
template <class State>
asio::awaitable<bool> serve_stream(std::shared_ptr<State> server, beast::tcp_stream& stream,
                                   const Parser& parser, AdminAction action,
                                   std::optional<AdminResponse>& refusal) {
  const auto& request = parser.get();
  const std::string_view target = view(request.target()), last_id = view(request["Last-Event-ID"]);
  const bool chunked = request.version() >= 11;
  if (request.method() != http::verb::get) co_return false;
  if (action == AdminAction::events) {
    const EventsAsked asked = events_asked(target, view(request[http::field::accept]), last_id);
    if (asked.json) co_return false;
    if (server->events.may_start()) {
      auto streaming = server->events.serve(stream, asked.after, chunked);
      co_await std::move(streaming);
      co_return true;
    }
    refusal = no_stream("event stream", server->events.ending(), "format=json still answers");
  }
  if (action == AdminAction::stream) {
    auto asked = stream_asked(target, last_id);
    if (!asked) {
      refusal = problem(400, "interval: a duration from 1s to 60s is needed");
    } else if (server->live.may_start()) {
      auto streaming = server->live.serve(stream, std::move(*asked), chunked);
      co_await std::move(streaming);
      co_return true;
    } else {
      refusal =
          no_stream("stream", server->live.is_ending(), "/api/v1/status and /api/v1/upstreams still answer");
    }
  }
  co_return false;
}

/// One connection, request after request, until either side has enough.
template <class State>
asio::awaitable<void> serve(std::shared_ptr<State> server, tcp::socket socket) {
  Connection<State> connection(server, std::move(socket));
  beast::tcp_stream& stream = connection.stream;
  for (bool keep_alive = true; keep_alive;) {
    Parser parser;
    auto reading = read_request(*server, stream, connection.buffer, parser);
    const error_code ec = co_await std::move(reading);
    if (server->backend == nullptr) co_return;
    const int refusal = ec ? status_of(ec) : 0;
    if (ec && refusal == 0) co_return;
    keep_alive = !ec && parser.keep_alive();
    AdminResponse response;
    if (ec) {
      response = problem(refusal, "the request could not be read: " + ec.message());
    } else {
      const IpAddress peer = peer_of(stream);
      Verdict verdict = admit_client(*server, facts_of(parser), peer);
      if (const auto* action = std::get_if<AdminAction>(&verdict)) {
        std::optional<AdminResponse> no_stream_now;
        auto streaming = serve_stream(server, stream, parser, *action, no_stream_now);
        if (co_await std::move(streaming)) break;
        if (no_stream_now) {
          response = std::move(*no_stream_now);
        } else {
          const AdminDetails details{view(parser.get().target()), parser.get().body(), peer.to_string(),
                                     view(parser.get()["Last-Event-ID"])};
          auto answering = answer(server->io, *server->backend, *action, details);
          response = co_await std::move(answering);
        }
      } else {
        response = std::move(std::get<AdminResponse>(verdict));
      }
    }
    if (server->backend == nullptr) co_return;
    ResponseForm form;
    form.head = !ec && parser.get().method() == http::verb::head;
    form.keep_alive = keep_alive;
    auto writing = write_response(stream, std::move(response), form);
    if (!co_await std::move(writing)) co_return;
  }
  auto lingering = linger(stream);
  co_await std::move(lingering);
}

template <class State>
asio::awaitable<void> accept_clients(std::shared_ptr<State> server) {
  asio::steady_timer pause(server->io);
  while (server->acceptor.is_open()) {
    auto [ec, socket] = co_await server->acceptor.async_accept(as_result);
    if (!server->acceptor.is_open()) co_return;
    if (ec) {
      if (server->accept_failed) server->accept_failed();
      pause.expires_after(AdminLimits::accept_pause);
      co_await pause.async_wait(as_result);
      continue;
    }
    if (!make_room(*server)) continue;  // closed by its destructor
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    try {
      asio::co_spawn(server->io, serve(server, std::move(socket)), log_failure);
    } catch (...) {
      log_failure(std::current_exception());
    }
  }
}

}  // namespace

AdminServer::AdminServer(asio::io_context& io, SocketAddress address, AdminOptions options,
                         AdminBackend& backend)
    : state_(std::make_shared<State>(io, address, std::move(options), backend)) {}

AdminServer::~AdminServer() {
  close();
}

Result<SocketAddress> AdminServer::start() {
  sockaddr_storage storage{};
  const socklen_t length = state_->address.to_sockaddr(storage);
  tcp::endpoint wanted;
  wanted.resize(length);
  std::memcpy(wanted.data(), &storage, length);
  tcp::acceptor& acceptor = state_->acceptor;
  error_code ec;
  acceptor.open(wanted.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor.bind(wanted, ec);
  if (!ec) acceptor.listen(tcp::acceptor::max_listen_connections, ec);
  const tcp::endpoint bound = ec ? wanted : acceptor.local_endpoint(ec);
  if (ec) {
    error_code ignored;
    acceptor.close(ignored);
    return self_error(ErrorKind::internal,
                      "cannot listen on admin address " + state_->address.to_string() + ": " + ec.message());
  }
  asio::co_spawn(state_->io, accept_clients(state_), log_failure);
  state_->live.start();
  SocketAddress result = state_->address;
  result.port = bound.port();
  return result;
}

void AdminServer::set_rules(AdminRules rules) {
  const AdminRules before = std::exchange(state_->rules, std::move(rules));
  const AdminRules& now = state_->rules;
  if (before.token == now.token && before.read_token == now.read_token) return;
  state_->events.end_open();
  state_->live.end_open();
}

std::size_t AdminServer::connections() const {
  return state_->streams.size();
}

std::size_t AdminServer::idle_connections() const {
  return state_->idle.size();
}

std::size_t AdminServer::event_streams() const {
  return state_->events.size();
}

std::size_t AdminServer::live_streams() const {
  return state_->live.size();
}

void AdminServer::end_event_streams() {
  state_->events.end();
  state_->live.end();
}

void AdminServer::close() {
  state_->backend = nullptr;
  state_->live.stop();
  error_code ignored;
  state_->acceptor.close(ignored);
  for (beast::tcp_stream* stream : state_->streams) stream->close();
}

}  // namespace weir::control
