#include "support/byte_stream.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace weir::testing {

const char* to_string(StreamEvent event) {
  switch (event) {
    case StreamEvent::data:
      return "data";
    case StreamEvent::end:
      return "end";
    case StreamEvent::reset:
      return "reset";
    case StreamEvent::timeout:
      return "timeout";
  }
  return "?";
}

std::string openssl_errors() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    char buffer[256];
    ERR_error_string_n(code, buffer, sizeof(buffer));
    if (!text.empty()) text += "; ";
    text += buffer;
  }
  return text;
}

ByteStream::ByteStream(UniqueFd socket) : socket_(std::move(socket)) {
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
}

bool ByteStream::wait(short events, const Deadline& deadline) const {
  pollfd watched{socket_.get(), events, 0};
  return ::poll(&watched, 1, deadline.left_ms()) > 0;
}

/// True: the socket is ready for what OpenSSL waits for. False: it failed, or the deadline passed.
bool ByteStream::wait_for_tls(int result, const Deadline& deadline) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return wait(POLLIN, deadline);
    case SSL_ERROR_WANT_WRITE:
      return wait(POLLOUT, deadline);
    default:
      last_error_ = openssl_errors();
      if (last_error_.empty()) last_error_ = errno ? std::strerror(errno) : "connection closed";
      return false;
  }
}

void ByteStream::start_tls(SslHandle ssl, const Deadline& deadline) {
  // OpenSSL writes with write(2), which has no MSG_NOSIGNAL. Children get the default back (process.cpp).
  [[maybe_unused]] static const auto previous = std::signal(SIGPIPE, SIG_IGN);
  ssl_ = std::move(ssl);
  SSL_set_fd(ssl_.get(), socket_.get());
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) return;
    if (!wait_for_tls(result, deadline)) {
      throw TestFailure("TLS handshake failed: " + (last_error_.empty() ? "deadline passed" : last_error_));
    }
  }
}

StreamEvent ByteStream::read_plain(char* data, std::size_t size, std::size_t& count) {
  const ssize_t received = ::recv(socket_.get(), data, size, 0);
  if (received > 0) {
    count = static_cast<std::size_t>(received);
    return StreamEvent::data;
  }
  if (received == 0) return StreamEvent::end;
  if (errno == EAGAIN || errno == EINTR) return StreamEvent::timeout;
  last_error_ = std::strerror(errno);
  return StreamEvent::reset;
}

StreamEvent ByteStream::tls_read_failure(int result, const Deadline& deadline, bool& again) {
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_ZERO_RETURN) return StreamEvent::end;
  again = wait_for_tls(result, deadline);
  if (again) return StreamEvent::timeout;
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? StreamEvent::timeout
                                                                       : StreamEvent::reset;
}

StreamEvent ByteStream::read_some(std::string& out, const Deadline& deadline, std::size_t max) {
  if (!socket_) return StreamEvent::end;
  char buffer[64 * 1024];
  const std::size_t size = std::min(max, sizeof(buffer));
  for (;;) {
    std::size_t count = 0;
    StreamEvent event = StreamEvent::data;
    bool again = false;
    if (ssl_) {
      ERR_clear_error();
      const int result = SSL_read(ssl_.get(), buffer, static_cast<int>(size));
      if (result > 0) {
        count = static_cast<std::size_t>(result);
      } else {
        event = tls_read_failure(result, deadline, again);
      }
    } else {
      event = read_plain(buffer, size, count);
      again = event == StreamEvent::timeout && wait(POLLIN, deadline);
    }
    if (again) continue;
    out.append(buffer, count);
    return event;
  }
}

bool ByteStream::write_all(std::string_view data, const Deadline& deadline) {
  while (!data.empty()) {
    if (!socket_) return false;
    const std::size_t sent = write_available(data);
    data.remove_prefix(sent);
    if (sent > 0) continue;
    if (!last_error_.empty()) return false;
    if (!wait(POLLOUT, deadline)) {
      throw TestFailure("the peer took nothing more, " + std::to_string(data.size()) +
                        " bytes were left to send");
    }
  }
  return true;
}

std::size_t ByteStream::write_available(std::string_view data) {
  last_error_.clear();
  if (ssl_) {
    ERR_clear_error();
    const int size = static_cast<int>(std::min<std::size_t>(data.size(), 1 << 20));
    const int result = SSL_write(ssl_.get(), data.data(), size);
    if (result > 0) return static_cast<std::size_t>(result);
    wait_for_tls(result, Deadline(0ms));
    return 0;
  }
  const ssize_t sent = ::send(socket_.get(), data.data(), data.size(), MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno != EAGAIN && errno != EINTR) last_error_ = std::strerror(errno);
  return 0;
}

void ByteStream::shutdown_write() {
  if (ssl_) SSL_shutdown(ssl_.get());
  ::shutdown(socket_.get(), SHUT_WR);
}

void ByteStream::reset() {
  if (!socket_) return;
  const linger at_once{1, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  cut();
}

void ByteStream::close() {
  if (ssl_ && SSL_is_init_finished(ssl_.get())) SSL_shutdown(ssl_.get());
  cut();
}

void ByteStream::cut() {
  ssl_.reset();
  socket_.reset();
}

void ByteStream::interrupt() const {
  ::shutdown(socket_.get(), SHUT_RDWR);
}

namespace {

sockaddr_in ipv4(const std::string& address, std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &result.sin_addr) != 1) throw TestFailure("not IPv4: " + address);
  return result;
}

// The one place where the sockets API's own cast is needed.
const sockaddr* as_sockaddr(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

UniqueFd new_socket() {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) throw TestFailure(std::string("socket: ") + std::strerror(errno));
  return fd;
}

}  // namespace

UniqueFd connect_tcp(const ConnectOptions& options, const Deadline& deadline) {
  UniqueFd fd = new_socket();
  const std::string where = options.address + ":" + std::to_string(options.port);
  if (options.receive_buffer_bytes > 0) {
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &options.receive_buffer_bytes, sizeof(int));
  }
  if (!options.source_address.empty()) {
    const sockaddr_in source = ipv4(options.source_address, 0);
    if (::bind(fd.get(), as_sockaddr(source), sizeof(source)) != 0) {
      throw TestFailure("cannot send from " + options.source_address);
    }
  }
  const sockaddr_in target = ipv4(options.address, options.port);
  if (::connect(fd.get(), as_sockaddr(target), sizeof(target)) == 0) return fd;
  pollfd watched{fd.get(), POLLOUT, 0};
  int error = errno;
  if (error == EINPROGRESS) {
    if (::poll(&watched, 1, deadline.left_ms()) <= 0)
      throw TestFailure("no connection to " + where + " in time");
    socklen_t size = sizeof(error);
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error != 0) throw TestFailure("no connection to " + where + ": " + std::strerror(error));
  return fd;
}

UniqueFd listen_tcp(std::uint16_t& port, int backlog, const char* ip) {
  UniqueFd fd = new_socket();
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address = ipv4(ip, port);
  if (::bind(fd.get(), as_sockaddr(address), sizeof(address)) != 0 || ::listen(fd.get(), backlog) != 0) {
    throw TestFailure("cannot listen on port " + std::to_string(port) + ": " + std::strerror(errno));
  }
  socklen_t size = sizeof(address);
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  port = ntohs(address.sin_port);
  return fd;
}

std::uint16_t unused_port() {
  std::uint16_t port = 0;
  listen_tcp(port);
  return port;
}

std::string refused_address() {
  static std::vector<UniqueFd> kept;
  UniqueFd fd = new_socket();
  sockaddr_in address = ipv4("127.0.0.1", 0);
  socklen_t size = sizeof(address);
  if (::bind(fd.get(), as_sockaddr(address), size) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw TestFailure(std::string("no port that refuses connections: ") + std::strerror(errno));
  }
  kept.push_back(std::move(fd));
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

}  // namespace weir::testing
