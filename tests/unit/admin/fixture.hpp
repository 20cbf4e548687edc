// An AdminServer on a loopback port with a backend that a test scripts; the server runs on a thread of its own,
// as on the control thread.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "admin/live_facts.hpp"
#include "admin/server.hpp"
#include "observe/events.hpp"

namespace weir::control {

inline ReloadOutcome refused_reload(std::vector<std::string> problems) {
  ReloadOutcome outcome;
  outcome.generation = 7;
  outcome.problems = std::move(problems);
  return outcome;
}

inline RolloutBackend scripted_rollouts() {
  RolloutBackend rollouts;
  rollouts.reports = [] {
    RolloutReport report;
    report.route = "api";
    report.canary = "green";
    return std::vector<RolloutReport>{report};
  };
  rollouts.start = [](const RolloutCall& call, const Reply<RolloutOutcome>& reply) {
    RolloutOutcome outcome;
    outcome.status = 202;
    outcome.report.route = call.route;
    outcome.report.canary = call.body + " from " + call.peer;
    reply(outcome);
  };
  rollouts.change = [](const RolloutCall& call, const Reply<RolloutOutcome>& reply) {
    RolloutOutcome outcome;
    outcome.report.route = call.route;
    if (call.route != "api") {
      outcome.status = 409;
      outcome.detail = "nothing has changed: no rollout was started";
    }
    reply(outcome);
  };
  return rollouts;
}

/// What the stream is made of; the reports of `backend` are set.
inline void script_live(AdminBackend& backend) {
  backend.counters = [](const CountersReply& reply) {
    static const observe::WorkerMetrics none;
    static const observe::NameTable no_names;
    reply(none, no_names);
  };
  backend.shown_names = [] { return observe::ShownNames{}; };
  backend.live = [status = backend.status, upstreams = backend.upstreams, splits = backend.splits] {
    LiveFacts facts;
    facts.boot_mark = "1f0c9a3e";
    status([&facts](StatusReport report) { facts.status = std::move(report); });
    upstreams([&facts](std::vector<UpstreamReport> reports) { facts.upstreams = std::move(reports); });
    facts.splits = splits();
    return facts;
  };
}

/// Verbs of a route, and questions.
inline void script_operations(AdminBackend& backend) {
  backend.route_verb = [](const RouteVerbCall& call, const Reply<RouteVerbOutcome>& reply) {
    if (call.route != "api") return reply(refused_verb(404, "no route has that name", {"one", "two"}));
    RouteVerbOutcome outcome;
    outcome.json = R"({"route":"api","verb":)" + std::to_string(static_cast<int>(call.verb)) +
                   (call.write ? R"(,"write":true})" : R"(,"write":false})");
    reply(outcome);
  };
  backend.explain = [](std::string_view body) {
    ExplainOutcome outcome;
    outcome.text = body.find(R"("format":"text")") != body.npos;
    outcome.shown = outcome.text ? "request    GET\n" : R"({"method":"GET"})";
    if (body.find("nonsense") != body.npos)
      outcome = {422, "not understood", {"method: is missing"}, {}, false};
    return outcome;
  };
}

/// Answers at once with something recognisable; tests replace members before the server starts.
inline AdminBackend scripted_backend() {
  AdminBackend backend;
  backend.ready = [] { return true; };
  backend.health = [] { return HealthReport{"1.2.3", {{"blue", 2, 2}}}; };
  backend.config = [] { return std::string(R"({"config":true})"); };
  backend.routes = [] { return std::string(R"({"routes":[]})"); };
  backend.metrics = [](const Reply<std::string>& reply) { reply("weir_up 1\n"); };
  backend.status = [](const Reply<StatusReport>& reply) {
    StatusReport report;
    report.version = "1.2.3";
    report.commit = "abcdef";
    report.pid = 42;
    report.state = RunState::ready;
    report.workers = 2;
    report.generation = 7;
    report.config_hash = "0123456789abcdef";
    report.listeners = {{"http", "127.0.0.1:8080", false, 10, 1, 2}};
    report.requests_total = 1000;
    report.requests_in_flight = 3;
    reply(std::move(report));
  };
  backend.upstreams = [](const Reply<std::vector<UpstreamReport>>& reply) {
    EndpointReport endpoint;
    endpoint.address = "127.0.0.1:9001";
    endpoint.requests_total = 500;
    std::vector<UpstreamReport> reports{{"blue", "least_connections", {endpoint}}};
    reply(std::move(reports));
  };
  backend.reload = [](const ReloadCall&, const Reply<ReloadOutcome>& reply) {
    ReloadOutcome outcome;
    outcome.ok = true;
    outcome.generation = 8;
    outcome.hash = "fedcba9876543210";
    outcome.changes.routes = {12, 1, 0, 2};
    reply(outcome);
  };
  backend.splits = [] {
    SplitReport report;
    report.route = "api";
    report.generation = 7;
    report.affinity = "none";
    report.targets = {{"blue", 90, 90, 2, 2}, {"green", 10, 10, 1, 1}};
    return std::vector<SplitReport>{report};
  };
  backend.set_split = [](const SplitCall& call, const Reply<SplitOutcome>& reply) {
    SplitOutcome outcome;
    outcome.report.route = call.route;
    outcome.report.affinity = call.body + " from " + call.peer;
    if (call.route != "api") outcome = {404, "no route has that name", {"one", "two"}, {}};
    reply(outcome);
  };
  backend.endpoint = [](const EndpointCall& call) {
    EndpointOutcome outcome;
    outcome.report = {call.upstream, call.address, "drain", 2, {}};
    if (call.upstream != "blue") outcome = {404, "no upstream is named '" + call.upstream + "'", {}, {}};
    return outcome;
  };
  backend.set_endpoint = [show = backend.endpoint](const EndpointCall& call,
                                                   const Reply<EndpointOutcome>& reply) {
    EndpointOutcome outcome = show(call);
    if (call.body.find("disabled") != std::string::npos) outcome.report.state = "disabled";
    reply(outcome);
  };
  backend.rollouts = scripted_rollouts();
  script_operations(backend);
  backend.audit = [] { return std::string(R"({"audit":[]})"); };
  script_live(backend);
  return backend;
}

/// An event of kind `test`; its number.
inline std::uint64_t emit(const std::string& text) {
  observe::Event event;
  event.kind = "test";
  event.text = text;
  observe::emit(std::move(event));
  return observe::last_event_id();
}

class AdminFixture {
 public:
  explicit AdminFixture(AdminBackend scripted = scripted_backend(), std::string token = "")
      : AdminFixture(std::move(scripted),
                     AdminOptions{.rules = {.token = std::move(token), .read_token = {}, .hosts = {}}}) {}
  AdminFixture(AdminBackend scripted, AdminOptions options) : backend(std::move(scripted)) {
    server =
        std::make_unique<AdminServer>(io, *SocketAddress::parse("127.0.0.1:0"), std::move(options), backend);
    port = server->start().value().port;
    thread_ = std::thread([this] {
      const auto work = boost::asio::make_work_guard(io);
      io.run();
    });
  }
  // NOLINTNEXTLINE(bugprone-exception-escape): a test without an end of its server had better stop
  ~AdminFixture() {
    on_thread([this] { server.reset(); });
    io.stop();
    thread_.join();
  }
  AdminFixture(const AdminFixture&) = delete;
  AdminFixture& operator=(const AdminFixture&) = delete;

  /// Runs `work` where the server lives and waits for it.
  template <class Work>
  std::invoke_result_t<Work> on_thread(Work work) {
    const auto task = std::make_shared<std::packaged_task<std::invoke_result_t<Work>()>>(std::move(work));
    auto result = task->get_future();
    boost::asio::post(io, [task] { (*task)(); });
    return result.get();
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port); }

  boost::asio::io_context io;
  AdminBackend backend;
  std::unique_ptr<AdminServer> server;
  std::uint16_t port = 0;

 private:
  std::thread thread_;
};

}  // namespace weir::control
