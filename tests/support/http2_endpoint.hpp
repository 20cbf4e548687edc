// An HTTP/2 server that does what a test says, stream by stream, and remembers what it was sent. Listens on 127.0.0.1
// with prior knowledge, or under TLS with ALPN. What it must do by itself it does: answers SETTINGS and PING, keeps its
// windows open and sends DATA as the peer's windows allow, unless a test forbids it. What it is sent it checks: a
// frame that breaks RFC 9113 fails the running test and ends the connection. One thread a connection, in which scripts
// run; they may use every call but the waits. All calls from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/byte_stream.hpp"
#include "support/gate.hpp"
#include "support/http2_frames.hpp"
#include "support/http_message.hpp"
#include "support/tls_options.hpp"

namespace weir::testing {

class Http2EndpointState;  // shared by the endpoint, its connections and handles (http2_endpoint_state.hpp)

/// One request, as far as it has come.
struct Http2EndpointRequest {
  std::size_t connection = 0;
  std::uint32_t stream = 0;
  std::string method, scheme, authority, path, protocol;  // pseudo fields; "" where one is absent
  Fields fields;                                          // without them
  Fields trailers;
  std::string body;
  std::size_t data_frames = 0;
  bool ended_by_head = false;  // END_STREAM came with the head
  bool complete = false;       // END_STREAM came
  std::optional<std::uint32_t> reset;
};

/// The sending side of one request's stream; a handle that may be copied. What is said goes out in order: DATA as the
/// windows allow, the rest behind it. On a stream or connection that is over it does nothing.
class Http2EndpointStream {
 public:
  Http2EndpointStream(std::shared_ptr<Http2EndpointState> state, std::size_t request)
      : state_(std::move(state)), request_(request) {}

  std::size_t index() const { return request_; }  // of the request, in the order in which heads came
  Http2EndpointRequest request() const;
  /// Bytes of data() that the peer's windows hold up.
  std::size_t unsent() const;

  /// `fields` with ":status" first; interim heads, too.
  void head(const h2::FieldLines& fields, bool end_stream = false) const;
  void head(int status, const h2::FieldLines& fields = {}, bool end_stream = false) const;
  void data(std::string bytes, bool end_stream = false) const;
  void trailers(const h2::FieldLines& fields) const;
  /// A whole answer with its content-length; without a body END_STREAM is on HEADERS.
  void answer(int status, const std::string& body = "", const h2::FieldLines& fields = {}) const;
  void reset(std::uint32_t code = h2::cancel) const;
  /// Gives the peer room where keep_windows is off.
  void window_update(std::uint32_t bytes) const;
  /// Bytes as they are, behind what was said before.
  void raw(std::string frames) const;
  /// GOAWAY on its connection, at once.
  void goaway(std::uint32_t last_stream, std::uint32_t code = h2::no_error) const;
  void close_connection() const;
  void reset_connection() const;  // RST

 private:
  std::shared_ptr<Http2EndpointState> state_;
  std::size_t request_;
};

/// What happens to each request; a part that is absent does nothing.
struct Http2Script {
  std::function<void(const Http2EndpointStream&)> head;                    // the head has come
  std::function<void(const Http2EndpointStream&, std::string_view)> data;  // a DATA frame with bytes has come
  std::function<void(const Http2EndpointStream&)> end;                     // END_STREAM has come
  std::function<void(const Http2EndpointStream&, std::uint32_t)> reset;    // RST_STREAM has come
};

struct Http2EndpointOptions {
  std::uint16_t port = 0;
  std::string ip = "127.0.0.1";         // any of 127.0.0.0/8
  h2::SettingLines settings;            // of the first SETTINGS
  std::optional<std::string> greeting;  // sent in place of the first SETTINGS
  std::uint32_t connection_window = 0;  // bytes added to the 65,535 at the start
  bool answer = true;                   // SETTINGS and PING
  bool keep_windows = true;             // a WINDOW_UPDATE for all DATA that came
  bool strict = true;                   // a broken rule fails the test
  int receive_buffer_bytes = 0;         // 0: the system's choice
  bool tls = false;
  TlsServerOptions tls_options;     // without alpn: h2
  std::shared_ptr<Gate> handshake;  // TLS handshakes wait until it is open
  /// Bytes that answer a request where ALPN chose http/1.1; behind a 101 everything comes back.
  std::function<std::string(const Request&)> http1;
};

class Http2Endpoint {
 public:
  explicit Http2Endpoint(Http2Script script, Http2EndpointOptions options = {});
  ~Http2Endpoint();
  Http2Endpoint(const Http2Endpoint&) = delete;
  Http2Endpoint& operator=(const Http2Endpoint&) = delete;

  std::uint16_t port() const { return port_; }
  std::string address() const { return ip_ + ':' + std::to_string(port_); }

  /// From the next request on.
  void behave(Http2Script script);
  /// Refuses new connections and cuts the running ones. A second call does nothing.
  void stop();
  /// While on, nothing is read and nothing is sent on any connection, and all stay open.
  void freeze(bool on);

  // One connection; 0 is the first that was accepted.
  void send(std::size_t connection, std::string bytes);
  void goaway(std::size_t connection, std::uint32_t last_stream, std::uint32_t code = h2::no_error);
  /// SETTINGS that count once they are acknowledged.
  void settings(std::size_t connection, const h2::SettingLines& lines);
  void window_update(std::size_t connection, std::uint32_t bytes);
  void close(std::size_t connection);  // in order
  void reset(std::size_t connection);  // RST

  // What was seen so far.
  std::size_t connection_count() const;
  std::size_t open_count() const;  // connections
  std::size_t request_count() const;
  std::vector<Http2EndpointRequest> requests() const;
  Http2EndpointRequest request(std::size_t index) const;  // throws TestFailure when there is none
  Http2EndpointStream stream(std::size_t index) const { return {state_, index}; }
  std::vector<Request> http1_requests() const;
  /// Requests on that connection so far; those that are under way; the most that ever were at once.
  std::size_t requests_on(std::size_t connection) const;
  std::size_t streams_on(std::size_t connection) const;
  std::size_t most_streams_on(std::size_t connection) const;
  std::optional<std::uint32_t> setting(std::size_t connection, std::uint16_t id) const;  // the peer's
  std::size_t unacknowledged(std::size_t connection) const;  // SETTINGS of this side
  std::size_t ping_count(std::size_t connection) const;
  std::optional<std::uint32_t> goaway_code(std::size_t connection) const;  // of a GOAWAY that came
  std::int64_t receive_window(std::size_t connection) const;               // what the peer may still send
  std::int64_t send_window(std::size_t connection) const;                  // what may be sent to it
  std::string transcript(std::size_t connection) const;

  // Throw TestFailure when the deadline passes.
  void wait_for_connections(std::size_t count, const Deadline& deadline = Deadline()) const;
  void wait_for_requests(std::size_t count, const Deadline& deadline = Deadline()) const;
  Http2EndpointRequest wait_for_body(std::size_t request, std::size_t bytes,
                                     const Deadline& deadline = Deadline()) const;
  /// END_STREAM or RST_STREAM of the request.
  Http2EndpointRequest wait_for_end(std::size_t request, const Deadline& deadline = Deadline()) const;
  /// RST_STREAM; returns its code.
  std::uint32_t wait_for_reset(std::size_t request, const Deadline& deadline = Deadline()) const;
  /// Until that connection's peer has closed or reset it, or a side of this endpoint has; returns which.
  StreamEvent wait_for_close(std::size_t connection, const Deadline& deadline = Deadline()) const;
  void wait_for_pings(std::size_t connection, std::size_t count, const Deadline& deadline = Deadline()) const;

 private:
  std::shared_ptr<Http2EndpointState> state_;
  std::string ip_;
  std::uint16_t port_ = 0;
};

}  // namespace weir::testing
