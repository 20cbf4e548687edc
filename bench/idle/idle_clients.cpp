// Opens many kept-alive connections, plain or TLS, sends one request on each, and then holds them idle until its
// standard input ends. Prints one line when all are idle; fails when the server closed any before the end. One thread,
// blocking calls with timeouts.
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
    if (SSL_connect(ssl_.get()) != 1) throw std::runtime_error("the TLS handshake failed");
  }

  /// One request and its whole response, which has a Content-Length.
  void exchange(const std::string& path) {
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

  int fd() const { return fd_; }

 private:
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
    connections.back().exchange(options.path);
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
  app.add_option("--path", options.path, "What each asks for once")->capture_default_str();
  app.add_flag("--tls", options.tls, "TLS, without checking the certificate");
  CLI11_PARSE(app, argc, argv);
  try {
    run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "idle_clients: %s\n", error.what());
    return 1;
  }
  return 0;
}
