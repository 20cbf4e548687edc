// The admin address over real sockets: what each path answers, how connections live and end, and its bounds.
#include "admin/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "support/deadline.hpp"
#include "support/raw_client.hpp"
#include "unit/admin/fixture.hpp"

namespace weir::control {
namespace {

using ::testing::HasSubstr;
using testing::RawClient;
using testing::Response;
namespace json = boost::json;

std::string host(const AdminFixture& admin) {
  return "Host: " + admin.address() + "\r\n";
}

Response ask(const AdminFixture& admin, const std::string& request_line, const std::string& extra = "") {
  RawClient client(admin.port);
  client.send(request_line + " HTTP/1.1\r\n" + host(admin) + extra + "\r\n");
  return client.read_response(request_line.substr(0, request_line.find(' ')));
}

TEST(AdminServer, AnswersEveryPath) {
  const AdminFixture admin;
  struct Case {
    const char* request;
    int status;
    const char* type;
    const char* part;  // of the body
  };
  for (const auto& [request, status, type, part] :
       {Case{"GET /", 200, "text/html; charset=utf-8", "<title>Weir</title>"},
        {"GET /app.js", 200, "text/javascript; charset=utf-8", "import "},
        {"GET /app.css?x", 200, "text/css; charset=utf-8", "table"},
        {"GET /health/live", 200, "application/json", R"("live")"},
        {"GET /health/ready", 200, "application/json", R"("ready")"},
        {"GET /health", 200, "application/json", R"("status":"healthy")"},
        {"GET /metrics", 200, "text/plain; version=0.0.4; charset=utf-8", "weir_up 1\n"},
        {"GET /api/v1/status", 200, "application/json", R"("generation":7)"},
        {"GET /api/v1/config", 200, "application/json", R"({"config":true})"},
        {"GET /api/v1/upstreams", 200, "application/json", R"("address":"127.0.0.1:9001")"},
        {"GET /api/v1/routes?x=1", 200, "application/json", R"({"routes":[]})"},
        {"POST /api/v1/reload", 200, "application/json", R"({"reloaded":true,"generation":8,"hash":")"},
        {"GET /nothing", 404, "application/problem+json", R"("status":404)"},
        {"POST /metrics", 405, "application/problem+json", "GET and HEAD"},
        {"OPTIONS /metrics", 405, "application/problem+json", "GET and HEAD"}}) {
    const Response response = ask(admin, request);
    EXPECT_EQ(response.status, status) << request;
    EXPECT_EQ(response.fields.get("Content-Type"), type) << request;
    EXPECT_THAT(response.body, HasSubstr(part)) << request;
    EXPECT_TRUE(response.complete) << request;
  }
}

TEST(AdminServer, SecurityFieldsAreOnEveryAnswer) {
  const AdminFixture admin;
  for (const char* request : {"GET /", "GET /metrics", "GET /nothing", "PUT /api/v1/reload"}) {
    const Response response = ask(admin, request);
    EXPECT_EQ(response.fields.get("X-Content-Type-Options"), "nosniff") << request;
    EXPECT_EQ(response.fields.get("X-Frame-Options"), "DENY") << request;
    EXPECT_EQ(response.fields.get("Cache-Control"), "no-store") << request;
    EXPECT_EQ(response.fields.values("Content-Security-Policy").size(), 1u) << request;
    EXPECT_THAT(response.fields.get("Content-Security-Policy"), HasSubstr("default-src 'none'")) << request;
    EXPECT_FALSE(response.fields.has("Access-Control-Allow-Origin")) << request;
    EXPECT_FALSE(response.fields.has("Server")) << request;
    EXPECT_TRUE(response.fields.has("Date")) << request;
  }
}

TEST(AdminServer, HeadAnswersAsGetWithoutItsBody) {
  const AdminFixture admin;
  for (const char* path : {"/metrics", "/nothing", "/"}) {
    const Response get = ask(admin, std::string("GET ") + path);
    const Response head = ask(admin, std::string("HEAD ") + path);
    EXPECT_EQ(head.status, get.status);
    EXPECT_EQ(head.fields.get("Content-Length"), std::to_string(get.body.size())) << path;
    EXPECT_EQ(head.body, "");
  }
}

TEST(AdminServer, UnhealthyAndDrainingAre503) {
  AdminBackend backend = scripted_backend();
  backend.ready = [] { return false; };
  backend.health = [] { return HealthReport{"1", {{"blue", 0, 2}}}; };
  const AdminFixture admin(std::move(backend));
  EXPECT_EQ(ask(admin, "GET /health/live").status, 200);
  EXPECT_EQ(ask(admin, "GET /health/ready").status, 503);
  const Response health = ask(admin, "GET /health");
  EXPECT_EQ(health.status, 503);
  EXPECT_EQ(json::parse(health.body).at("status").as_string(), "unhealthy");
}

TEST(AdminServer, FiveWrongTokensInASecondAreEnough) {
  AdminFixture admin(scripted_backend(), "secret");
  const auto try_token = [&admin](const std::string& token) {
    return ask(admin, "POST /api/v1/reload", "Authorization: Bearer " + token + "\r\n");
  };
  int wrong = 0;
  Response last = try_token("guess");
  for (; last.status == 401; ++wrong)
    last = try_token("guess");  // on a slow machine a second may end in between
  EXPECT_GE(wrong, 5);
  EXPECT_EQ(last.status, 429);
  EXPECT_EQ(last.fields.get("Retry-After"), "1");
  EXPECT_EQ(ask(admin, "GET /health/ready").status, 200) << "what carries no token is answered";
  testing::eventually("the second is over", [&] { return try_token("secret").status == 200; });
}

TEST(AdminServer, ThePageHasItsOwnPolicy) {
  const AdminFixture admin;
  for (const char* path : {"GET /", "GET /app.js", "GET /app.css"}) {
    const Response response = ask(admin, path);
    EXPECT_EQ(response.fields.get("Content-Security-Policy"),
              "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
              "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    EXPECT_EQ(response.fields.get("Cross-Origin-Opener-Policy"), "same-origin");
    EXPECT_EQ(response.fields.get("Cross-Origin-Resource-Policy"), "same-origin");
    EXPECT_EQ(response.fields.get("Referrer-Policy"), "no-referrer");
  }
}

TEST(AdminServer, AReloadThatIsRefusedListsEveryProblem) {
  AdminBackend backend = scripted_backend();
  backend.reload = [](const ReloadCall&, const Reply<ReloadOutcome>& reply) {
    reply(refused_reload({"weir.yaml:3:5: routes: unknown key \"rout\"", "second"}));
  };
  const AdminFixture admin(std::move(backend));
  const Response response = ask(admin, "POST /api/v1/reload");
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.fields.get("Content-Type"), "application/problem+json");
  const json::value problem = json::parse(response.body);
  EXPECT_EQ(problem.at("type").as_string(), "about:blank");
  EXPECT_EQ(problem.at("status").as_int64(), 422);
  ASSERT_EQ(problem.at("errors").as_array().size(), 2u);
  EXPECT_EQ(problem.at("errors").at(0).as_string(), "weir.yaml:3:5: routes: unknown key \"rout\"");
}

TEST(AdminServer, TokensGuardWritesAndMayChange) {
  AdminFixture admin(scripted_backend(), "old");
  EXPECT_EQ(ask(admin, "POST /api/v1/reload").status, 401);
  EXPECT_EQ(ask(admin, "POST /api/v1/reload", "Authorization: Bearer old\r\n").status, 200);
  admin.on_thread([&] { admin.server->set_rules({.token = "new", .read_token = {}, .hosts = {}}); });
  EXPECT_EQ(ask(admin, "POST /api/v1/reload", "Authorization: Bearer old\r\n").status, 401);
  EXPECT_EQ(ask(admin, "POST /api/v1/reload", "Authorization: Bearer new\r\n").status, 200);
  EXPECT_EQ(ask(admin, "GET /api/v1/status").status, 200);
}

TEST(AdminServer, QuestionsAreAnsweredAsJsonOrText) {
  const AdminFixture admin;
  const auto post = [&](const std::string& body) {
    return ask(admin, "POST /api/v1/explain",
               "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  };
  EXPECT_EQ(post("{}").fields.get("Content-Type"), "application/json");
  const Response text = post(R"({"format":"text"})");
  EXPECT_EQ(text.fields.get("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(text.body, "request    GET\n");
  const Response wrong = post("nonsense");
  EXPECT_EQ(wrong.status, 422);
  EXPECT_EQ(json::parse(wrong.body).at("errors").at(0), "method: is missing");
}

TEST(AdminServer, SplitsAreShownAndSet) {
  const AdminFixture admin;
  EXPECT_EQ(json::parse(ask(admin, "GET /api/v1/splits").body).at("splits").as_array().size(), 1u);
  const json::value split = json::parse(ask(admin, "GET /api/v1/routes/api/split").body);
  EXPECT_EQ(split.at("generation"), 7);
  EXPECT_EQ(split.at("source"), "file");
  EXPECT_EQ(split.at("targets").at(0).at("share"), 0.9);
  EXPECT_TRUE(split.at("targets").at(0).at("runtime").is_null());
  EXPECT_EQ(ask(admin, "GET /api/v1/routes/web/split").status, 404);
  EXPECT_EQ(ask(admin, "GET /api/v1/audit").body, R"({"audit":[]})");
  const auto put = [&](const std::string& route) {
    RawClient client(admin.port);
    client.send("PUT /api/v1/routes/" + route + "/split HTTP/1.1\r\n" + host(admin) +
                "Content-Length: 4\r\n\r\nbody");
    return client.read_response("PUT");
  };
  const Response done = put("api");
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(json::parse(done.body).at("affinity"), "body from 127.0.0.1");
  const Response refused = put("web");
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(refused.fields.get("Content-Type"), "application/problem+json");
  EXPECT_EQ(json::parse(refused.body).at("errors").as_array().size(), 2u);
}

TEST(AdminServer, RolloutsAreShownStartedAndSteered) {
  const AdminFixture admin;
  EXPECT_EQ(json::parse(ask(admin, "GET /api/v1/rollouts").body).at("rollouts").as_array().size(), 1u);
  EXPECT_EQ(json::parse(ask(admin, "GET /api/v1/routes/api/rollout").body).at("canary"), "green");
  EXPECT_EQ(ask(admin, "GET /api/v1/routes/web/rollout").status, 404);
  const auto write = [&](const std::string& method, const std::string& route) {
    RawClient client(admin.port);
    client.send(method + " /api/v1/routes/" + route + "/rollout HTTP/1.1\r\n" + host(admin) +
                "Content-Length: 4\r\n\r\nbody");
    return client.read_response(method);
  };
  const Response started = write("POST", "api");
  EXPECT_EQ(started.status, 202);
  EXPECT_EQ(json::parse(started.body).at("canary"), "body from 127.0.0.1");
  EXPECT_EQ(write("PUT", "api").status, 200);
  const Response refused = write("PUT", "web");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.fields.get("Content-Type"), "application/problem+json");
}

TEST(AdminServer, HostsAreChecked) {
  const AdminFixture admin;
  struct Case {
    const char* fields;
    int status;
  };
  for (const auto& [fields, status] : {Case{"Host: localhost\r\n", 200},
                                       {"Host: evil.example\r\n", 421},
                                       {"Host: localhost\r\nHost: localhost\r\n", 400},
                                       {"Host: localhost:x\r\n", 400},
                                       {"Host:\r\n", 400},
                                       {"", 400}}) {
    RawClient client(admin.port);
    client.send(std::string("GET /metrics HTTP/1.1\r\n") + fields + "\r\n");
    EXPECT_EQ(client.read_response().status, status) << fields;
  }
}

/// What balancers send to check a server, unless they are told a Host.
TEST(AdminServer, Http10NeedsNoHost) {
  const AdminFixture admin;
  struct Case {
    const char* fields;
    int status;
  };
  for (const auto& [fields, status] : {Case{"", 200},
                                       {"Host: localhost\r\n", 200},
                                       {"Host: evil.example\r\n", 421},
                                       {"Host: localhost\r\nHost: localhost\r\n", 400}}) {
    RawClient client(admin.port);
    client.send(std::string("GET /metrics HTTP/1.0\r\n") + fields + "\r\n");
    EXPECT_EQ(client.read_response().status, status) << fields;
  }
}

TEST(AdminServer, ConnectionsAreKeptAliveAndPipelinedRequestsAnsweredInOrder) {
  const AdminFixture admin;
  RawClient client(admin.port);
  EXPECT_EQ(client.get("/health/live", host(admin)).status, 400) << "two Hosts: the client sends its own";
  client.send("GET /metrics HTTP/1.1\r\n" + host(admin) + "\r\nGET /nothing HTTP/1.1\r\n" + host(admin) +
              "\r\n");
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_EQ(client.read_response().status, 404);
  client.send("GET /metrics HTTP/1.1\r\n" + host(admin) + "Connection: close\r\n\r\n");
  const Response last = client.read_response();
  EXPECT_EQ(last.fields.get("Connection"), "close");
  EXPECT_EQ(client.read_to_end().bytes, "");
}

TEST(AdminServer, BodiesAreReadAndThrownAway) {
  const AdminFixture admin;
  RawClient client(admin.port);
  const std::string body(60'000, 'b');
  client.send("POST /api/v1/reload HTTP/1.1\r\n" + host(admin) + "Content-Length: 60000\r\n\r\n" + body);
  EXPECT_EQ(client.read_response("POST").status, 200);
  client.send("GET /health/live HTTP/1.1\r\n" + host(admin) + "\r\n");
  EXPECT_EQ(client.read_response().status, 200);
}

TEST(AdminServer, WhatCannotBeReadIsRefusedAndTheConnectionEnds) {
  const AdminFixture admin;
  const std::string start = "POST /api/v1/reload HTTP/1.1\r\n" + host(admin);
  struct Case {
    const char* what;
    std::string bytes;
    int status;
  };
  for (const auto& [what, bytes, status] :
       {Case{"body too large", start + "Content-Length: 100000\r\n\r\n", 413},
        {"head too large", "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n", 431},
        {"not HTTP", "hello\r\n\r\n", 400},
        {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
        {"bad length", start + "Content-Length: x\r\n\r\n", 400},
        {"two lengths", start + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400}}) {
    RawClient client(admin.port);
    client.send(bytes);
    const Response response = client.read_response("POST");
    EXPECT_EQ(response.status, status) << what;
    EXPECT_EQ(response.fields.get("Connection"), "close") << what;
    client.shutdown_write();
    EXPECT_EQ(client.read_to_end().bytes, "") << what;
  }
}

TEST(AdminServer, ChunkedBodiesAreRefused) {
  const AdminFixture admin;
  const Response response = [&] {
    RawClient client(admin.port);
    client.send("POST /api/v1/reload HTTP/1.1\r\n" + host(admin) +
                "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    return client.read_response("POST");
  }();
  EXPECT_EQ(response.status, 411);
}

TEST(AdminServer, ALateBackendHoldsUpNoOtherRequest) {
  AdminBackend backend = scripted_backend();
  Reply<std::string> held;
  backend.metrics = [&held](Reply<std::string> reply) { held = std::move(reply); };
  AdminFixture admin(std::move(backend));
  RawClient waiting(admin.port);
  waiting.send("GET /metrics HTTP/1.1\r\n" + host(admin) + "\r\n");
  while (admin.on_thread([&] { return !held; })) EXPECT_EQ(ask(admin, "GET /health/live").status, 200);
  admin.on_thread([&] {
    held("late 1\n");
    held("again 1\n");  // ignored
  });
  EXPECT_EQ(waiting.read_response().body, "late 1\n");
}

TEST(AdminServer, AReplyAfterTheClientLeftIsIgnored) {
  AdminBackend backend = scripted_backend();
  Reply<std::string> held;
  backend.metrics = [&held](Reply<std::string> reply) { held = std::move(reply); };
  AdminFixture admin(std::move(backend));
  {
    RawClient client(admin.port);
    client.send("GET /metrics HTTP/1.1\r\n" + host(admin) + "\r\n");
    while (admin.on_thread([&] { return !held; })) {
    }
  }
  admin.on_thread([&] { held("late\n"); });
  EXPECT_EQ(ask(admin, "GET /health/live").status, 200);
}

TEST(AdminServer, PastItsBoundConnectionsAreClosedAtOnce) {
  AdminFixture admin;
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < AdminLimits::connections_max; ++i) {
    clients.emplace_back(admin.port);
    clients.back().send("GET /health/live HTTP/1.1\r\n");
  }
  while (admin.on_thread([&] { return admin.server->idle_connections(); }) > 0 ||
         admin.on_thread([&] { return admin.server->connections(); }) < AdminLimits::connections_max) {
  }
  RawClient refused(admin.port);
  EXPECT_EQ(refused.read_to_end().bytes, "");
  clients.clear();
  while (admin.on_thread([&] { return admin.server->connections(); }) > 0) {
  }
  EXPECT_EQ(ask(admin, "GET /health/live").status, 200);
}

// Otherwise a client with as many connections makes every probe of the process fail.
TEST(AdminServer, AConnectionThatIdlesMakesRoom) {
  AdminFixture admin;
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < AdminLimits::connections_max; ++i) {
    clients.emplace_back(admin.port);
    clients.back().send("GET /health/live HTTP/1.1\r\n" + host(admin) + "\r\n");
    ASSERT_EQ(clients.back().read_response().status, 200);
  }
  while (admin.on_thread([&] { return admin.server->idle_connections(); }) < AdminLimits::connections_max) {
  }
  EXPECT_EQ(ask(admin, "GET /health/live").status, 200);
  EXPECT_EQ(clients.front().read_to_end().bytes, "") << "the one that idles longest";
  clients.back().send("GET /health/live HTTP/1.1\r\n" + host(admin) + "\r\n");
  EXPECT_EQ(clients.back().read_response().status, 200);
}

TEST(AdminServer, CloseEndsConnectionsAndLateRepliesAreHarmless) {
  AdminBackend backend = scripted_backend();
  Reply<std::string> held;
  backend.metrics = [&held](Reply<std::string> reply) { held = std::move(reply); };
  AdminFixture admin(std::move(backend));
  RawClient idle(admin.port), waiting(admin.port);
  waiting.send("GET /metrics HTTP/1.1\r\n" + host(admin) + "\r\n");
  while (admin.on_thread([&] { return !held; })) {
  }
  admin.on_thread([&] {
    admin.server->close();
    held("too late\n");
  });
  EXPECT_EQ(idle.read_to_end().bytes, "");
  EXPECT_EQ(waiting.read_to_end().bytes, "");
}

TEST(AdminServer, AnAddressInUseIsAnError) {
  AdminFixture first;
  AdminBackend backend = scripted_backend();
  boost::asio::io_context io;
  SocketAddress taken = *SocketAddress::parse("127.0.0.1:0");
  taken.port = first.port;
  AdminServer second(io, taken, {}, backend);
  const auto started = second.start();
  ASSERT_TRUE(started.has_error());
  EXPECT_THAT(started.error().detail, HasSubstr(first.address()));
}

}  // namespace
}  // namespace weir::control
