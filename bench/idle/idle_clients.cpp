// Opens many kept-alive connections, plain or TLS, of HTTP/1.1 or HTTP/2, sends one request on each, and then holds
// them idle until its standard input ends. Prints one line when all are idle; fails when the server closed any before
// the end. One thread, blocking calls with timeouts.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int timeout_s = 10;
constexpr unsigned connections_per_source = 20'000;  // ephemeral ports of one address
constexpr std::size_t response_bytes_max = 64 * 1024;

struct Options {
  std::uint16_t port = 0;
  unsigned connections = 10'000;
  bool tls = false;
  bool http2 = false;  // with TLS by ALPN, without it by prior knowledge
  std::string path = "/bytes/128";
};

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

sockaddr_in loopback(unsigned host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + host);
  return address;
}

/// A connection from 127.0.0.(1 + source).
int open_connection(std::uint16_t port, unsigned source) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  const timeval timeout{timeout_s, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
  const int on = 1;
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
  const sockaddr_in from = loopback(source, 0);
  const sockaddr_in to = loopback(0, port);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof(from)) != 0) fail("bind");
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) fail("connect");
  return fd;
}

/// What HTTP/2 needs for one request (RFC 9113 4.1 and 6): types and flags of frames.
constexpr std::size_t frame_header_bytes = 9;
enum class FrameType : unsigned { data = 0, headers = 1, rst_stream = 3, settings = 4, goaway = 7 };
constexpr unsigned end_stream = 1, ack = 1, end_headers = 4;
constexpr std::size_t path_bytes_max = 126;  // of a length that HPACK writes as one byte

/// A frame whose payload is below 64 KiB.
std::string frame(FrameType type, unsigned flags, unsigned stream, const std::string& payload = {}) {
  std::string out{0, static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size())};
  return out +
         std::string{static_cast<char>(type), static_cast<char>(flags), 0, 0, 0, static_cast<char>(stream)} +
         payload;
}

/// Preface, SETTINGS and a GET on stream 1. Like others this client lets the server remember :authority and User-Agent,
/// which is memory of a connection, too.
std::string http2_request(const std::string& path, bool tls) {
  std::string block = tls ? "\x82\x87" : "\x82\x86";  // GET, and https or http
  block += std::string("\x04") + static_cast<char>(path.size()) + path;
  block += std::string("\x41") + "\x09" + "localhost" + "\x7a" + "\x0c" + "idle_clients";
  return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(FrameType::settings, 0, 0) +
         frame(FrameType::headers, end_stream | end_headers, 1, block);
}

/// Whether a header block starts with `:status: 200`, behind changes of the table's size (RFC 7541 4.2).
bool is_200(const std::string& block) {
  std::size_t at = 0;
  while (at < block.size() && (block[at] & 0xe0) == 0x20) {
    const bool longer = (block[at++] & 0x1f) == 0x1f;
    while (longer && at < block.size() && (block[at++] & 0x80) != 0) {
    }
  }
  return at < block.size() && block[at] == '\x88';
}

struct Free {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

class Connection {
 public:
  Connection(const Options& options, unsigned number, SSL_CTX* context)
      : fd_(open_connection(options.port, number / connections_per_source)) {
    if (!context) return;
    ssl_.reset(SSL_new(context));
    SSL_set_fd(ssl_.get(), fd_);
    // SSL_set_tlsext_host_name is this call with a C cast.
    char name[] = "localhost";
    SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name);
    constexpr unsigned char h2[] = {2, 'h', '2'};
    if (options.http2) SSL_set_alpn_protos(ssl_.get(), h2, sizeof(h2));
    if (SSL_connect(ssl_.get()) != 1) throw std::runtime_error("the TLS handshake failed");
    const unsigned char* chosen = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(ssl_.get(), &chosen, &length);
    if (options.http2 && length != 2) throw std::runtime_error("the server does not speak HTTP/2");
  }

  /// One request and its whole response.
  void exchange(const Options& options) {
    if (options.http2) {
      exchange_http2(options.path);
    } else {
      exchange_http1(options.path);
    }
  }

  int fd() const { return fd_; }

 private:
  /// The response has a Content-Length.
  void exchange_http1(const std::string& path) {
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    if (write(request) != static_cast<ssize_t>(request.size())) fail("send");
    std::string response;
    while (!is_complete(response)) {
      char buffer[4096];
      const ssize_t count = read(buffer, sizeof(buffer));
      if (count <= 0 || response.size() > response_bytes_max) fail("no complete response");
      response.append(buffer, static_cast<std::size_t>(count));
    }
    if (!response.starts_with("HTTP/1.1 200 "))
      throw std::runtime_error("not a 200: " + response.substr(0, 200));
  }

  /// Until both sides have acknowledged the other's SETTINGS, and the response has ended.
  void exchange_http2(const std::string& path) {
    const std::string request = http2_request(path, ssl_ != nullptr);
    if (write(request) != static_cast<ssize_t>(request.size())) fail("send");
    std::string received;
    bool settled = false, acknowledged = false, ended = false;
    while (!settled || !acknowledged || !ended) {
      const std::string whole = read_frame(received);
      const auto type = static_cast<FrameType>(whole[3]);
      const auto flags = static_cast<unsigned char>(whole[4]);
      if (type == FrameType::rst_stream || type == FrameType::goaway)
        throw std::runtime_error("the server refused the request");
      if (type == FrameType::settings && (flags & ack) != 0) acknowledged = true;
      if (type == FrameType::settings && (flags & ack) == 0) {
        settled = true;
        const std::string answer = frame(FrameType::settings, ack, 0);
        if (write(answer) != static_cast<ssize_t>(answer.size())) fail("send");
      }
      if (type == FrameType::headers && !is_200(whole.substr(frame_header_bytes)))
        throw std::runtime_error("not a 200");
      if (type == FrameType::headers || type == FrameType::data) ended = ended || (flags & end_stream) != 0;
    }
  }

  /// The next frame, taken off the front of `received`, which gets more as needed.
  std::string read_frame(std::string& received) {
    for (;;) {
      if (received.size() >= frame_header_bytes) {
        const std::size_t bytes =
            frame_header_bytes + (static_cast<std::size_t>(static_cast<unsigned char>(received[0])) << 16 |
                                  static_cast<std::size_t>(static_cast<unsigned char>(received[1])) << 8 |
                                  static_cast<unsigned char>(received[2]));
        if (bytes > response_bytes_max) throw std::runtime_error("a frame is too long");
        if (received.size() >= bytes) {
          const std::string whole = received.substr(0, bytes);
          received.erase(0, bytes);
          return whole;
        }
      }
      char buffer[4096];
      const ssize_t count = read(buffer, sizeof(buffer));
      if (count <= 0) fail("no complete response");
      received.append(buffer, static_cast<std::size_t>(count));
    }
  }

  static bool is_complete(const std::string& response) {
    const std::size_t end = response.find("\r\n\r\n");
    const char* const named = ::strcasestr(response.c_str(), "\r\ncontent-length: ");
    if (end == std::string::npos || named == nullptr) return false;
    return response.size() >= end + 4 + std::stoul(named + 18);
  }
  ssize_t write(const std::string& bytes) {
    if (ssl_) return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  ssize_t read(char* data, std::size_t size) {
    if (ssl_) return SSL_read(ssl_.get(), data, static_cast<int>(size));
    return ::recv(fd_, data, size, 0);
  }

  int fd_;  // closed by the end of the process
  std::unique_ptr<SSL, Free> ssl_;
};

/// Throws when the server has closed any.
void need_all_open(const std::vector<Connection>& connections) {
  std::vector<pollfd> polled;
  polled.reserve(connections.size());
  for (const Connection& each : connections) polled.push_back({each.fd(), POLLRDHUP, 0});
  const int closed = ::poll(polled.data(), polled.size(), 0);
  if (closed < 0) fail("poll");
  if (closed > 0) {
    throw std::runtime_error("the server closed " + std::to_string(closed) + " of " +
                             std::to_string(polled.size()) + " connections");
  }
}

void run(const Options& options) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  std::unique_ptr<SSL_CTX, Free> context;
  if (options.tls) context.reset(SSL_CTX_new(TLS_client_method()));
  std::vector<Connection> connections;
  connections.reserve(options.connections);
  for (unsigned i = 0; i < options.connections; ++i) {
    connections.emplace_back(options, i, context.get());
    connections.back().exchange(options);
  }
  need_all_open(connections);
  std::printf("idle %u\n", options.connections);
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  need_all_open(connections);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Holds many kept-alive connections idle after one request on each, until standard input ends."};
  Options options;
  app.add_option("--port", options.port, "Port on 127.0.0.1")->required();
  app.add_option("--connections", options.connections, "How many")->capture_default_str();
  app.add_option("--path", options.path, "What each asks for once")
      ->check([](const std::string& path) {
        return path.size() <= path_bytes_max ? std::string() : "at most 126 bytes";
      })
      ->capture_default_str();
  app.add_flag("--tls", options.tls, "TLS, without checking the certificate");
  app.add_flag("--http2", options.http2,
               "HTTP/2 in place of HTTP/1.1: by ALPN, without TLS by prior knowledge");
  CLI11_PARSE(app, argc, argv);
  try {
    run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "idle_clients: %s\n", error.what());
    return 1;
  }
  return 0;
}
