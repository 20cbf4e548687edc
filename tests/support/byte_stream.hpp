// One connected TCP socket, plain or under TLS, with a deadline on every call. Both ends of the tests' wires
// are made of it: RawClient and ScriptableEndpoint. One thread at a time; interrupt() from any thread.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/deadline.hpp"
#include "support/unique_fd.hpp"

namespace weir::testing {

/// What reading came to.
enum class StreamEvent : std::uint8_t {
  data,
  end,    // the peer closed its side in order (FIN; under TLS: close_notify)
  reset,  // RST, a TLS alert, or (under TLS) an end without close_notify
  timeout,
};
const char* to_string(StreamEvent event);

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SslHandle = std::unique_ptr<SSL, SslDeleter>;
using SslContext = std::shared_ptr<SSL_CTX>;
using SslSession = std::shared_ptr<SSL_SESSION>;

class ByteStream {
 public:
  ByteStream() = default;
  /// Takes over a connected socket; makes it non-blocking with TCP_NODELAY.
  explicit ByteStream(UniqueFd socket);
  ByteStream(ByteStream&&) = default;
  ByteStream& operator=(ByteStream&&) = default;

  /// TLS from here on, as `ssl` says (its accept or connect state is set). Throws TestFailure with OpenSSL's
  /// words.
  void start_tls(SslHandle ssl, const Deadline& deadline);

  /// Appends what is there, at most `max` bytes, to `out`.
  StreamEvent read_some(std::string& out, const Deadline& deadline, std::size_t max = 64 * 1024);
  /// False: the peer is gone. Throws TestFailure when the deadline passes.
  bool write_all(std::string_view data, const Deadline& deadline = Deadline());
  /// Sends what the socket takes right now; returns how much that was.
  std::size_t write_available(std::string_view data);

  void shutdown_write();  // close_notify first, under TLS
  void reset();           // RST
  void close();           // close_notify first, under TLS
  void cut();             // closes without close_notify
  /// Ends a blocked call in another thread.
  void interrupt() const;

  bool is_open() const { return static_cast<bool>(socket_); }
  int fd() const { return socket_.get(); }
  SSL* ssl() const { return ssl_.get(); }
  const std::string& last_error() const { return last_error_; }

 private:
  StreamEvent read_plain(char* data, std::size_t size, std::size_t& count);
  bool wait(short events, const Deadline& deadline) const;
  bool wait_for_tls(int result, const Deadline& deadline);
  StreamEvent tls_read_failure(int result, const Deadline& deadline, bool& again);

  UniqueFd socket_;
  SslHandle ssl_;
  std::string last_error_;
};

/// Text of OpenSSL's error queue, which is emptied.
std::string openssl_errors();

struct ConnectOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::string source_address;    // empty: the system's choice
  int receive_buffer_bytes = 0;  // 0: the system's choice
};
/// Throws TestFailure when nothing accepts.
UniqueFd connect_tcp(const ConnectOptions& options, const Deadline& deadline);

/// A listening socket on 127.0.0.1; `port` 0 takes a free one and is set to it.
UniqueFd listen_tcp(std::uint16_t& port, int backlog = 512, const char* ip = "127.0.0.1");
/// A port that nothing listens on (it was free a moment ago).
std::uint16_t unused_port();
/// `127.0.0.1:PORT` that refuses connections for as long as this process lives: nobody else can come to listen there.
std::string refused_address();

}  // namespace weir::testing
