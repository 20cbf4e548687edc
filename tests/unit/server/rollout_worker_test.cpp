// A worker counts the requests of a running rollout: whole requests over sockets, with endpoints that do what a test
// says. Which outcome is what: rollout_unit_test.cpp.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <thread>

#include "config/load.hpp"
#include "control/compiler.hpp"
#include "listen/acceptor.hpp"
#include "server/worker.hpp"
#include "support/behaviours.hpp"
#include "support/raw_client.hpp"
#include "support/scriptable_endpoint.hpp"
#include "support/websocket_frames.hpp"

namespace weir::server {
namespace {

using namespace testing;
using rollout::Side;

constexpr std::size_t blue = 0, green = 1;

config::Config load(const std::string& text) {
  config::Surroundings surroundings =
      config::real_surroundings([](const config::CertificatePair&) { return std::nullopt; },
                                [](const std::string&) { return std::nullopt; });
  surroundings.environment_all = [] { return std::vector<std::pair<std::string, std::string>>(); };
  surroundings.read_file = [text](const std::string&) -> std::variant<std::string, config::FileError> {
    return text;
  };
  auto loaded = config::load({"test.yaml"}, surroundings);
  if (const auto* const problems = std::get_if<std::vector<config::Problem>>(&loaded))
    throw TestFailure(problems->front().to_string());
  return std::get<config::Config>(std::move(loaded));
}

struct Sums {
  std::uint64_t requests = 0, failed = 0, client_errors = 0, latencies = 0, clients = 0;
  bool operator==(const Sums&) const = default;
};

/// One worker with the route `all`: a split between blue and green, half and half, on which a rollout of green runs.
class RolloutWorker {
 public:
  struct Options {
    std::string blue{}, green{};  // the maps of the upstreams
    std::string split{};          // further keys of the split
    bool by_client = false;
  };

  explicit RolloutWorker(const Options& options) : by_client_(options.by_client) {
    shared_.connections_max = shared_.connections_admitted = shared_.connections_tight = 64;
    const std::string text = fmt::format(R"(
server: {{ state_dir: /nowhere }}
log: {{ access: {{ enabled: false }} }}
listeners: {{ http: {{ address: "127.0.0.1:0" }} }}
upstreams: {{ blue: {{ {} }}, green: {{ {} }} }}
routes:
  - name: all
    split: {{ targets: [{{ upstream: blue, weight: 1 }}, {{ upstream: green, weight: 1 }}] {} }}
    rollout: {{ canary: green }}
)",
                                         options.blue, options.green, options.split);
    auto prepared = compiler_.prepare(std::make_shared<const config::Config>(load(text)));
    auto socket = listen::open_listener(SocketAddress{*IpAddress::parse("127.0.0.1"), 0}, bound_);
    if (!prepared || !socket) throw TestFailure("the worker cannot start");
    prepared_ = std::move(*prepared);
    compiler_.commit(prepared_);
    auto snapshot = build(1);
    auto items = std::make_shared<std::vector<ListenerSocket>>();
    items->push_back({snapshot->listeners.front(), std::move(*socket)});
    worker_.post([this, snapshot, items] { worker_.install(snapshot, std::move(*items)); });
    thread_ = std::thread([this] { worker_.run(); });
  }
  // NOLINTNEXTLINE(bugprone-exception-escape): a test whose worker does not drain had better stop
  ~RolloutWorker() {
    std::promise<void> drains;
    worker_.post([&] {
      worker_.drain([] {});  // closes what it listens on
      drains.set_value();
    });
    drains.get_future().wait();
    worker_.stop();
    thread_.join();
  }
  RolloutWorker(const RolloutWorker&) = delete;
  RolloutWorker& operator=(const RolloutWorker&) = delete;

  std::uint16_t port() const { return bound_.port; }

  template <class Work>
  auto on_worker(Work work) {
    const auto done = std::make_shared<std::promise<decltype(work())>>();
    auto result = done->get_future();
    worker_.post([done, work] { done->set_value(work()); });
    return result.get();
  }

  /// Other weights are in force from the next request on.
  void publish(std::uint32_t publication) {
    auto snapshot = build(publication);
    on_worker([this, snapshot] {
      std::vector<ListenerSocket> sockets;
      sockets.push_back({snapshot->listeners.front(), {}});
      worker_.install(snapshot, std::move(sockets));
      return 0;
    });
  }
  /// None runs any more.
  void publish_end() { publish(0); }

  /// What was counted so far, once it is of `requests` requests: the last of them may be at its end yet.
  std::map<Side, Sums> sums(std::uint64_t requests) {
    eventually("requests counted", [&] {
      take();
      return sums_[Side::canary].requests + sums_[Side::comparison].requests >= requests;
    });
    return sums_;
  }
  const std::vector<RolloutUnit>& clients() const { return clients_; }
  std::uint32_t publication() const { return publication_; }

 private:
  void take() {
    for (RolloutCounts& each : on_worker([this] { return worker_.take_rollout_counts(); })) {
      EXPECT_EQ(each.id, 7U);
      publication_ = each.counts.publication;
      for (const Side side : {Side::comparison, Side::canary}) {
        const rollout::SideCounts& counts = each.counts.sides[index(side)];
        Sums& sums = sums_[side];
        sums.requests += counts.requests;
        sums.failed += counts.failed;
        sums.client_errors += counts.client_errors;
        sums.latencies += counts.latency.total();
      }
      for (const RolloutUnit& unit : each.counts.clients) ++sums_[unit.side].clients;
      clients_.insert(clients_.end(), each.counts.clients.begin(), each.counts.clients.end());
    }
  }
  std::shared_ptr<Snapshot> build(std::uint32_t publication) {
    return compiler_.build(
        prepared_, publication, [this](const config::Listener&) { return bound_; },
        [](const std::string&) { return std::vector<upstream::NamedAddress>(); }, {}, Clock::now(),
        [&](const config::Route&) {
          RolloutInForce in_force;
          if (publication == 0) return in_force;
          auto runtime = std::make_shared<RolloutRuntime>();
          runtime->id = 7;
          runtime->publication = publication;
          runtime->canary = green;
          runtime->comparison = blue;
          runtime->by_client = by_client_;
          runtime->turn_key = {1, 2};
          runtime->client_key = {3, 4};
          in_force.runtime = std::move(runtime);
          return in_force;
        });
  }

  const bool by_client_;
  observe::NameTable names_;
  control::Compiler compiler_{names_};
  control::Compiler::Prepared prepared_;
  ProcessShared shared_;
  SocketAddress bound_;
  Worker worker_{0, shared_, 1};
  std::thread thread_;
  std::map<Side, Sums> sums_;
  std::vector<RolloutUnit> clients_;
  std::uint32_t publication_ = 0;
};

/// `endpoints: [...]` and further keys.
std::string to(std::initializer_list<const ScriptableEndpoint*> endpoints, const std::string& more = {}) {
  std::string list;
  for (const ScriptableEndpoint* const endpoint : endpoints)
    list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", endpoint->address());
  return "endpoints: [" + list + "]" + more;
}

constexpr std::uint64_t cycle = 64;  // of weights 1 and 1: over so many turns the shares are exact

TEST(RolloutWorkerTest, CountsEachSideByTurns) {
  ScriptableEndpoint good(behave::ok()), bad(behave::status(500));
  RolloutWorker worker({.blue = to({&good}), .green = to({&bad})});
  RawClient client(worker.port());
  for (std::uint64_t i = 0; i < cycle; ++i) client.get("/");
  auto sums = worker.sums(cycle);
  EXPECT_EQ(sums[Side::comparison], (Sums{.requests = cycle / 2, .latencies = cycle / 2}));
  EXPECT_EQ(sums[Side::canary], (Sums{.requests = cycle / 2, .failed = cycle / 2, .latencies = cycle / 2}));
  EXPECT_EQ(worker.publication(), 1U);

  worker.publish_end();
  client.get("/");
  worker.publish(3);
  client.get("/");
  sums = worker.sums(cycle + 1);
  EXPECT_EQ(sums[Side::comparison].requests + sums[Side::canary].requests, cycle + 1) << "one while none ran";
  EXPECT_EQ(worker.publication(), 3U);
}

TEST(RolloutWorkerTest, ARetryWithinTheSideDoesNotHideTheFirstTry) {
  ScriptableEndpoint good(behave::ok()), well(behave::ok()), resets(behave::reset());
  RolloutWorker worker({.blue = to({&good}),
                        .green = to({&well, &resets},
                                    ", balance: round_robin, passive_health: { consecutive_failures: 0 }, "
                                    "retry: { budget: { min_per_second: 1000 } }")});
  RawClient client(worker.port());
  for (std::uint64_t i = 0; i < cycle; ++i) EXPECT_EQ(client.get("/").status, 200);
  auto sums = worker.sums(cycle);
  EXPECT_EQ(sums[Side::comparison].failed, 0U);
  EXPECT_EQ(sums[Side::canary].requests, cycle / 2);
  EXPECT_GT(sums[Side::canary].failed, 0U);
  EXPECT_EQ(sums[Side::canary].failed, resets.request_count());
}

TEST(RolloutWorkerTest, WhatAnotherSideGotInsteadFailed) {
  ScriptableEndpoint good(behave::ok()), bad(behave::status(503));
  RolloutWorker worker({.blue = to({&good}), .green = to({&bad})});
  RawClient client(worker.port());
  std::uint64_t failed = 0;
  for (std::uint64_t i = 0; i < cycle; ++i) failed += client.get("/").status == 503 ? 1 : 0;
  EXPECT_LT(failed, cycle / 4) << "the side is out after a few";
  auto sums = worker.sums(cycle);
  EXPECT_EQ(sums[Side::comparison].failed, 0U);
  EXPECT_GT(sums[Side::canary].requests, cycle / 4);
  EXPECT_EQ(sums[Side::canary].failed, sums[Side::canary].requests);
  EXPECT_EQ(sums[Side::canary].latencies, failed) << "that of the others is not this side's";
}

TEST(RolloutWorkerTest, ARetryThatLeftItsSideFailedThere) {
  ScriptableEndpoint good(behave::ok()), resets(behave::reset());
  RolloutWorker worker({.blue = to({&good}, ", retry: { budget: { min_per_second: 1000 } }"),
                        .green = to({&resets}, ", passive_health: { consecutive_failures: 0 }")});
  RawClient client(worker.port());
  for (std::uint64_t i = 0; i < cycle; ++i) EXPECT_EQ(client.get("/").status, 200);
  auto sums = worker.sums(cycle);
  EXPECT_EQ(sums[Side::comparison].failed, 0U);
  EXPECT_GT(sums[Side::canary].requests, cycle / 4);
  EXPECT_EQ(sums[Side::canary].failed, sums[Side::canary].requests);
  EXPECT_EQ(sums[Side::canary].latencies, 0U) << "it is that of the other side";
}

TEST(RolloutWorkerTest, CountsClientsByTheirKey) {
  ScriptableEndpoint good(behave::ok()), other(behave::ok());
  RolloutWorker worker({.blue = to({&good}),
                        .green = to({&other}),
                        .split =
                            ", affinity: { by: \"header:X-User\" }, overrides: [{ header: \"X-Canary: yes\", "
                            "upstream: green }]",
                        .by_client = true});
  RawClient client(worker.port());
  for (const char* const user : {"ada", "bob", "ada"}) client.get("/", fmt::format("X-User: {}\r\n", user));
  client.get("/", "X-User: ada\r\nX-Canary: yes\r\n");  // does not count
  client.get("/");
  client.get("/");
  auto sums = worker.sums(5);
  EXPECT_EQ(sums[Side::comparison].requests + sums[Side::canary].requests, 5U);
  EXPECT_EQ(sums[Side::comparison].clients + sums[Side::canary].clients, 5U);
  const std::vector<RolloutUnit>& clients = worker.clients();
  ASSERT_EQ(clients.size(), 5U);
  EXPECT_EQ(clients[0].client, clients[2].client);
  EXPECT_EQ(clients[0].side, clients[2].side);
  EXPECT_NE(clients[0].client, clients[1].client);
  EXPECT_NE(clients[3].client, clients[4].client) << "without the header each is a client of its own";
}

TEST(RolloutWorkerTest, AClientThatLeavesBeforeItsAnswerIsNoUnit) {
  ScriptableEndpoint slow(behave::hang()), also(behave::hang());
  RolloutWorker worker({.blue = to({&slow}), .green = to({&also})});
  RawClient leaving(worker.port());
  leaving.send_get("/");
  eventually("request there", [&] { return slow.request_count() + also.request_count() == 1; });
  leaving.reset();
  eventually("call aborted", [&] { return slow.open_count() + also.open_count() == 0; });
  slow.behave(behave::ok());
  also.behave(behave::ok());
  RawClient client(worker.port());
  client.get("/");
  auto sums = worker.sums(1);
  EXPECT_EQ(sums[Side::comparison].requests + sums[Side::canary].requests, 1U);
}

TEST(RolloutWorkerTest, ATunnelCountsWhenItBegins) {
  const auto upgrade =
      behave::respond(fmt::format("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
                                  "Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
                                  websocket_accept_value));
  ScriptableEndpoint one(upgrade), other(upgrade);
  RolloutWorker worker({.blue = to({&one}), .green = to({&other})});
  {
    RawClient client(worker.port());
    client.send_get("/", websocket_upgrade_fields);
    EXPECT_EQ(client.read_head().status, 101);
    auto sums = worker.sums(1);  // while it is open
    EXPECT_EQ(sums[Side::comparison].failed + sums[Side::canary].failed, 0U);
  }
  eventually("tunnel closed", [&] { return one.open_count() + other.open_count() == 0; });
  RawClient client(worker.port());
  one.behave(behave::ok());
  other.behave(behave::ok());
  client.get("/");
  auto sums = worker.sums(2);
  EXPECT_EQ(sums[Side::comparison].requests + sums[Side::canary].requests, 2U) << "its end is no unit";
}

TEST(RolloutWorkerTest, WhatBeganUnderOtherWeightsDoesNotCount) {
  const auto gate = std::make_shared<Gate>();
  ScriptableEndpoint one(behave::gated(gate, behave::ok())), other(behave::gated(gate, behave::ok()));
  RolloutWorker worker({.blue = to({&one}), .green = to({&other})});
  RawClient before(worker.port());
  before.send_get("/");
  eventually("request there", [&] { return one.request_count() + other.request_count() == 1; });
  worker.publish(2);
  RawClient after(worker.port());
  after.send_get("/");
  eventually("both there", [&] { return one.request_count() + other.request_count() == 2; });
  gate->open();
  EXPECT_EQ(before.read_response().status, 200);
  EXPECT_EQ(after.read_response().status, 200);
  after.get("/");
  auto sums = worker.sums(2);
  EXPECT_EQ(worker.publication(), 2U);
  EXPECT_EQ(sums[Side::comparison].requests + sums[Side::canary].requests, 2U);
}

}  // namespace
}  // namespace weir::server
