// What `weir explain` foretells is what the running process does, and the redirect to HTTPS lets nothing past.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

constexpr const char* token_path = "/.well-known/acme-challenge/token";

TEST(RedirectToHttps, LeavesOnlyTheAcmeChallengeAlone) {
  ScriptableEndpoint endpoint(behave::ok("proof"));
  ConfigText config = config_for(endpoint.address());
  config.http = "redirect_to_https: { port: 8443 }";
  WeirProcess weir(config);
  for (const char* path :
       {"/", "/raw/echo", "/.well-known/acme-challenge", "/.well-known/acme-challengers/token",
        "/.well-known/acme-challenge/../../raw/echo", "/.well-known/acme-challenge/%2e%2e/%2e%2e/raw/echo",
        "/.well-known/acme-challenge/%2E%2E/.%2e/raw/echo", "/.well-known/acme-challenge/x/../../../raw/echo",
        "/.well-known/./acme-challenge//../../raw/echo"}) {
    const Response response = weir.get(path);
    EXPECT_EQ(response.status, 308) << path;
    EXPECT_EQ(response.fields.get("Location"), std::string("https://example.test:8443") + path);
  }
  EXPECT_EQ(endpoint.request_count(), 0U);
  EXPECT_EQ(weir.get(token_path).body, "proof");
  EXPECT_EQ(endpoint.request(0).target, token_path);
}

/// What came, or is to come, of one request.
struct Story {
  std::string url, outcome, route, target, location;

  bool operator==(const Story&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const Story& story) {
    return out << story.url << ": outcome " << story.outcome << ", route '" << story.route << "', target '"
               << story.target << "', Location '" << story.location << "'";
  }
};

std::string text_at(const boost::json::object& object, const char* key) {
  const boost::json::value* found = object.if_contains(key);
  return found && found->is_string() ? std::string(found->as_string()) : "";
}

class ExplainAgrees : public ::testing::Test {
 protected:
  ExplainAgrees() {
    ConfigText config = config_for(endpoint_.address());
    config.default_route = false;
    config.listeners = {"to-https: { address: \"127.0.0.1:" + std::to_string(redirecting_port_) +
                        "\", redirect_to_https: {} }"};
    config.routes = {
        "{ name: hosts, match: { hosts: [\"*.example.com\"] }, upstream: app }",
        "{ name: closed, match: { path_prefix: /admin }, respond: { status: 403, body: no } }",
        "{ name: api, match: { path_prefix: /api }, upstream: app, rewrite: { path: /v2 } }",
        "{ name: old, match: { path: /old }, redirect: { to: /new, status: 301 } }",
        "{ name: article, match: { path_regex: \"/article-[0-9]+\" }, upstream: app, rewrite: { path: /a } }",
        "{ name: pages, match: { path_prefix: /pages }, upstream: app }",
        "{ name: proof, match: { path_prefix: /.well-known }, upstream: app }",
    };
    weir_ = std::make_unique<WeirProcess>(config);
  }

  /// From the files, or by the running process.
  Story foretold(const std::string& url, bool live) {
    ProcessOptions options;
    options.arguments = {"explain", "--json", "GET", url};
    const std::string admin = "127.0.0.1:" + std::to_string(weir_->admin_port());
    const std::vector<std::string> asked = live ? std::vector<std::string>{"--live", "--admin", admin}
                                                : std::vector<std::string>{"-c", weir_->config_file()};
    options.arguments.insert(options.arguments.end(), asked.begin(), asked.end());
    const Finished explained = run_to_end(weir_binary(), std::move(options));
    EXPECT_EQ(explained.status, (ExitStatus{0, 0})) << url << "\n" << explained.errors;
    const boost::json::object whole = boost::json::parse(explained.output).as_object();
    Story story{url, "proxied", "", "", ""};
    if (whole.at("route").is_object()) story.route = text_at(whole.at("route").as_object(), "name");
    if (const boost::json::value* proxy = whole.if_contains("proxy")) {
      const std::string line(proxy->at("request").at(0).as_string());  // GET target HTTP/1.1
      const std::size_t begin = line.find(' ') + 1;
      story.target = line.substr(begin, line.rfind(' ') - begin);
      return story;
    }
    const boost::json::object& answer = whole.at("answer").as_object();
    story.outcome = std::to_string(answer.at("status").as_int64());
    for (const boost::json::value& field : answer.at("headers").as_array()) {
      if (field.at("name") == "Location") story.location = field.at("value").as_string();
    }
    return story;
  }

  Story lived(const std::string& url) {
    const std::string rest = url.substr(std::string("http://").size());
    const std::string authority = rest.substr(0, rest.find('/'));
    const bool redirecting = authority.ends_with(':' + std::to_string(redirecting_port_));
    RawClient client(redirecting ? redirecting_port_ : weir_->port());
    const std::size_t proxied_before = endpoint_.request_count();
    client.send("GET " + rest.substr(authority.size()) + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n");
    const Response response = client.read_response();
    const boost::json::object line = weir_->access_log(++asked_).back();
    Story story{url, std::to_string(response.status), text_at(line, "route"), "",
                response.fields.get("Location")};
    if (endpoint_.request_count() == proxied_before) return story;
    story.outcome = "proxied";
    story.target = endpoint_.request(proxied_before).target;
    return story;
  }

  ScriptableEndpoint endpoint_{behave::ok()};
  std::uint16_t redirecting_port_ = unused_port();
  std::unique_ptr<WeirProcess> weir_;
  std::size_t asked_ = 0;
};

TEST_F(ExplainAgrees, WithTheRunningProcess) {
  const std::string redirecting = "http://a.test:" + std::to_string(redirecting_port_);
  const std::vector<Story> cases{
      {"http://a.test/api/users?q=1", "proxied", "api", "/v2/users?q=1", ""},
      {"http://a.test/api", "proxied", "api", "/v2", ""},
      {"http://a.test/apis", "404", "", "", ""},
      {"http://a.test/api//x/../y", "proxied", "api", "/v2/y", ""},
      {"http://a.test/%61pi/x", "proxied", "api", "/v2/x", ""},
      {"http://a.test/pages/./a//b/../%7euser?x=/../y", "proxied", "pages", "/pages/a/%7euser?x=/../y", ""},
      {"http://a.test/api/%2e%2e/admin/x", "403", "closed", "", ""},
      {"http://a.test/%61dmin", "403", "closed", "", ""},
      {"http://a.test/admin;x", "404", "", "", ""},
      {"http://a.test/old", "301", "old", "", "/new"},
      {"http://a.test/old/", "404", "", "", ""},
      {"http://a.test/article-12?page=2", "proxied", "article", "/a?page=2", ""},
      {"http://WWW.Example.COM/any", "proxied", "hosts", "/any", ""},
      {"http://a.test/pages/%00", "400", "", "", ""},
      {"http://a.test/../../etc/passwd", "400", "", "", ""},
      {redirecting + token_path, "proxied", "proof", token_path, ""},
      {redirecting + "/api?q=1", "308", "", "", "https://a.test/api?q=1"},
      {redirecting + "/.well-known/acme-challenge/../../api", "308", "", "",
       "https://a.test/.well-known/acme-challenge/../../api"},
      {redirecting + "/.well-known/acme-challenge/%2e%2e/%2e%2e/api", "308", "", "",
       "https://a.test/.well-known/acme-challenge/%2e%2e/%2e%2e/api"},
  };
  for (const Story& expected : cases) {
    EXPECT_EQ(foretold(expected.url, false), expected) << "foretold";
    EXPECT_EQ(foretold(expected.url, true), expected) << "foretold live";
    EXPECT_EQ(lived(expected.url), expected) << "lived";
  }
}

}  // namespace
}  // namespace weir::testing
