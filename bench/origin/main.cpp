// weir-origin: a stand-in app instance for the quickstart, the tests and the benchmarks. Start-up only:
// options, sockets, threads, signals. Each loop runs in its own thread; this one waits for SIGTERM or SIGINT.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "event_loop.hpp"
#include "options.hpp"

namespace {

constexpr int exit_ok = 0, exit_usage = 2, exit_cannot_start = 3;
constexpr unsigned threads_max = 256;

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

constexpr const char* about_control =
    "\nWhile it runs:\n"
    "  curl -X PUT 'http://ADDRESS/control?fail_percent=5&slow_factor=2'\n"
    "changes what it names: fail_percent, latency_ms, latency_spread, slow_factor, cold_start (begins anew). "
    "GET shows\n"
    "all. Requests to /health, /control, /fault and /stats are answered as ever; answer times do not hold "
    "for /echo, /ws\n"
    "and calls of gRPC. A gRPC call that fails has grpc-status 13.\n"
    "Other faults: PUT /fault/none, status/N, reset, half, cut, garbage, slow/MS or close; ?percent=N.";

void add_behaviour(CLI::App& app, weir::origin::Behaviour& behaviour) {
  app.add_option("--fail-percent", behaviour.fail_percent,
                 "Share of requests that get a 500, fractions allowed")
      ->capture_default_str();
  app.add_option("--latency-ms", behaviour.latency_ms, "Median of the answer time; 0: at once")
      ->capture_default_str();
  app.add_option("--latency-spread", behaviour.latency_spread,
                 "Sigma of its logarithm (lognormal times); 0: always the median")
      ->capture_default_str();
  app.add_option("--slow-factor", behaviour.slow_factor, "Times --latency-ms")->capture_default_str();
  app.add_option("--cold-start", behaviour.cold_start,
                 "Seconds in which answers take longer: ten times as long at first, then evenly less")
      ->capture_default_str();
  app.footer(about_control);
}

void add_options(CLI::App& app, weir::origin::Options& options) {
  app.add_option("--port", options.port, "Port to listen on; 0 takes a free one")->required();
  app.add_option("--address", options.address, "IP address to listen on")->capture_default_str();
  app.add_option("--name", options.name, "Name in the answers")->capture_default_str();
  app.add_option("--version-header", options.version_header, "Adds `X-Version: VALUE` to every answer");
  app.add_option("--threads", options.threads, "Event loops, one thread each")
      ->check(CLI::Range(1U, threads_max))
      ->capture_default_str();
  add_behaviour(app, options.behaviour);
}

sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void print_ready(const std::string& address, std::uint16_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  std::printf("weir-origin ready {\"address\":\"%s%s%s:%u\"}\n", v6 ? "[" : "", address.c_str(),
              v6 ? "]" : "", static_cast<unsigned>(port));
  std::fflush(stdout);
}

void serve(weir::origin::Shared& shared, const sigset_t& signals) {
  std::uint16_t port = shared.options.port;
  std::vector<std::unique_ptr<weir::origin::EventLoop>> loops;
  for (unsigned i = 0; i < shared.options.threads; ++i) {
    const int listener = weir::origin::open_listener(shared.options.address, port);
    loops.push_back(std::make_unique<weir::origin::EventLoop>(shared, listener));
  }
  std::vector<std::thread> threads;
  threads.reserve(loops.size());
  for (auto& loop : loops) threads.emplace_back([&loop] { loop->run(); });
  print_ready(shared.options.address, port);
  int signal = 0;
  sigwait(&signals, &signal);
  for (auto& loop : loops) loop->stop();
  for (auto& thread : threads) thread.join();
}

int run(int argc, char** argv) {
  CLI::App app{"A stand-in app instance: answers, streams, echoes and fails on request."};
  weir::origin::Options options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_ok : exit_usage;
  }
  if (const std::string wrong = fault_of(options.behaviour); !wrong.empty()) {
    std::fprintf(stderr, "weir-origin: %s\n", wrong.c_str());
    return exit_usage;
  }
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  const sigset_t signals = block_stop_signals();
  weir::origin::Shared shared(std::move(options));
  try {
    serve(shared, signals);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir-origin: cannot start on %s port %u: %s\n", shared.options.address.c_str(),
                 static_cast<unsigned>(shared.options.port), error.what());
    return exit_cannot_start;
  }
  return exit_ok;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "weir-origin: %s\n", error.what());
    return exit_cannot_start;
  }
}
