// weir-scale: writes a configuration of many routes and endpoints, loads and compiles it as Weir does, and looks routes
// up in it. Prints one JSON object; bench/scale/run makes a table of several and asks a running Weir for the rest.
#include <fmt/format.h>
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>
#include <variant>
#include <vector>

#include "config/load.hpp"
#include "control/compiler.hpp"
#include "core/rng.hpp"

namespace weir::bench {
namespace {

constexpr std::size_t hosts = 100;
constexpr std::size_t endpoints_an_upstream = 10;
constexpr std::size_t requests = 1 << 12;  // different ones, asked in no order
constexpr std::size_t lookups = 2'000'000;

struct Size {
  std::size_t routes = 10'000, endpoints = 1'000;
  std::size_t upstreams() const { return std::max<std::size_t>(1, endpoints / endpoints_an_upstream); }
};

std::string host_of(std::size_t route) {
  return fmt::format("h{}.example.com", route % hosts);
}

std::string yaml_of(const Size& size) {
  std::string text =
      "admin: { address: \"127.0.0.1:0\" }\nlog: { access: { enabled: false } }\n"
      "listeners: { http: { address: \"127.0.0.1:0\" } }\nupstreams:\n";
  for (std::size_t i = 0; i < size.upstreams(); ++i) {
    text += fmt::format("  u{}:\n    endpoints:\n", i);
    for (std::size_t k = i; k < size.endpoints; k += size.upstreams()) {
      text += fmt::format("      - 127.{}.{}.1:9000\n", 1 + k / 250, 1 + k % 250);
    }
  }
  text += "routes:\n";
  for (std::size_t i = 0; i + 1 < size.routes; ++i) {
    text += fmt::format(
        "  - name: r{}\n    match: {{ hosts: [{}], path_prefix: /api/service-{}/v1 }}\n    upstream: u{}\n",
        i, host_of(i), i, i % size.upstreams());
  }
  return text + "  - { name: rest, upstream: u0 }\n";
}

double seconds(const std::function<void()>& work) {
  const auto before = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
}

double median_ms(int rounds, const std::function<void()>& work) {
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) times.push_back(1000 * seconds(work));
  std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
  return times[static_cast<std::size_t>(rounds) / 2];
}

config::Config load(const std::string& file) {
  const auto unused = [](const auto&) { return std::optional<std::string>(); };
  auto loaded = config::load({file}, config::real_surroundings(unused, unused));
  if (const auto* problems = std::get_if<std::vector<config::Problem>>(&loaded)) {
    throw std::runtime_error(problems->front().to_string());
  }
  return std::move(std::get<config::Config>(loaded));
}

std::shared_ptr<server::Snapshot> compile(control::Compiler& compiler,
                                          const std::shared_ptr<const config::Config>& config) {
  auto prepared = compiler.prepare(config);
  if (!prepared) throw std::runtime_error(prepared.error().detail);
  return compiler.build(
      *prepared, 1, [](const config::Listener&) { return SocketAddress(); },
      [](const std::string&) { return std::vector<upstream::NamedAddress>(); });
}

/// Requests that meet every part of the file alike.
double lookup_ns(const route::RouteTable& table, std::size_t routes) {
  struct Wanted {
    std::string host, path;
    std::size_t route;
  };
  Rng rng(1);
  std::vector<Wanted> all;
  for (std::size_t i = 0; i < requests; ++i) {
    const std::size_t route = routes < 2 ? 0 : rng() % (routes - 1);
    all.push_back({host_of(route), fmt::format("/api/service-{}/v1/items/4711", route), route});
  }
  const std::vector<http::Field> fields;
  std::size_t wrong = 0;
  const double taken = seconds([&] {
    for (std::size_t i = 0; i < lookups; ++i) {
      const Wanted& wanted = all[i % requests];
      route::Request request;
      request.host = wanted.host;
      request.path = wanted.path;
      request.method = "GET";
      request.fields = &fields;
      if (table.find(request) != wanted.route) ++wrong;
    }
  });
  if (wrong > 0) throw std::runtime_error("another route matched");
  return 1e9 * taken / static_cast<double>(lookups);
}

void run(const Size& size, const std::string& file, int rounds) {
  const std::string text = yaml_of(size);
  std::ofstream(file) << text;
  const double load_ms = median_ms(rounds, [&] { load(file); });
  malloc_trim(0);
  const auto heap_before = mallinfo2();
  const auto config = std::make_shared<const config::Config>(load(file));
  observe::NameTable names;
  control::Compiler compiler(names);
  auto snapshot = compile(compiler, config);
  const auto heap_after = mallinfo2();
  const double compile_ms = median_ms(rounds, [&] { snapshot = compile(compiler, config); });
  const double lookup = lookup_ns(*snapshot->table, size.routes);
  const auto used = [](const struct mallinfo2& info) {
    return static_cast<double>(info.uordblks + info.hblkhd);
  };
  fmt::print(
      "{{\"routes\":{},\"endpoints\":{},\"yaml_kib\":{},\"load_ms\":{:.2f},\"compile_ms\":{:.2f},"
      "\"snapshot_kib\":{:.0f},\"lookup_ns\":{:.1f}}}\n",
      size.routes, size.endpoints, text.size() / 1024, load_ms, compile_ms,
      (used(heap_after) - used(heap_before)) / 1024, lookup);
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  CLI::App app("Loads, compiles and asks a configuration of many routes", "weir-scale");
  weir::bench::Size size;
  std::string file;
  int rounds = 5;
  app.add_option("--routes", size.routes, "Routes, the last one for everything")
      ->check(CLI::Range(1, 40'000));
  app.add_option("--endpoints", size.endpoints, "Endpoints, ten an upstream")->check(CLI::Range(1, 10'000));
  app.add_option("--rounds", rounds, "Rounds of which the median is shown")->check(CLI::Range(1, 1'000));
  app.add_option("FILE", file, "Where the configuration is written")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    weir::bench::run(size, file, rounds);
  } catch (const std::exception& failure) {
    std::cerr << "weir-scale: " << failure.what() << '\n';
    return 1;
  }
  return 0;
}
