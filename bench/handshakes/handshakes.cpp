// Opens TLS connections one after the other in each of several threads, with one request on each, and prints how many
// there were and how long they took. Full handshakes, or resumed ones: then each thread offers the newest ticket that
// it got. Blocking sockets with timeouts.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using SteadyClock = std::chrono::steady_clock;
using SslCtxPtr = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using SslPtr = std::unique_ptr<SSL, decltype(&SSL_free)>;
using SessionPtr = std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)>;

constexpr int timeout_s = 10;

struct Options {
  std::uint16_t port = 0;
  unsigned threads = 16;
  double seconds = 4;
  bool resume = false;
  std::string path = "/bytes/128";
};

struct Tally {
  std::vector<double> milliseconds;
  unsigned long resumed = 0, failed = 0;
};

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const timeval timeout{timeout_s, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const linger reset{1, 0};  // the port is free again at once
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  ::close(fd);
  return -1;
}

/// One connection with one request; the session for the next one is left in `session`.
bool visit(SSL_CTX* context, const Options& options, const std::string& request, SessionPtr& session,
           Tally& tally) {
  const int fd = connect_to(options.port);
  if (fd < 0) return false;
  const std::unique_ptr<const int, void (*)(const int*)> closing(&fd,
                                                                 [](const int* open) { ::close(*open); });
  const SslPtr ssl(SSL_new(context), SSL_free);
  if (!ssl || SSL_set_fd(ssl.get(), fd) != 1) return false;
  if (options.resume && session) SSL_set_session(ssl.get(), session.get());
  if (SSL_connect(ssl.get()) != 1) return false;
  const int bytes = static_cast<int>(request.size());
  if (SSL_write(ssl.get(), request.data(), bytes) != bytes) return false;
  std::string answer(16 * 1024, '\0');
  const int got = SSL_read(ssl.get(), answer.data(), static_cast<int>(answer.size()));
  if (got < 12 || answer.compare(0, 12, "HTTP/1.1 200") != 0) return false;
  while (SSL_read(ssl.get(), answer.data(), static_cast<int>(answer.size())) > 0) {
  }
  if (SSL_session_reused(ssl.get()) == 1) ++tally.resumed;
  if (options.resume) session.reset(SSL_get1_session(ssl.get()));
  SSL_set_shutdown(ssl.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);  // or the session counts as broken
  return true;
}

Tally work(SSL_CTX* context, const Options& options, SteadyClock::time_point end) {
  const std::string request =
      "GET " + options.path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  Tally tally;
  SessionPtr session(nullptr, SSL_SESSION_free);
  for (auto now = SteadyClock::now(); now < end;) {
    if (!visit(context, options, request, session, tally)) ++tally.failed;
    const auto after = SteadyClock::now();
    tally.milliseconds.push_back(std::chrono::duration<double, std::milli>(after - now).count());
    now = after;
  }
  return tally;
}

Tally work_in_threads(SSL_CTX* context, const Options& options) {
  const auto length =
      std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(options.seconds));
  const auto end = SteadyClock::now() + length;
  std::vector<Tally> tallies(options.threads);
  std::vector<std::thread> threads;
  for (Tally& tally : tallies) {
    threads.emplace_back([&tally, context, &options, end] { tally = work(context, options, end); });
  }
  for (std::thread& thread : threads) thread.join();
  Tally all;
  for (const Tally& tally : tallies) {
    all.milliseconds.insert(all.milliseconds.end(), tally.milliseconds.begin(), tally.milliseconds.end());
    all.resumed += tally.resumed;
    all.failed += tally.failed;
  }
  std::ranges::sort(all.milliseconds);
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Counts TLS handshakes, full or resumed, with one request each."};
  Options options;
  app.add_option("--port", options.port, "Loopback port")->required();
  app.add_option("--threads", options.threads, "Connections at once")->check(CLI::Range(1, 256));
  app.add_option("--seconds", options.seconds, "How long")->check(CLI::Range(0.1, 600.0));
  app.add_option("--path", options.path, "What is asked for");
  app.add_flag("--resume", options.resume, "Resume the last session");
  CLI11_PARSE(app, argc, argv);
  const SslCtxPtr context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1) return 1;
  const Tally tally = work_in_threads(context.get(), options);
  const std::size_t count = tally.milliseconds.size();
  const auto at = [&](double share) {
    return tally.milliseconds[static_cast<std::size_t>(static_cast<double>(count - 1) * share)];
  };
  std::printf(
      "{\"requests\":%zu,\"failed\":%lu,\"resumed\":%lu,\"seconds\":%.3f,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
      count, tally.failed, tally.resumed, options.seconds, at(0.5), at(0.99));
}
