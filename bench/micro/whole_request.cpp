// A whole request: a client that waits for each answer, a worker of ours and an endpoint, each on a thread, over real
// sockets. The time is a round trip of three threads and tells little; `worker_allocs_per_request` is the worker's own:
// 0, or something on the request path allocates.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "config/load.hpp"
#include "control/compiler.hpp"
#include "listen/acceptor.hpp"
#include "measure.hpp"
#include "messages.hpp"
#include "observe/log_writer.hpp"
#include "server/worker.hpp"

namespace weir::bench {
namespace {

constexpr std::string_view whole_answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::uint32_t connections_max = 64;

/// Blocking; -1 on failure.
int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) return fd;
  ::close(fd);
  return -1;
}

/// Reads until a blank line, or `suffix`, has come.
bool read_until(int fd, std::string_view suffix) {
  char buffer[4096];
  std::size_t size = 0;
  while (size < sizeof(buffer)) {
    const ssize_t count = ::recv(fd, buffer + size, sizeof(buffer) - size, 0);
    if (count <= 0) return false;
    size += static_cast<std::size_t>(count);
    if (std::string_view(buffer, size).ends_with(suffix)) return true;
  }
  return false;
}

/// Answers each request the same, on one connection after the other.
class Endpoint {
 public:
  Endpoint() {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(where);
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&where), size) != 0 || ::listen(fd_, 16) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&where), &size) != 0) {
      throw std::runtime_error("the endpoint cannot listen");
    }
    port = ntohs(where.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Endpoint() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  std::uint16_t port = 0;

 private:
  void serve() {
    for (int client = -1; (client = ::accept(fd_, nullptr, nullptr)) >= 0; ::close(client)) {
      while (read_until(client, "\r\n\r\n")) {
        if (::send(client, whole_answer.data(), whole_answer.size(), MSG_NOSIGNAL) < 0) break;
      }
    }
  }

  int fd_ = -1;
  std::thread thread_;
};

/// The configuration of `bench/compare full`, but for the file of the log.
config::Config configuration(std::uint16_t endpoint, bool log) {
  config::Surroundings surroundings =
      config::real_surroundings([](const config::CertificatePair&) { return std::nullopt; },
                                [](const std::string&) { return std::nullopt; });
  const std::string text = fmt::format(R"(
log: {{ access: {{ enabled: {}, output: /dev/null }} }}
listeners: {{ bench: {{ address: "127.0.0.1:0" }} }}
upstreams: {{ app: {{ endpoints: ["127.0.0.1:{}"] }} }}
rate_limits: {{ all: {{ key: client_ip, rate: 10000000/s, burst: 10000000 }} }}
routes: [{{ name: all, rate_limits: [all], headers: [security], upstream: app }}]
)",
                                       log, endpoint);
  surroundings.environment_all = [] { return std::vector<std::pair<std::string, std::string>>(); };
  surroundings.read_file = [text](const std::string&) -> std::variant<std::string, config::FileError> {
    return text;
  };
  auto loaded = config::load({"bench.yaml"}, surroundings);
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    throw std::runtime_error(problems->front().to_string());
  }
  return std::get<config::Config>(std::move(loaded));
}

/// One worker with its listener, and nothing of the control thread's.
class Proxy {
 public:
  Proxy(std::uint16_t endpoint, bool log) {
    shared_.connections_max = shared_.connections_admitted = shared_.connections_tight = connections_max;
    auto prepared = compiler_.prepare(std::make_shared<const config::Config>(configuration(endpoint, log)));
    auto socket = listen::open_listener(SocketAddress{*IpAddress::parse("127.0.0.1"), 0}, bound_);
    if (!prepared || !socket) throw std::runtime_error("the worker cannot start");
    compiler_.commit(*prepared);
    auto snapshot = compiler_.build(
        *prepared, 1, [this](const config::Listener&) { return bound_; },
        [](const std::string&) { return std::vector<upstream::NamedAddress>(); });
    if (log) snapshot->access_log = std::make_shared<observe::LogWriter>("/dev/null");
    auto items = std::make_shared<std::vector<server::ListenerSocket>>();
    items->push_back({snapshot->listeners.front(), std::move(*socket)});
    worker_.post([this, snapshot, items] { worker_.install(snapshot, std::move(*items)); });
    thread_ = std::thread([this] { worker_.run(); });
  }
  ~Proxy() {
    worker_.stop();
    thread_.join();
  }
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  std::uint16_t port() const { return bound_.port; }
  /// Calls of operator new on the worker's thread so far.
  std::uint64_t worker_allocations() {
    std::atomic<std::uint64_t> count{0};
    std::atomic<bool> told{false};
    worker_.post([&] {
      count = allocations();
      told = true;
      told.notify_one();
    });
    told.wait(false);
    return count;
  }

 private:
  observe::NameTable names_;
  control::Compiler compiler_{names_};
  server::ProcessShared shared_;
  SocketAddress bound_;
  server::Worker worker_{0, shared_, 1};
  std::thread thread_;
};

/// With the log, a batch of lines that is handed to the writer may allocate: less than once in a hundred requests.
void whole_request(benchmark::State& state, bool log) {
  const Endpoint endpoint;
  Proxy proxy(endpoint.port, log);
  const int client = connect_to(proxy.port());
  const auto ask = [&] {
    return ::send(client, api_request.data(), api_request.size(), MSG_NOSIGNAL) > 0 &&
           read_until(client, "hello");
  };
  for (int i = 0; i < 1000; ++i) {
    if (!ask()) return state.SkipWithError("not answered");
  }
  const std::uint64_t before = proxy.worker_allocations();
  for (auto _ : state) {
    if (!ask()) return state.SkipWithError("not answered");
  }
  const auto made = static_cast<double>(proxy.worker_allocations() - before);
  state.counters["worker_allocs_per_request"] = made / static_cast<double>(state.iterations());
  ::close(client);
}
BENCHMARK_CAPTURE(whole_request, without_log, false)->UseRealTime();
BENCHMARK_CAPTURE(whole_request, with_log, true)->UseRealTime();

}  // namespace
}  // namespace weir::bench
