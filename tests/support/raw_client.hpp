// A client that sends exactly the bytes that a test says and shows exactly what came back. Every wait has a
// deadline (deadline.hpp). One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/byte_stream.hpp"
#include "support/http_message.hpp"
#include "support/tls_options.hpp"

namespace weir::testing {

class RawClient {
 public:
  /// Plain TCP to 127.0.0.1:`port`.
  explicit RawClient(std::uint16_t port);
  explicit RawClient(const ConnectOptions& options);
  /// TLS; throws TestFailure with OpenSSL's words when the handshake fails.
  RawClient(const ConnectOptions& options, const TlsClientOptions& tls);
  RawClient(std::uint16_t port, const TlsClientOptions& tls);
  RawClient(RawClient&&) = default;

  /// False: the other side is gone (some tests want that).
  bool send(std::string_view bytes);
  /// One byte per segment, as far as TCP_NODELAY makes it so.
  bool send_bytewise(std::string_view bytes);
  /// `GET path` with a Host and `extra_fields` (whole lines).
  void send_get(const std::string& path, std::string_view extra_fields = "");
  Response get(const std::string& path, std::string_view extra_fields = "");
  /// A request with a Content-Length body.
  Response exchange(const std::string& method, const std::string& path, std::string_view body,
                    std::string_view extra_fields = "");

  Response read_response(std::string_view method = "GET", const Deadline& deadline = Deadline());
  Response read_head(const Deadline& deadline = Deadline());
  /// Body of a response whose head was read by read_head().
  void read_body(Response& response, const Deadline& deadline = Deadline());
  /// Bytes up to and including `end`. Throws TestFailure when they do not come.
  std::string read_until(std::string_view end, const Deadline& deadline = Deadline());
  std::string read_exactly(std::size_t count, const Deadline& deadline = Deadline());

  struct Rest {
    std::string bytes;
    StreamEvent event;  // end or reset
  };
  /// Everything until the other side closes. Throws TestFailure when it does not.
  Rest read_to_end(const Deadline& deadline = Deadline());
  /// True when nothing comes, and the connection stays open, for `time` (scaled).
  bool stays_silent_for(std::chrono::milliseconds time);

  void shutdown_write() { stream_->shutdown_write(); }
  void reset() { stream_->reset(); }
  void close() { stream_->close(); }
  void cut() { stream_->cut(); }  // under TLS: no close_notify
  ByteStream& stream() { return *stream_; }

  std::uint16_t local_port() const;
  std::string tls_version() const;
  std::string tls_cipher() const;
  std::string alpn() const;
  bool session_reused() const;
  SslSession session() const { return newest_session(stream_->ssl()); }
  /// Common name of the server's certificate.
  std::string peer_name() const;

 private:
  // On the heap: the reader refers to the stream, and the client can be moved.
  std::unique_ptr<ByteStream> stream_;
  std::unique_ptr<MessageReader> reader_;
};

}  // namespace weir::testing
