// Reports as JSON, answers as bytes, and routes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "admin/json.hpp"
#include "admin/response.hpp"
#include "admin/route_json.hpp"

namespace weir::control {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr SystemTime some_time{std::chrono::sys_days{std::chrono::year{2026} / 1 / 31} + 12h};

TEST(HealthReport, StatusIsTheWorstOfAll) {
  const auto status = [](std::vector<UpstreamHealth> upstreams) {
    return std::string(HealthReport{"1", std::move(upstreams)}.status());
  };
  EXPECT_EQ(status({}), "healthy");
  EXPECT_EQ(status({{"a", 2, 2}, {"b", 1, 1}}), "healthy");
  EXPECT_EQ(status({{"a", 2, 2}, {"b", 1, 2}}), "degraded");
  EXPECT_EQ(status({{"a", 1, 2}, {"b", 0, 2}}), "unhealthy");
  EXPECT_EQ(status({{"a", 2, 2}, {"b", 0, 0}}), "unhealthy");
}

TEST(AdminJson, Health) {
  EXPECT_EQ(to_json(HealthReport{"1.2.3", {{"blue", 2, 3}}}),
            R"({"status":"degraded","version":"1.2.3","upstreams":{"blue":{"healthy":2,"total":3}}})");
}

TEST(AdminJson, Status) {
  StatusReport report;
  report.version = "1.2.3";
  report.commit = "abc";
  report.pid = 9;
  report.state = RunState::draining;
  report.started = some_time - 90s;
  report.workers = 4;
  report.generation = 12;
  report.config_hash = "ff00";
  report.config_files = {"a.yaml", "b.yaml"};
  report.last_reload = some_time;
  report.last_reload_error = "bad \"key\"";
  limit::Uses uses{};
  uses[0] = {95, 100};
  report.overload.update(uses);
  report.listeners = {{"https", "[::]:8443", true, 100, 5, 6}};
  report.files_differ = true;
  report.guard = {GuardReport::State::taken_back, 11, some_time - 30s, some_time, "worse"};
  report.pauses = {{"api", true, 3, 10, 0, 1, 2, 3, 4, "ada", "restart", some_time - 30s, some_time + 30s}};
  report.requests_total = 18'446'744'073'709'551'615u;
  report.requests_in_flight = 2;
  EXPECT_EQ(
      to_json(report, some_time),
      R"({"version":"1.2.3","commit":"abc","pid":9,"state":"draining","started":"2026-01-31T11:58:30.000Z",)"
      R"("uptime_seconds":90,"workers":4,"config":{"generation":12,"hash":"ff00","files":["a.yaml","b.yaml"],)"
      R"("files_differ":true,)"
      R"("last_reload":{"success":false,"at":"2026-01-31T12:00:00.000Z","error":"bad \"key\""},)"
      R"("guard":{"state":"taken_back","generation":11,"since":"2026-01-31T11:59:30.000Z",)"
      R"("until":"2026-01-31T12:00:00.000Z","text":"worse"}},)"
      R"("overload":{"state":"tight","bounds":{"connections":{"used":95,"max":100,"state":"tight"}}},)"
      R"("listeners":[{"name":"https","address":"[::]:8443","tls":true,)"
      R"("connections":{"active":5,"idle":6,"total":100}}],)"
      R"("pauses":[{"route":"api","state":"paused","waiting":3,"queue":10,)"
      R"("requests":{"let_go":1,"timeout":2,"left":3,"refused":4},"who":"ada","reason":"restart",)"
      R"("since":"2026-01-31T11:59:30.000Z","until":"2026-01-31T12:00:30.000Z","seconds_left":3E1}],)"
      R"("requests":{"total":18446744073709551615,"in_flight":2}})");
  report.last_reload_error.clear();
  const json::value good = json::parse(to_json(report, some_time - 200s));
  EXPECT_EQ(good.at("uptime_seconds").to_number<int>(), 0) << "a clock that was set back";
  EXPECT_FALSE(good.at("config").at("last_reload").as_object().contains("error"));
}

TEST(AdminJson, Upstreams) {
  EndpointReport endpoint{"127.0.0.1:9001", 3, "healthy", 1, 4, 50, 6, 7, 8, {}};
  endpoint.effective_weight = 1.5;
  endpoint.max_connections = 9;
  endpoint.backup = true;
  endpoint.zone = "a";
  UpstreamReport blue;
  blue.name = "blue";
  blue.balance = "round_robin";
  blue.protocol = "h2c";
  blue.endpoints = {endpoint};
  blue.waiting = 10;
  blue.queue_max = 11;
  blue.requests = 12;
  blue.max_requests = 13;
  blue.retries = {{2, 45}, {30, 4}};
  UpstreamReport empty;
  empty.name = "empty";
  empty.balance = "round_robin";
  empty.protocol = "http1";
  empty.panic = true;
  EXPECT_EQ(
      to_json({blue, empty}),
      R"({"upstreams":[{"name":"blue","protocol":"h2c","balance":"round_robin","panic":false,)"
      R"("queue":{"waiting":10,"max":11},"requests":{"running":12,"max":13},"endpoints":[)"
      R"({"address":"127.0.0.1:9001","weight":3,"state":"healthy","ejections_in_row":0,"in_flight":1,)"
      R"("consecutive_failures":4,"window":{"requests":0,"failures":0},"requests":50,"failures":6,)"
      R"("connections":{"active":7,"idle":8},"effective_weight":1.5E0,"max_connections":9,"backup":true,)"
      R"("zone":"a"}],"retries":{"last_10s":2,"allowed":45,"percent":30,"min_per_second":4}},)"
      R"({"name":"empty","protocol":"http1","balance":"round_robin","panic":true,)"
      R"("queue":{"waiting":0,"max":0},"requests":{"running":0,"max":0},"endpoints":[],)"
      R"("retries":{"last_10s":0,"allowed":0,"percent":20,"min_per_second":10}}]})");
}

TEST(AdminJson, AnEndpointSaysWhoTookItOut) {
  EndpointReport endpoint;
  endpoint.address = "127.0.0.1:9001";
  endpoint.state = "drain";
  endpoint.taken_out = {"ada from 10.0.0.1", "kernel", some_time};
  const std::string taken_out =
      R"("taken_out":{"who":"ada from 10.0.0.1","reason":"kernel","since":"2026-01-31T12:00:00.000Z"})";
  EXPECT_THAT(to_json({UpstreamReport{"blue", "round_robin", {endpoint}}}), HasSubstr(taken_out));
  EXPECT_EQ(
      to_json(EndpointControlReport{"blue", "127.0.0.1:9001", "drain", 3, endpoint.taken_out}),
      R"({"upstream":"blue","address":"127.0.0.1:9001","state":"drain","in_flight":3,)" + taken_out + "}");
  EXPECT_EQ(to_json(EndpointControlReport{"blue", "127.0.0.1:9001", "healthy", 0, {}}),
            R"({"upstream":"blue","address":"127.0.0.1:9001","state":"healthy","in_flight":0})");
}

TEST(AdminJson, AnEjectedEndpointSaysWhySinceAndUntilWhen) {
  EndpointReport endpoint;
  endpoint.state = "ejected";
  endpoint.why = "3 consecutive failures (connect_refused x3)";
  endpoint.since = some_time;
  endpoint.until = some_time + 30s;
  endpoint.ejections_in_row = 2;
  endpoint.window_requests = 40;
  endpoint.window_failures = 20;
  UpstreamReport blue;
  blue.endpoints = {endpoint};
  const json::value shown = json::parse(to_json({blue})).at("upstreams").at(0).at("endpoints").at(0);
  EXPECT_EQ(shown.at("why"), "3 consecutive failures (connect_refused x3)");
  EXPECT_EQ(shown.at("since"), "2026-01-31T12:00:00.000Z");
  EXPECT_EQ(shown.at("until"), "2026-01-31T12:00:30.000Z");
  EXPECT_EQ(shown.at("ejections_in_row"), 2);
  EXPECT_EQ(json::serialize(shown.at("window")), R"({"requests":40,"failures":20})");
}

TEST(AdminJson, AnEndpointsLastCheck) {
  EndpointReport endpoint;
  endpoint.address = "127.0.0.1:9001";
  endpoint.state = "check_failed";
  endpoint.check = CheckSummary{"failed", "status 503", some_time, 1.5, 4};
  const std::vector<UpstreamReport> reports{{"blue", "round_robin", {endpoint}}};
  const json::value report = json::parse(to_json(reports));
  const json::value& shown = report.at("upstreams").at(0).at("endpoints").at(0);
  EXPECT_EQ(
      json::serialize(shown.at("check")),
      R"({"at":"2026-01-31T12:00:00.000Z","result":"failed","detail":"status 503","ms":1.5E0,"in_a_row":4})");
}

TEST(AdminJson, ReloadSaysWhatChanged) {
  ReloadOutcome outcome;
  outcome.ok = true;
  outcome.generation = 3;
  outcome.hash = "ff00";
  outcome.changes.routes = {12, 1, 0, 2};
  outcome.changes.routes_reordered = true;
  outcome.changes.settings = {"log"};
  const json::value report = json::parse(to_json(outcome));
  EXPECT_EQ(report.at("reloaded"), true);
  EXPECT_EQ(report.at("generation"), 3);
  EXPECT_EQ(report.at("hash"), "ff00");
  EXPECT_EQ(json::serialize(report.at("changes").at("routes")),
            R"({"kept":12,"changed":1,"removed":0,"added":2})");
  EXPECT_EQ(report.at("changes").at("listeners").at("kept"), 0);
  EXPECT_EQ(report.at("changes").at("routes_reordered"), true);
  EXPECT_EQ(report.at("changes").at("settings").at(0), "log");
}

TEST(AddCounters, FillsWhatTheWorkersCounted) {
  observe::NameTable names;
  observe::WorkerMetrics merged;
  const auto route = names.intern("api"), http = names.intern("http"), blue = names.intern("blue");
  const auto label = names.intern("127.0.0.1:9001");
  merged.request_started(route);
  merged.request_started(route);
  merged.request_finished(route, blue, http::Method::get, 200, 0.1);
  merged.listener(http).connections_total = 50;
  merged.listener(http).active = 3;
  merged.listener(http).idle = 4;
  auto& counted = merged.endpoint(blue, label);
  counted.responses = {1, 0, 10, 0, 0, 2};
  counted.failures["connect_refused"] = 5;
  counted.active = 6;
  counted.idle = 7;

  StatusReport status;
  status.listeners = {{"http", "", false}, {"never used", "", false}};
  add_counters(status, merged, names);
  EXPECT_EQ(status.requests_total, 1u);
  EXPECT_EQ(status.requests_in_flight, 1);
  EXPECT_EQ(status.listeners[0].connections_total, 50u);
  EXPECT_EQ(status.listeners[0].active, 3);
  EXPECT_EQ(status.listeners[0].idle, 4);
  EXPECT_EQ(status.listeners[1].connections_total, 0u);

  EndpointReport known, unknown;
  known.address = "127.0.0.1:9001";
  unknown.address = "127.0.0.1:9002";
  std::vector<UpstreamReport> upstreams{{"blue", "", {known, unknown}}, {"green", "", {known}}};
  add_counters(upstreams, merged, names);
  EXPECT_EQ(upstreams[0].endpoints[0].requests_total, 13u);
  EXPECT_EQ(upstreams[0].endpoints[0].failures_total, 5u);
  EXPECT_EQ(upstreams[0].endpoints[0].connections_active, 6);
  EXPECT_EQ(upstreams[0].endpoints[0].connections_idle, 7);
  EXPECT_EQ(upstreams[0].endpoints[1].requests_total, 0u);
  EXPECT_EQ(upstreams[1].endpoints[0].requests_total, 0u) << "the same address in another upstream";
}

TEST(Problem, IsRfc9457) {
  const AdminResponse response = problem(422, "not \"valid\"", {"a\nb", "c"});
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body, R"({"type":"about:blank","title":"Unprocessable Entity","status":422,)"
                           R"("detail":"not \"valid\"","errors":["a\nb","c"]})");
  EXPECT_THAT(problem(404, "x").body, Not(HasSubstr("errors")));
}

TEST(Render, IsExact) {
  AdminResponse response;
  response.body = "{}";
  response.fields.emplace_back("Allow", "GET");
  ResponseForm form;
  form.now = some_time;
  const std::string head =
      "HTTP/1.1 200 OK\r\nDate: Sat, 31 Jan 2026 12:00:00 GMT\r\nContent-Type: application/json\r\n"
      "Content-Length: 2\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
      "X-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin\r\n"
      "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nAllow: GET\r\n";
  EXPECT_EQ(render(response, form), head + "\r\n{}");
  form.head = true;
  form.keep_alive = false;
  EXPECT_EQ(render(response, form), head + "Connection: close\r\n\r\n");
  response.fields = {{"Content-Security-Policy", "default-src 'self'"}};
  const std::string own = render(response, form);
  EXPECT_THAT(own, HasSubstr("Content-Security-Policy: default-src 'self'\r\n"));
  EXPECT_THAT(own, Not(HasSubstr("default-src 'none'")));
}

TEST(Render, AStreamHasNoLength) {
  const std::string head = render_stream_head("text/event-stream", true, some_time);
  EXPECT_THAT(head, HasSubstr("HTTP/1.1 200 OK\r\nDate: Sat, 31 Jan 2026 12:00:00 GMT\r\n"));
  EXPECT_THAT(head, HasSubstr("Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"));
  EXPECT_THAT(head, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(head, HasSubstr("Connection: close\r\n\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(render_stream_head("text/event-stream", false, some_time), Not(HasSubstr("Transfer-Encoding")));
}

TEST(RouteJson, ListsTheRoutesOfTheDump) {
  config::Config config;
  config.upstreams.push_back({});
  config.upstreams[0].name = "blue";
  config::Route route;
  route.name = "api";
  route.action = config::ProxyAction{};
  config.routes = {route, route};
  config.routes[1].name = "last";
  const json::value routes = json::parse(routes_json(config));
  ASSERT_EQ(routes.at("routes").as_array().size(), 2u);
  EXPECT_EQ(routes.at("routes").at(0).at("name").as_string(), "api");
  EXPECT_EQ(routes.at("routes").at(1).at("name").as_string(), "last");
}

}  // namespace
}  // namespace weir::control
