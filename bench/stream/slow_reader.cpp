// Downloads one response at a limited rate, standing still now and then, and prints how many body bytes came.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int receive_buffer_bytes = 256 * 1024;
constexpr std::size_t read_bytes = 256 * 1024;
constexpr int receive_timeout_s = 30;

struct Options {
  std::uint16_t port = 0;
  std::string path;
  std::uint64_t rate_mib = 600;  // per second
  std::uint64_t stall_every_mib = 1024;
  unsigned stall_ms = 1000;
};

int open_connection(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(receive_buffer_bytes));
  const timeval timeout{receive_timeout_s, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) return -1;
  return fd;
}

/// Sleeps until `bytes` are due, and stands still at each multiple of the stall distance.
class Pace {
 public:
  explicit Pace(const Options& options) : options_(options) {}

  void wait(std::uint64_t bytes) {
    if (bytes >= next_stall_) {
      next_stall_ += options_.stall_every_mib << 20;
      started_ += std::chrono::milliseconds(options_.stall_ms);
      std::this_thread::sleep_for(std::chrono::milliseconds(options_.stall_ms));
    }
    const double due_s = static_cast<double>(bytes) / static_cast<double>(options_.rate_mib << 20);
    std::this_thread::sleep_until(
        started_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(due_s)));
  }

 private:
  const Options& options_;
  Clock::time_point started_ = Clock::now();
  std::uint64_t next_stall_ = options_.stall_every_mib << 20;
};

std::uint64_t download(const Options& options) {
  const int fd = open_connection(options.port);
  if (fd < 0) return 0;
  const std::string request =
      "GET " + options.path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) < 0) return 0;
  std::vector<char> buffer(read_bytes);
  std::string head;
  std::uint64_t body = 0;
  Pace pace(options);
  for (;;) {
    const ssize_t count = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (count <= 0) break;
    if (body > 0) {
      body += static_cast<std::uint64_t>(count);
    } else {
      head.append(buffer.data(), static_cast<std::size_t>(count));
      const std::size_t end = head.find("\r\n\r\n");
      if (end != std::string::npos) body = head.size() - end - 4;
    }
    pace.wait(body);
  }
  ::close(fd);
  return body;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Downloads a response slowly."};
  Options options;
  app.add_option("--port", options.port, "Port on 127.0.0.1")->required();
  app.add_option("--path", options.path, "What to ask for")->required();
  app.add_option("--rate", options.rate_mib, "MiB per second")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--stall-every", options.stall_every_mib, "MiB between two stand-stills")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--stall", options.stall_ms, "Length of a stand-still in milliseconds")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::printf("%llu\n", static_cast<unsigned long long>(download(options)));
  return 0;
}
