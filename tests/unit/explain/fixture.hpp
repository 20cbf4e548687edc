// A configuration with one route of every kind, and short ways to ask about it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "explain/explain.hpp"

namespace weir::control {

inline config::Route make_route(std::string name, std::string prefix, config::Action action) {
  config::Route route;
  route.name = std::move(name);
  route.match.path.text = std::move(prefix);
  route.headers = {0};
  route.action = std::move(action);
  return route;
}

inline config::Listener make_listener(std::string name, std::string_view address, bool tls) {
  config::Listener listener;
  listener.name = std::move(name);
  listener.address = *SocketAddress::parse(address);
  if (tls) listener.tls.emplace();
  return listener;
}

class ExplainTest : public testing::Test {
 protected:
  ExplainTest() {
    config_.listeners = {make_listener("http", "0.0.0.0:8080", false),
                         make_listener("https", "0.0.0.0:8443", true)};
    config::HeaderPolicy security;
    security.name = "security";
    security.response.set = {{"X-Frame-Options", "DENY"}};
    security.response.set_on_tls = {{"Strict-Transport-Security", "max-age=1"}};
    security.response.set_if_absent = {{"Content-Security-Policy", "default-src 'self'"}};
    security.response.remove = {"Server", "X-Frame-Options"};
    security.request.set = {{"X-Edge", "weir"}, {"Authorization", "Bearer s3cret"}};
    security.request.remove = {"X-Debug"};
    config_.header_policies = {security};
    config::Upstream blue;
    blue.name = "blue";
    blue.endpoints = {{"127.0.0.1", 9001, IpAddress::parse("127.0.0.1"), 1},
                      {"app.internal", 9002, std::nullopt, 2}};
    config_.upstreams = {blue};
    config::ProxyAction rewritten;
    rewritten.rewrite_path = "/v1";
    rewritten.timeouts.response = Milliseconds(2000);
    config_.routes = {make_route("old", "/old", config::RedirectAction{"https://example.com/new", 301}),
                      make_route("down", "/admin",
                                 config::RespondAction{503, "closed", "text/plain", {{"Retry-After", "60"}}}),
                      make_route("api", "/api", rewritten),
                      make_route("site", "/site", config::ProxyAction{})};
    config_.routes[2].match.hosts = {"*.example.com"};
    config_.routes[3].access_log = false;
  }

  std::string text(const std::string& method, const std::string& url, std::vector<std::string> headers = {}) {
    const auto explained = explain(config_, {method, url, std::move(headers), client_}, false);
    return explained ? *explained : "error: " + explained.error().detail;
  }
  boost::json::value json(const std::string& method, const std::string& url,
                          std::vector<std::string> headers = {}) {
    const auto explained = explain(config_, {method, url, std::move(headers), client_}, true);
    EXPECT_TRUE(explained) << (explained ? "" : explained.error().detail);
    return explained ? boost::json::parse(*explained) : boost::json::value{};
  }
  std::vector<std::string> endpoint_sees(const std::string& method, const std::string& url,
                                         std::vector<std::string> headers = {}) {
    return boost::json::value_to<std::vector<std::string>>(
        json(method, url, std::move(headers)).at("proxy").at("request"));
  }

  config::Config config_;
  std::string client_ = "203.0.113.7";
};

}  // namespace weir::control
