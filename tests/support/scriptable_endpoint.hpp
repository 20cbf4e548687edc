// An endpoint that does what a test says, for every connection or for every request, and remembers the exact
// bytes that it was sent. Listens on 127.0.0.1, plain or TLS; one thread a connection. The test's thread
// scripts it, asks it and waits for it; behaviours run in the connections' threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/byte_stream.hpp"
#include "support/gate.hpp"
#include "support/http_message.hpp"
#include "support/tls_options.hpp"

namespace weir::testing {

struct EndpointState;  // shared by the endpoint and its connections (scriptable_endpoint.cpp)

/// One accepted connection, as its behaviour sees it.
class EndpointConnection {
 public:
  EndpointConnection(std::shared_ptr<EndpointState> state, std::size_t index, ByteStream stream);
  ~EndpointConnection();
  EndpointConnection(const EndpointConnection&) = delete;
  EndpointConnection& operator=(const EndpointConnection&) = delete;

  std::size_t index() const { return index_; }  // 0 for the first connection
  bool is_open() const { return stream_.is_open(); }

  /// Next whole request, counted when its head has come. Nothing: the peer is gone, or the endpoint stops.
  std::optional<Request> read_request();
  /// Only its head; the body stays unread.
  std::optional<Request> read_request_head();
  /// Reads what comes, as it comes, until the peer closes or resets.
  StreamEvent read_to_end();
  /// Body of a request whose head was read.
  void read_body(Request& request);
  /// At least one more byte; "" when the peer is gone.
  std::string read_some();

  /// False: the peer is gone.
  bool send(std::string_view bytes);
  /// `piece_bytes` at a time with a pause after each, until all is sent or the peer is gone.
  bool send_slowly(std::string_view bytes, std::size_t piece_bytes, std::chrono::milliseconds pause);
  /// Waits at the gate; false when the endpoint stops or the deadline passes.
  bool wait(Gate& gate);
  /// Waits without reading; false when the endpoint stops.
  bool pause(std::chrono::milliseconds time);

  void shutdown_write();
  void close();
  void reset();
  void cut();  // under TLS: without close_notify

 private:
  static constexpr std::chrono::milliseconds patience{60'000};  // the endpoint's end comes first, normally

  void note_end();
  void end_stream(void (ByteStream::*how)());

  std::shared_ptr<EndpointState> state_;
  std::size_t index_;
  std::size_t request_index_ = 0;  // of the newest request, in EndpointState::requests
  ByteStream stream_;
  MessageReader reader_;
};

using ConnectionBehaviour = std::function<void(EndpointConnection&)>;
using RequestBehaviour = std::function<void(EndpointConnection&, const Request&)>;

struct EndpointOptions {
  std::uint16_t port = 0;
  std::string ip = "127.0.0.1";  // any of 127.0.0.0/8
  int receive_buffer_bytes = 0;  // 0: the system's choice
  bool tls = false;
  TlsServerOptions tls_options;
};

class ScriptableEndpoint {
 public:
  /// Answers each request by `behaviour`; the connection stays open as long as the behaviour leaves it so.
  explicit ScriptableEndpoint(RequestBehaviour behaviour, EndpointOptions options = {});
  /// Hands each connection to `behaviour`; it is closed when that returns.
  explicit ScriptableEndpoint(ConnectionBehaviour behaviour, EndpointOptions options = {});
  ~ScriptableEndpoint();
  ScriptableEndpoint(const ScriptableEndpoint&) = delete;
  ScriptableEndpoint& operator=(const ScriptableEndpoint&) = delete;

  std::uint16_t port() const { return port_; }
  std::string address() const { return ip_ + ':' + std::to_string(port_); }

  /// From the next request on.
  void behave(RequestBehaviour behaviour);
  /// Refuses new connections and cuts the running ones. A second call does nothing.
  void stop();

  // What was seen so far.
  std::size_t connection_count() const;
  std::size_t request_count() const;
  std::vector<Request> requests() const;  // in the order in which their heads came; body only if it was read
  Request request(std::size_t index) const;  // throws TestFailure when there is none
  std::string bytes(std::size_t connection = 0) const;
  std::size_t open_count() const;

  // Throw TestFailure when the deadline passes.
  void wait_for_connections(std::size_t count, const Deadline& deadline = Deadline()) const;
  void wait_for_requests(std::size_t count, const Deadline& deadline = Deadline()) const;
  void wait_for_bytes(std::size_t connection, std::string_view text,
                      const Deadline& deadline = Deadline()) const;
  /// Until that connection's peer has closed or reset it; returns which.
  StreamEvent wait_for_end(std::size_t connection = 0, const Deadline& deadline = Deadline()) const;

 private:
  void start(ConnectionBehaviour behaviour, const EndpointOptions& options);
  void accept_loop(UniqueFd listener, ConnectionBehaviour behaviour);
  void serve(std::size_t index, UniqueFd socket, const ConnectionBehaviour& behaviour);

  std::shared_ptr<EndpointState> state_;
  SslContext tls_context_;
  std::string ip_;
  std::uint16_t port_ = 0;
};

}  // namespace weir::testing
