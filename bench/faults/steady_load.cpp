// A steady load for bench/faults/run: so many kept-alive connections, each sending a GET as soon as the last one was
// answered, but not before its interval has passed. Until SIGTERM it writes a line each tenth of a second (when, good
// answers, failed requests, those among them whose answer had begun, the slowest one, good answers by endpoint); then a
// summary as JSON. A request fails when it gets another status than 200, less than a whole answer, or none in time;
// nothing is tried again. One thread.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t endpoints_max = 7;  // distinguished by `X-Version: 1` to `X-Version: 7`
constexpr milliseconds window{100};
constexpr int tick_ms = 2;
constexpr std::size_t response_bytes_max = 1024 * 1024;

struct Options {
  std::uint16_t port = 0;
  unsigned connections = 64;
  std::string path = "/delay/20";
  unsigned interval_ms = 25;
  unsigned timeout_ms = 5000;
  std::string series;
};

struct Window {
  std::uint64_t good = 0, failed = 0, begun = 0;
  double slowest_ms = 0;
  std::array<std::uint64_t, endpoints_max> by_endpoint{};
};

/// What is counted over the whole run.
struct Totals {
  std::uint64_t good = 0;
  std::map<std::string, std::uint64_t> failures;
  std::vector<float> latencies_ms;  // of good and failed ones alike
};

/// An answer as far as it is here.
struct Answer {
  bool whole = false;
  bool keep = true;  // the connection
  bool until_close = false;
  int status = 0;
  std::size_t endpoint = endpoints_max;  // index; endpoints_max: it did not say
};

std::string lowered(std::string_view text) {
  std::string copy(text);
  std::ranges::transform(copy, copy.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return copy;
}

/// Value of a field in a lowered head; empty: absent.
std::string_view field(std::string_view head, std::string_view name) {
  const std::string line = "\r\n" + std::string(name) + ": ";
  const std::size_t at = head.find(line);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = head.substr(at + line.size());
  return rest.substr(0, rest.find("\r\n"));
}

template <class Number>
Number number(std::string_view text, Number fallback) {
  Number value{};
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc{} ? value : fallback;
}

Answer read_answer(std::string_view bytes) {
  Answer answer;
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return answer;
  const std::string head = lowered(bytes.substr(0, end + 2));
  answer.status = number(std::string_view(head).substr(std::min<std::size_t>(head.size(), 9)), 0);
  answer.keep = field(head, "connection") != "close";
  const auto endpoint = number<std::size_t>(field(head, "x-version"), 0);
  if (endpoint >= 1 && endpoint <= endpoints_max) answer.endpoint = endpoint - 1;
  const std::string_view body = bytes.substr(end + 4);
  if (const auto length = field(head, "content-length"); !length.empty()) {
    answer.whole = body.size() >= number<std::size_t>(length, 0);
  } else if (field(head, "transfer-encoding") == "chunked") {
    answer.whole = body.ends_with("0\r\n\r\n");
  } else {
    answer.until_close = true;
  }
  return answer;
}

class Load {
 public:
  explicit Load(const Options& options) : options_(options), clients_(options.connections) {
    request_ = "GET " + options.path + " HTTP/1.1\r\nHost: bench\r\n\r\n";
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) throw std::runtime_error("epoll_create1");
    if (!options.series.empty()) {
      series_.reset(std::fopen(options.series.c_str(), "w"));
      if (!series_) throw std::runtime_error("cannot write " + options.series);
    }
    const auto now = Clock::now();
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      clients_[i].next = now + milliseconds(options.interval_ms) * i / clients_.size();
    }
  }
  ~Load() {
    for (Client& client : clients_) close(client);
    ::close(epoll_);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// Until `stop_fd` can be read.
  void run(int stop_fd) {
    epoll_event stop{EPOLLIN, {.ptr = nullptr}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, stop_fd, &stop);
    window_end_ = Clock::now() + window;
    std::array<epoll_event, 128> events;
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), tick_ms);
      for (int i = 0; i < count; ++i) {
        if (events[static_cast<std::size_t>(i)].data.ptr == nullptr) return;
        on_ready(*static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr));
      }
      on_tick();
    }
  }

  void print_summary() {
    std::ranges::sort(totals_.latencies_ms);
    std::uint64_t failed = 0;
    std::string kinds;
    for (const auto& [kind, count] : totals_.failures) {
      failed += count;
      kinds += (kinds.empty() ? "\"" : ",\"") + kind + "\":" + std::to_string(count);
    }
    const std::uint64_t requests = totals_.good + failed;
    std::printf(
        "{\"requests\":%llu,\"failed\":%llu,\"failures\":{%s},\"p50_ms\":%.1f,\"p99_ms\":%.1f,\"max_ms\":%."
        "1f}\n",
        static_cast<unsigned long long>(requests), static_cast<unsigned long long>(failed), kinds.c_str(),
        percentile(0.5), percentile(0.99), percentile(1));
  }

 private:
  struct Client {
    int fd = -1;
    bool waiting = false;  // for an answer
    Clock::time_point next, started;
    std::string received;
  };

  void on_tick() {
    const auto now = Clock::now();
    for (Client& client : clients_) {
      if (client.waiting && now - client.started > milliseconds(options_.timeout_ms)) {
        fail(client, client.received.empty() ? "timeout" : "stalled");
      }
      if (!client.waiting && now >= client.next) start(client, now);
    }
    while (now >= window_end_) write_window();
  }

  void start(Client& client, Clock::time_point now) {
    client.started = now;
    client.next = now + milliseconds(options_.interval_ms);
    client.waiting = true;
    client.received.clear();
    if (client.fd < 0 && !connect(client)) return fail(client, "connect");
    if (::send(client.fd, request_.data(), request_.size(), MSG_NOSIGNAL) ==
        static_cast<ssize_t>(request_.size())) {
      return;
    }
    // The proxy ended the idle connection: nothing was asked yet.
    close(client);
    if (!connect(client)) return fail(client, "connect");
    if (::send(client.fd, request_.data(), request_.size(), MSG_NOSIGNAL) < 0) fail(client, "send");
  }

  /// Blocking: the other side is on this machine.
  bool connect(Client& client) {
    client.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(options_.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (client.fd < 0 || ::connect(client.fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
      close(client);
      return false;
    }
    const int on = 1;
    ::setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    epoll_event event{EPOLLIN, {.ptr = &client}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd, &event);
    return true;
  }

  void close(Client& client) {
    if (client.fd >= 0) ::close(client.fd);
    client.fd = -1;
  }

  void on_ready(Client& client) {
    if (client.fd < 0) return;
    std::array<char, 16 * 1024> buffer;
    const ssize_t count = ::recv(client.fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    const bool ended = count <= 0;
    if (!ended) client.received.append(buffer.data(), static_cast<std::size_t>(count));
    if (!client.waiting) return close(client);  // idle: it may end whenever it likes
    const Answer answer = read_answer(client.received);
    if (answer.whole || (ended && answer.until_close)) {
      finish(client, answer);
      if (ended || !answer.keep) close(client);
    } else if (ended || client.received.size() > response_bytes_max) {
      fail(client, client.received.empty() ? "closed" : "cut");
    }
  }

  void finish(Client& client, const Answer& answer) {
    if (answer.status != 200) return count_failure(client, "status_" + std::to_string(answer.status));
    ++totals_.good;
    ++window_.good;
    if (answer.endpoint < endpoints_max) ++window_.by_endpoint[answer.endpoint];
    note_latency(client);
  }

  /// What was received of an answer cannot be taken back: `begun`.
  void fail(Client& client, const char* kind) {
    if (!client.received.empty()) ++window_.begun;
    count_failure(client, kind);
    close(client);
  }

  void count_failure(Client& client, const std::string& kind) {
    ++totals_.failures[kind];
    ++window_.failed;
    note_latency(client);
  }

  void note_latency(Client& client) {
    const double ms = std::chrono::duration<double, std::milli>(Clock::now() - client.started).count();
    totals_.latencies_ms.push_back(static_cast<float>(ms));
    window_.slowest_ms = std::max(window_.slowest_ms, ms);
    client.waiting = false;
  }

  void write_window() {
    window_end_ += window;
    if (series_) {
      const auto now = std::chrono::system_clock::now().time_since_epoch();
      std::fprintf(series_.get(), "%lld %llu %llu %llu %.1f",
                   static_cast<long long>(std::chrono::duration_cast<milliseconds>(now).count()),
                   static_cast<unsigned long long>(window_.good),
                   static_cast<unsigned long long>(window_.failed),
                   static_cast<unsigned long long>(window_.begun), window_.slowest_ms);
      for (const std::uint64_t count : window_.by_endpoint) {
        std::fprintf(series_.get(), " %llu", static_cast<unsigned long long>(count));
      }
      std::fputc('\n', series_.get());
      std::fflush(series_.get());
    }
    window_ = {};
  }

  double percentile(double share) const {
    if (totals_.latencies_ms.empty()) return 0;
    const auto last = static_cast<double>(totals_.latencies_ms.size() - 1);
    return static_cast<double>(totals_.latencies_ms[static_cast<std::size_t>(last * share)]);
  }

  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  Options options_;
  std::string request_;
  int epoll_ = -1;
  std::vector<Client> clients_;
  std::unique_ptr<std::FILE, CloseFile> series_;
  Clock::time_point window_end_;
  Window window_;
  Totals totals_;
};

int stop_descriptor() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return ::signalfd(-1, &signals, SFD_CLOEXEC);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    CLI::App app{"A steady load of GET requests, and what became of them."};
    Options options;
    app.add_option("--port", options.port, "Port on 127.0.0.1")->required();
    app.add_option("--connections", options.connections, "Kept-alive connections")
        ->check(CLI::Range(1U, 10'000U))
        ->capture_default_str();
    app.add_option("--path", options.path, "What is asked for")->capture_default_str();
    app.add_option("--interval", options.interval_ms,
                   "Milliseconds between two requests of a connection, at least")
        ->capture_default_str();
    app.add_option("--timeout", options.timeout_ms, "Milliseconds until a request has failed")
        ->capture_default_str();
    app.add_option("--series", options.series, "File for a line each tenth of a second");
    CLI11_PARSE(app, argc, argv);
    Load load(options);
    load.run(stop_descriptor());
    load.print_summary();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "steady_load: %s\n", error.what());
    return 1;
  }
  return 0;
}
