// The admin address: health, metrics, status, and who may ask.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Admin : public ::testing::Test {
 protected:
  ScriptableEndpoint endpoint_{behave::ok()};
  WeirProcess weir_{config_for(endpoint_.address())};
};

TEST_F(Admin, HealthShowsUpstreams) {
  const boost::json::object health = weir_.admin_json("/health").as_object();
  EXPECT_EQ(health.at("status"), "healthy");
  EXPECT_TRUE(health.contains("version"));
  EXPECT_EQ(health.at("upstreams").at("app").at("healthy"), 1);
  EXPECT_EQ(health.at("upstreams").at("app").at("total"), 1);
}

TEST(AdminHealth, IsDegradedWhenAnEndpointIsOut) {
  ScriptableEndpoint bad(behave::status(503)), good(behave::ok());
  ConfigText config = config_for({bad.address(), good.address()});
  config.app = "passive_health: { consecutive_failures: 1 }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  while (bad.request_count() < 1) client.get("/");
  const boost::json::object health = weir.admin_json("/health").as_object();
  EXPECT_EQ(health.at("status"), "degraded");
  EXPECT_EQ(health.at("upstreams").at("app").at("healthy"), 1);
  EXPECT_EQ(health.at("upstreams").at("app").at("total"), 2);
}

TEST_F(Admin, MetricsCountRequests) {
  for (int i = 0; i < 7; ++i) EXPECT_EQ(weir_.get("/").status, 200);
  EXPECT_EQ(weir_.connect().exchange("PURGE", "/", "").status, 200);
  const Response metrics = weir_.admin("/metrics");
  EXPECT_THAT(metrics.fields.get("Content-Type"), StartsWith("text/plain"));
  EXPECT_EQ(weir_.metric("http_requests_total", "method=\"GET\""), 7);
  EXPECT_EQ(weir_.metric("http_requests_total", "method=\"OTHER\""), 1);
  EXPECT_EQ(weir_.metric("http_requests_total", "status=\"200\""), 8);
  EXPECT_EQ(weir_.metric("http_request_duration_seconds_count"), 8);
  EXPECT_EQ(weir_.metric("weir_upstream_requests_total", "endpoint=\"" + endpoint_.address() + "\""), 8);
  EXPECT_EQ(weir_.metric("weir_upstream_in_flight"), 0);
  EXPECT_EQ(weir_.metric("weir_config_generation"), 1);
  for (const char* name : {"http_requests_in_flight", "weir_connections{", "weir_connections_total",
                           "weir_upstream_connections{", "weir_upstream_duration_seconds", "weir_endpoint_up",
                           "weir_config_last_reload_success", "weir_config_last_reload_timestamp_seconds",
                           "weir_config_info{", "weir_build_info{", "process_"}) {
    EXPECT_THAT(metrics.body, HasSubstr(name));
  }
}

TEST_F(Admin, NothingThatAClientSendsBecomesALabel) {
  RawClient client = weir_.connect();
  client.send(
      "UNHEARD-OF /label-from-path?label-from-query HTTP/1.1\r\nHost: label-from-host\r\nX: "
      "label-from-field\r\n\r\n");
  client.read_response();
  const std::string metrics = weir_.admin("/metrics").body;
  EXPECT_THAT(metrics, Not(HasSubstr("label-from")));
  EXPECT_THAT(metrics, Not(HasSubstr("UNHEARD")));
}

TEST_F(Admin, InFlightIsExact) {
  auto gate = std::make_shared<Gate>();
  endpoint_.behave(behave::gated(gate, behave::ok()));
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(weir_.connect());
    clients.back().send_get("/");
  }
  endpoint_.wait_for_requests(3);
  EXPECT_EQ(weir_.metric("weir_upstream_in_flight"), 3);
  EXPECT_EQ(weir_.metric("http_requests_in_flight", "route=\"all\""), 3);
  gate->open();
  for (RawClient& client : clients) client.read_response();
  weir_.wait_for_metric("weir_upstream_in_flight", "", 0);
}

TEST_F(Admin, ApiShowsStatusConfigUpstreamsAndRoutes) {
  EXPECT_EQ(weir_.admin_json("/api/v1/status").as_object().at("config").at("generation"), 1);
  EXPECT_EQ(weir_.admin("/api/v1/config").status, 200);
  EXPECT_THAT(weir_.admin("/api/v1/upstreams").body, HasSubstr(endpoint_.address()));
  EXPECT_THAT(weir_.admin("/api/v1/routes").body, HasSubstr("\"all\""));
}

TEST_F(Admin, ErrorsAreProblems) {
  for (const auto& [path, method, status] :
       {std::tuple{"/nowhere", "GET", 404}, std::tuple{"/metrics", "DELETE", 405},
        std::tuple{"/api/v1/reload", "GET", 405}}) {
    const Response response = weir_.admin(path, method);
    EXPECT_EQ(response.status, status) << path;
    EXPECT_EQ(response.fields.get("Content-Type"), "application/problem+json");
    EXPECT_EQ(boost::json::parse(response.body).as_object().at("status"), status);
  }
}

TEST_F(Admin, AForeignHostIsRefused) {
  RawClient client(weir_.admin_port());
  client.send("GET /health HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n");
  const Response refused = client.read_response();
  EXPECT_GE(refused.status, 400);
  EXPECT_FALSE(refused.fields.has("Access-Control-Allow-Origin"));
  RawClient local(weir_.admin_port());
  local.send("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(local.read_response().status, 200);
}

/// `fields`: whole lines, Host among them.
Response ask_admin(const WeirProcess& weir, const std::string& method, const std::string& path,
                   const std::string& fields) {
  RawClient client(weir.admin_port());
  client.send(method + " " + path + " HTTP/1.1\r\n" + fields +
              "Content-Length: 0\r\nConnection: close\r\n\r\n");
  return client.read_response(method);
}

std::string bearer(const std::string& token) {
  return "Host: localhost\r\nAuthorization: Bearer " + token + "\r\n";
}

TEST(AdminHosts, NamesThatAreListedMayBeAskedFor) {
  ConfigText config = config_for("127.0.0.1:1");
  config.admin += ", hosts: [weir.internal]";
  WeirProcess weir(config);
  for (const char* host : {"weir.internal", "weir.internal:9900", "WEIR.internal", "weir.internal.",
                           "localhost", "localhost.", "x.localhost:9900", "127.0.0.1"}) {
    const std::string field = std::string("Host: ") + host + "\r\n";
    EXPECT_EQ(ask_admin(weir, "GET", "/api/v1/status", field).status, 200) << host;
  }
  for (const char* host : {"other.internal", "weir.internal.evil.test", "x.weir.internal"}) {
    const std::string field = std::string("Host: ") + host + "\r\n";
    const Response refused = ask_admin(weir, "GET", "/api/v1/status", field);
    EXPECT_EQ(refused.status, 421) << host;
    EXPECT_THAT(refused.body, HasSubstr("admin.hosts"));
  }
  const Response malformed = ask_admin(weir, "GET", "/api/v1/status", "Host: weir.internal:x\r\n");
  EXPECT_EQ(malformed.status, 400);
  EXPECT_THAT(malformed.body, HasSubstr("invalid Host"));
}

TEST_F(Admin, ReadinessIsAnsweredToHttp10WithoutHost) {
  RawClient client(weir_.admin_port());
  client.send("GET /health/ready HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 200);
}

constexpr const char* write_token = "sesame-open-please-0123456789";
constexpr const char* read_token = "just-looking-0123456789";

TEST(AdminToken, WritesNeedItAndConfigDoesNotShowIt) {
  ScriptableEndpoint endpoint(behave::ok());
  ConfigText config = config_for(endpoint.address());
  config.admin += std::string(", token: ") + write_token;
  WeirProcess weir(config);
  EXPECT_EQ(weir.admin("/api/v1/reload", "POST").status, 401);
  EXPECT_EQ(ask_admin(weir, "POST", "/api/v1/reload", bearer("wrong")).status, 401);
  EXPECT_EQ(ask_admin(weir, "POST", "/api/v1/reload", bearer(write_token)).status, 200);
  EXPECT_THAT(weir.admin("/api/v1/config").body, Not(HasSubstr("sesame")));
}

TEST(AdminToken, ReadsNeedTheReadTokenWhereThereIsOneAndItWritesNothing) {
  ConfigText config = config_for("127.0.0.1:1");
  config.admin += std::string(", token: ") + write_token + ", read_token: " + read_token;
  WeirProcess weir(config);
  for (const char* path : {"/metrics", "/health", "/api/v1/status", "/api/v1/config"}) {
    EXPECT_EQ(weir.admin(path).status, 401) << path;
    EXPECT_EQ(ask_admin(weir, "GET", path, bearer("wrong")).status, 401) << path;
    EXPECT_EQ(ask_admin(weir, "GET", path, bearer(read_token)).status, 200) << path;
    EXPECT_EQ(ask_admin(weir, "GET", path, bearer(write_token)).status, 200) << path;
  }
  EXPECT_EQ(weir.admin("/health/live").status, 200) << "probes carry no token";
  EXPECT_EQ(weir.admin("/health/ready").status, 200);
  EXPECT_EQ(ask_admin(weir, "POST", "/api/v1/reload", bearer(read_token)).status, 401);
  EXPECT_EQ(ask_admin(weir, "POST", "/api/v1/reload", bearer(write_token)).status, 200);
  const std::string shown = ask_admin(weir, "GET", "/api/v1/config", bearer(read_token)).body;
  EXPECT_THAT(shown, Not(HasSubstr("sesame")));
  EXPECT_THAT(shown, Not(HasSubstr("just-looking")));
}

}  // namespace
}  // namespace weir::testing
