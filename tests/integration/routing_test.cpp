// Routes by host, path, method, header and listener, in their order; rewrite, redirect and respond.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

/// A route that answers with its own name.
std::string says(const std::string& name, const std::string& match) {
  return "{ name: " + name + ", match: { " + match + " }, respond: { status: 200, body: " + name + " } }";
}

struct Asked {
  std::string request;  // request line and fields, without the empty line
  std::string route;
};

void expect_routes(WeirProcess& weir, const std::vector<Asked>& cases) {
  for (const Asked& asked : cases) {
    RawClient client = weir.connect();
    client.send(asked.request + "\r\n\r\n");
    EXPECT_EQ(client.read_response().body, asked.route) << asked.request;
  }
}

std::string get(const std::string& host, const std::string& path, const std::string& fields = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: " + host + (fields.empty() ? "" : "\r\n" + fields);
}

class Routing : public ::testing::Test {
 protected:
  explicit Routing() {
    ConfigText config = config_for("127.0.0.1:1");
    config.default_route = false;
    config.listeners = {"second: { address: \"127.0.0.1:0\" }"};
    config.routes = {
        says("second", "listeners: [second]"),
        says("exact-host", "hosts: [api.example.com]"),
        says("wildcard", "hosts: [\"*.example.com\"]"),
        says("exact", "path: /exact"),
        says("header-exact", "path: /h, headers: { X-Kind: one }"),
        says("header-regex", "path: /h, headers: { X-Kind: \"~^t(wo|hree)$\" }"),
        says("header-present", "path: /h, headers: { X-Kind: true }"),
        says("method", "path: /m, methods: [POST, PUT]"),
        says("regex", "path_regex: \"^/v[0-9]+/x\""),
        says("longer", "path_prefix: /api/admin"),
        says("prefix", "path_prefix: /api"),
        says("rest", "path_prefix: /"),
    };
    weir_ = std::make_unique<WeirProcess>(config);
  }
  std::unique_ptr<WeirProcess> weir_;
};

TEST_F(Routing, ByHost) {
  expect_routes(*weir_, {{get("api.example.com", "/"), "exact-host"},
                         {get("API.Example.COM:8080", "/"), "exact-host"},
                         {get("api.example.com.", "/"), "exact-host"},
                         {get("www.example.com", "/"), "wildcard"},
                         {get("a.b.example.com", "/"), "wildcard"},
                         {get("example.com", "/"), "rest"},
                         {get("evilexample.com", "/"), "rest"}});
}

TEST_F(Routing, ByPath) {
  expect_routes(*weir_, {{get("a", "/exact"), "exact"},
                         {get("a", "/exact?q=/api"), "exact"},
                         {get("a", "/exact/"), "rest"},
                         {get("a", "/api"), "prefix"},
                         {get("a", "/api/x"), "prefix"},
                         {get("a", "/apix"), "rest"},
                         {get("a", "/api/admin/x"), "longer"},
                         {get("a", "/v12/x"), "regex"},
                         {get("a", "/v/x"), "rest"}});
}

TEST_F(Routing, DisguisesDoNotHelpPastARule) {
  expect_routes(*weir_, {{get("a", "/api/../exact"), "exact"},
                         {get("a", "//api//admin"), "longer"},
                         {get("a", "/%61pi/adm%69n"), "longer"},
                         {get("a", "/x/../api/./admin"), "longer"},
                         {get("a", "/api/x/%2e%2E/admin"), "longer"}});
  for (const std::string path :
       {"/api/x/..%2fadmin", "/api%2Fadmin", "/api/x%5cadmin", "/api/admin%00", "/a/../../x"}) {
    EXPECT_EQ(weir_->get(path).status, 400) << path;
  }
}

TEST_F(Routing, ByHeaderAndMethod) {
  expect_routes(*weir_, {{get("a", "/h", "X-Kind: one"), "header-exact"},
                         {get("a", "/h", "x-kind: two"), "header-regex"},
                         {get("a", "/h", "X-Kind: twofold"), "header-present"},
                         {get("a", "/h"), "rest"},
                         {get("a", "/m"), "rest"},
                         {"PUT /m HTTP/1.1\r\nHost: a\r\nContent-Length: 0", "method"}});
}

TEST_F(Routing, ByListener) {
  EXPECT_EQ(weir_->connect("second").get("/api").body, "second");
  EXPECT_EQ(weir_->connect("http").get("/api").body, "prefix");
}

TEST(RoutingActions, NoRouteIs404) {
  ConfigText config = config_for("127.0.0.1:1");
  config.default_route = false;
  config.routes = {says("only", "path: /only")};
  WeirProcess weir(config);
  const Response response = weir.get("/other");
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(response.fields.get("Proxy-Status"), ::testing::HasSubstr("destination_not_found"));
}

TEST(RoutingActions, RewriteReplacesThePrefixAndKeepsTheRest) {
  ScriptableEndpoint endpoint(behave::ok());
  ConfigText config = config_for(endpoint.address());
  config.routes = {
      "{ name: exact, match: { path: /health }, rewrite: { path: /api/v1/system/health }, upstream: app }",
      "{ name: prefix, match: { path_prefix: /shop }, rewrite: { path: /v2/store }, upstream: app }",
      "{ name: strip, match: { path_prefix: /strip }, rewrite: { path: / }, upstream: app }"};
  WeirProcess weir(config);
  const std::vector<std::pair<std::string, std::string>> cases{
      {"/health?full=1", "/api/v1/system/health?full=1"},
      {"/shop", "/v2/store"},
      {"/shop/cart?id=1", "/v2/store/cart?id=1"},
      {"/shopping", "/shopping"},
      {"/strip/a/b", "/a/b"},
      {"/strip", "/"}};
  for (const auto& [asked, sent] : cases) {
    EXPECT_EQ(weir.get(asked).status, 200);
    EXPECT_EQ(endpoint.requests().back().target, sent) << asked;
  }
}

TEST(RoutingActions, RedirectAndRespond) {
  TempDir directory;
  const std::string page = directory.write("maintenance.html", "<h1>Back soon</h1>");
  ConfigText config = config_for("127.0.0.1:1");
  config.routes = {
      "{ name: old, match: { path_prefix: /old }, redirect: { to: \"https://example.com/new\", status: 301 } "
      "}",
      "{ name: page, match: { path_prefix: /admin }, respond: { status: 503, body_file: \"" + page +
          "\", headers: { Retry-After: \"3600\" } } }"};
  WeirProcess weir(config);
  const Response redirect = weir.get("/old/x");
  EXPECT_EQ(redirect.status, 301);
  EXPECT_EQ(redirect.fields.get("Location"), "https://example.com/new");
  const Response answer = weir.get("/admin");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "<h1>Back soon</h1>");
  EXPECT_THAT(answer.fields.get("Content-Type"), ::testing::StartsWith("text/html"));
  EXPECT_EQ(answer.fields.get("Retry-After"), "3600");
  EXPECT_EQ(answer.fields.get("X-Frame-Options"), "DENY");
  RawClient head = weir.connect();
  head.send("HEAD /admin HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(head.read_response("HEAD").fields.get("Content-Length"), "18");
  EXPECT_EQ(head.exchange("POST", "/admin", "a body that is not read").status, 503);
  EXPECT_EQ(head.get("/admin").status, 503);  // the connection stayed in step
}

TEST(RoutingActions, HttpIsSentToHttpsExceptAcmeChallenges) {
  ScriptableEndpoint endpoint(behave::ok("challenge"));
  ConfigText config = config_for(endpoint.address());
  config.http = "redirect_to_https: { port: 8443, status: 308 }";
  WeirProcess weir(config);
  const Response response = weir.get("/a%20b?c=d");
  EXPECT_EQ(response.status, 308);
  EXPECT_EQ(response.fields.get("Location"), "https://example.test:8443/a%20b?c=d");
  EXPECT_EQ(weir.get("/.well-known/acme-challenge/token").body, "challenge");
  config.http = "redirect_to_https: {}";
  WeirProcess standard(config);
  EXPECT_EQ(standard.get("/x").fields.get("Location"), "https://example.test/x");
}

/// `https` says that the request came by HTTPS: it counts from a trusted proxy alone. `http` says the contrary.
void expect_redirects_by(const std::vector<std::string>& https, const std::vector<std::string>& http) {
  ScriptableEndpoint endpoint(behave::ok("app"));
  ConfigText config = config_for(endpoint.address());
  config.http = "redirect_to_https: {}";
  {
    WeirProcess weir(config);
    EXPECT_EQ(weir.get("/", https.front()).status, 308) << "any client can write that";
  }
  config.trusted_proxies = "127.0.0.0/8";
  WeirProcess weir(config);
  for (const std::string& fields : https) EXPECT_EQ(weir.get("/", fields).body, "app") << fields;
  for (const std::string& fields : http) EXPECT_EQ(weir.get("/", fields).status, 308) << fields;
}

TEST(RoutingActions, WhatATrustedProxyReceivedByHttpsIsNotRedirectedAgain) {
  expect_redirects_by({"X-Forwarded-Proto: https\r\n"}, {"X-Forwarded-Proto: http\r\n", ""});
}

TEST(RoutingActions, WhatATrustedProxyReceivedByHttpsIsKnownFromForwardedToo) {
  expect_redirects_by({"Forwarded: proto=https\r\n", "Forwarded: for=192.0.2.7;proto=https\r\n"},
                      {"Forwarded: for=192.0.2.7;proto=http\r\n",
                       // What the client wrote stands before what the proxy added.
                       "Forwarded: proto=https, for=192.0.2.7;proto=http\r\n"});
}

TEST(RoutingActions, RoutesAndFieldsFollowTheSchemeThatATrustedProxyForwarded) {
  ConfigText config = config_for("127.0.0.1:1");
  config.default_route = false;
  config.routes = {says("plain", "scheme: http"), says("secure", "scheme: https")};
  const std::string by_https = "X-Forwarded-Proto: https\r\n";
  const char* hsts = "Strict-Transport-Security";
  {
    WeirProcess weir(config);
    const Response response = weir.get("/", by_https);
    EXPECT_EQ(response.body, "plain") << "any client can write that";
    EXPECT_FALSE(response.fields.has(hsts));
  }
  config.trusted_proxies = "127.0.0.0/8";
  WeirProcess weir(config);
  EXPECT_EQ(weir.get("/").body, "plain");
  const Response response = weir.get("/", by_https);
  EXPECT_EQ(response.body, "secure");
  EXPECT_EQ(response.fields.get(hsts), "max-age=86400");
}

TEST(RoutingMany, LookupStaysRightWithThousandsOfRoutes) {
  ConfigText config = config_for("127.0.0.1:1");
  config.default_route = false;
  for (int i = 0; i < 2000; ++i) {
    const std::string number = std::to_string(i);
    config.routes.push_back(
        says("r" + number, "hosts: [h" + std::to_string(i % 50) + ".test], path_prefix: /p" + number));
  }
  WeirProcess weir(config);
  for (const int i : {0, 1, 49, 50, 777, 1999}) {
    const std::string number = std::to_string(i);
    expect_routes(weir, {{get("h" + std::to_string(i % 50) + ".test", "/p" + number + "/x"), "r" + number}});
  }
}

}  // namespace
}  // namespace weir::testing
