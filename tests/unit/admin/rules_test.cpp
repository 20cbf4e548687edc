// Which admin requests are let in: every refusal, and every path.
#include "admin/rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "admin/route_verb.hpp"

namespace weir::control {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

AdminRules rules(std::string_view token = "") {
  AdminRules result;
  result.hosts = {"weir", "weir.internal"};
  result.token = token;
  return result;
}

AdminRequest get(std::string_view target) {
  AdminRequest request;
  request.method = "GET";
  request.target = target;
  request.host = "127.0.0.1:9900";
  request.host_count = 1;
  return request;
}

AdminRequest post_reload() {
  AdminRequest request = get("/api/v1/reload");
  request.method = "POST";
  return request;
}

/// Status of the refusal; 0: let in.
int refusal(const AdminRequest& request, const AdminRules& with = rules()) {
  const auto verdict = admit(request, with);
  const auto* response = std::get_if<AdminResponse>(&verdict);
  return response == nullptr ? 0 : response->status;
}

std::string_view field(const AdminResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.fields) {
    if (key == name) return value;
  }
  return {};
}

TEST(AdminRules, EveryPathHasItsAction) {
  const std::map<std::string, AdminAction> paths{
      {"/", AdminAction::page},
      {"/app.js", AdminAction::page},
      {"/app.css", AdminAction::page},
      {"/health/live", AdminAction::live},
      {"/health/ready", AdminAction::ready},
      {"/health", AdminAction::health},
      {"/metrics", AdminAction::metrics},
      {"/api/v1/status", AdminAction::status},
      {"/api/v1/config", AdminAction::config},
      {"/api/v1/upstreams", AdminAction::upstreams},
      {"/api/v1/routes", AdminAction::routes},
      {"/api/v1/audit", AdminAction::audit},
      {"/api/v1/events", AdminAction::events},
      {"/api/v1/events?after=7&format=json", AdminAction::events},
      {"/api/v1/stream", AdminAction::stream},
      {"/api/v1/splits", AdminAction::splits},
      {"/api/v1/routes/api/split", AdminAction::split},
      {"/api/v1/routes/a-b_c/split", AdminAction::split},
      {"/api/v1/rollouts", AdminAction::rollouts},
      {"/api/v1/routes/api/rollout", AdminAction::rollout},
      {"/api/v1/upstreams/app/endpoints/127.0.0.1:9001", AdminAction::endpoint},
      {"/api/v1/upstreams/app/endpoints/%5B::1%5D:80", AdminAction::endpoint},
  };
  for (const auto& [path, action] : paths) {
    for (const std::string& target : {path, path + "?", path + "?format=text"}) {
      for (const char* method : {"GET", "HEAD"}) {
        AdminRequest request = get(target);
        request.method = method;
        const auto verdict = admit(request, rules());
        ASSERT_TRUE(std::holds_alternative<AdminAction>(verdict)) << method << " " << target;
        EXPECT_EQ(std::get<AdminAction>(verdict), action) << target;
      }
    }
  }
  EXPECT_EQ(std::get<AdminAction>(admit(post_reload(), rules())), AdminAction::reload);
}

TEST(AdminRules, UnknownPaths) {
  for (const char* target : {"/nothing",
                             "/health/",
                             "//",
                             "/api",
                             "/api/v1",
                             "/api/v1/",
                             "/api/v1/audit/",
                             "/api/v1/routes/",
                             "/api/v1/routes/api",
                             "/api/v1/routes//split",
                             "/api/v1/routes/split",
                             "/api/v1/routes/a/b/split",
                             "/api/v1/upstreams/",
                             "/api/v1/upstreams/app",
                             "/api/v1/upstreams/app/endpoints",
                             "/api/v1/upstreams/app/endpoints/",
                             "/api/v1/upstreams//endpoints/127.0.0.1:1",
                             "/api/v1/upstreams/endpoints/127.0.0.1:1",
                             "/api/v1/upstreams/app/endpoints/a/b",
                             "/metrics/..",
                             "/METRICS",
                             "/%6detrics",
                             "/#"}) {
    EXPECT_EQ(refusal(get(target)), 404) << target;
  }
}

TEST(AdminRules, TargetsThatAreNoPaths) {
  for (const char* target : {"", "*", "http://127.0.0.1:9900/metrics", "metrics"}) {
    EXPECT_EQ(refusal(get(target)), 400) << target;
  }
}

TEST(AdminRules, WrongMethodsNameTheRightOnes) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get", "TRACE", ""}) {
    AdminRequest request = get("/metrics");
    request.method = method;
    const auto verdict = admit(request, rules());
    const auto& response = std::get<AdminResponse>(verdict);
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(field(response, "Allow"), "GET, HEAD");
  }
  for (const char* method : {"GET", "HEAD", "PUT", "OPTIONS"}) {
    const auto verdict = admit(
        [&] {
          AdminRequest request = get("/api/v1/reload");
          request.method = method;
          return request;
        }(),
        rules());
    EXPECT_EQ(std::get<AdminResponse>(verdict).status, 405) << method;
    EXPECT_EQ(field(std::get<AdminResponse>(verdict), "Allow"), "POST");
  }
}

TEST(AdminRules, QuestionsArePostedAndReadsMayAskThem) {
  AdminRequest request = get("/api/v1/explain");
  EXPECT_EQ(refusal(request), 405);
  EXPECT_EQ(field(std::get<AdminResponse>(admit(request, rules())), "Allow"), "POST");
  request.method = "POST";
  EXPECT_EQ(std::get<AdminAction>(admit(request, rules())), AdminAction::explain);
  EXPECT_EQ(refusal(request, rules("s3cret")), 0) << "it changes nothing";
  AdminRules both = rules("s3cret");
  both.read_token = "look";
  EXPECT_EQ(refusal(request, both), 401);
  for (const char* token : {"Bearer look", "Bearer s3cret"}) {
    request.authorization = token;
    EXPECT_EQ(refusal(request, both), 0) << token;
  }
  request.fetch_site = "cross-site";
  EXPECT_EQ(refusal(request, both), 403);
}

TEST(AdminRules, WeightsAreWrittenByPut) {
  AdminRequest request = get("/api/v1/routes/api/split?x");
  request.method = "PUT";
  EXPECT_EQ(std::get<AdminAction>(admit(request, rules())), AdminAction::set_split);
  EXPECT_EQ(refusal(request, rules("s3cret")), 401);
  request.authorization = "Bearer s3cret";
  EXPECT_EQ(refusal(request, rules("s3cret")), 0);
  request.fetch_site = "cross-site";
  EXPECT_EQ(refusal(request, rules("s3cret")), 403);
  request.method = "POST";
  const auto verdict = admit(request, rules());
  EXPECT_EQ(field(std::get<AdminResponse>(verdict), "Allow"), "GET, HEAD, PUT");
  EXPECT_EQ(route_of_split("/api/v1/routes/api/split?x"), "api");
  EXPECT_EQ(route_of_split("/api/v1/routes/api"), "");
}

TEST(AdminRules, RolloutsAreStartedByPostAndSteeredByPut) {
  AdminRequest request = get("/api/v1/routes/api/rollout");
  for (const auto& [method, action] :
       {std::pair{"POST", AdminAction::start_rollout}, std::pair{"PUT", AdminAction::change_rollout}}) {
    request.method = method;
    request.authorization = {};
    EXPECT_EQ(std::get<AdminAction>(admit(request, rules())), action);
    EXPECT_EQ(refusal(request, rules("s3cret")), 401);
    request.authorization = "Bearer s3cret";
    EXPECT_EQ(refusal(request, rules("s3cret")), 0);
  }
  request.method = "DELETE";
  const auto verdict = admit(request, rules());
  EXPECT_EQ(std::get<AdminResponse>(verdict).status, 405);
  EXPECT_EQ(field(std::get<AdminResponse>(verdict), "Allow"), "GET, HEAD, POST, PUT");
}

TEST(AdminRules, VerbsOfARoute) {
  AdminRequest request = get("/api/v1/routes/api/pause?x");
  EXPECT_EQ(std::get<AdminAction>(admit(request, rules())), AdminAction::route_verb);
  request.method = "PUT";
  EXPECT_EQ(std::get<AdminAction>(admit(request, rules())), AdminAction::set_route_verb);
  EXPECT_EQ(refusal(request, rules("s3cret")), 401);
  request.method = "POST";
  EXPECT_EQ(field(std::get<AdminResponse>(admit(request, rules())), "Allow"), "GET, HEAD, PUT");
  for (const char* target : {"/api/v1/routes/api/promote", "/api/v1/routes/api/rollback"}) {
    AdminRequest change = get(target);
    EXPECT_EQ(field(std::get<AdminResponse>(admit(change, rules())), "Allow"), "POST") << target;
    change.method = "POST";
    EXPECT_EQ(std::get<AdminAction>(admit(change, rules())), AdminAction::set_route_verb) << target;
    change.fetch_site = "cross-site";
    EXPECT_EQ(refusal(change, rules()), 403) << target;
  }
  const auto path = route_verb_of("/api/v1/routes/a%20b/rollback?x");
  ASSERT_TRUE(path);
  EXPECT_EQ(path->route, "a%20b");
  EXPECT_EQ(path->verb, RouteVerb::rollback);
  for (const char* target : {"/api/v1/routes//pause", "/api/v1/routes/pause", "/api/v1/routes/a/b/pause",
                             "/api/v1/routes/api/pauses", "/api/v1/routes/api/"}) {
    EXPECT_FALSE(route_verb_of(target)) << target;
  }
}

TEST(AdminRules, EndpointsAreWrittenByPut) {
  AdminRequest request = get("/api/v1/upstreams/app/endpoints/%5B::1%5D:80?x");
  request.method = "PUT";
  EXPECT_EQ(std::get<AdminAction>(admit(request, rules())), AdminAction::set_endpoint);
  EXPECT_EQ(refusal(request, rules("s3cret")), 401);
  request.authorization = "Bearer s3cret";
  EXPECT_EQ(refusal(request, rules("s3cret")), 0);
  request.origin = "http://evil.example";
  EXPECT_EQ(refusal(request, rules("s3cret")), 403);
  request.method = "DELETE";
  EXPECT_EQ(field(std::get<AdminResponse>(admit(request, rules())), "Allow"), "GET, HEAD, PUT");
  const auto path = endpoint_of(request.target);
  ASSERT_TRUE(path);
  EXPECT_EQ(path->upstream, "app");
  EXPECT_EQ(path->address, "%5B::1%5D:80");
  EXPECT_FALSE(endpoint_of("/api/v1/upstreams"));
}

TEST(AdminRules, HostsThatAreOurs) {
  for (const char* host : {"127.0.0.1",
                           "127.0.0.1:9900",
                           "127.9.9.9:1",
                           "localhost",
                           "LocalHost:19900",
                           "[::1]",
                           "[::1]:9900",
                           "0.0.0.0:9900",
                           "10.1.2.3",
                           "10.1.2.3:9900",
                           "[::ffff:127.0.0.1]:9900",
                           "192.168.1.5:9900",
                           "[2001:db8::1]",
                           "weir:9900",
                           "Weir.Internal",
                           "weir.",
                           "weir.internal.:9900",
                           "localhost:",
                           "localhost.",
                           "LOCALHOST.:9900",
                           "x.localhost",
                           "a.b.Localhost:9900",
                           "x.localhost."}) {
    AdminRequest request = get("/metrics");
    request.host = host;
    EXPECT_EQ(refusal(request), 0) << host;
  }
}

std::string refusal_text(std::string_view host) {
  AdminRequest request = get("/metrics");
  request.host = host;
  const auto verdict = admit(request, rules());
  const auto* response = std::get_if<AdminResponse>(&verdict);
  return response == nullptr ? "" : std::to_string(response->status) + " " + response->body;
}

TEST(AdminRules, HostsThatAreNot) {
  for (const char* host :
       {"example.com", "example.com:9900", "localhost.example.com", "127.0.0.1.example.com",
        "weir.example.com", "x.weir", "192.168.0.1.example.com", "127.1", "xlocalhost", "x-localhost",
        "localhost..", "weir..", "%6cocalhost", "*.weir"}) {
    EXPECT_THAT(refusal_text(host), AllOf(StartsWith("421 "), HasSubstr("admin.hosts"))) << host;
  }
}

TEST(AdminRules, HostsThatAreMalformed) {
  for (const char* host :
       {"", "::1", "[127.0.0.1]", "[::1", "[::1]9900", "127.0.0.1:x", "weir:x", "127.0.0.1:123456",
        "weir:65536", "127.0.0.1:80:90", "localhost:9900 ", "user@localhost", "[]", ":9900", "a,b",
        "localhost,localhost", ".localhost", "local host"}) {
    EXPECT_THAT(refusal_text(host),
                AllOf(StartsWith("400 "), HasSubstr("invalid Host"), Not(HasSubstr("admin.hosts"))))
        << host;
  }
}

TEST(AdminRules, ExactlyOneHost) {
  for (const std::size_t count : {0u, 2u}) {
    AdminRequest request = get("/metrics");
    request.host_count = count;
    EXPECT_EQ(refusal(request), 400);
  }
}

TEST(AdminRules, Http10MayHaveNoHost) {
  AdminRequest request = get("/health/ready");
  request.http_1_0 = true;
  request.host = {};
  request.host_count = 0;
  EXPECT_EQ(refusal(request), 0);
  request.target = "/nothing";
  EXPECT_EQ(refusal(request), 404);
  request = get("/metrics");
  request.http_1_0 = true;
  request.host_count = 2;
  EXPECT_EQ(refusal(request), 400);
  request.host_count = 1;
  for (const auto& [host, status] :
       std::map<std::string, int>{{"", 400}, {"evil.example", 421}, {"weir", 0}}) {
    request.host = host;
    EXPECT_EQ(refusal(request), status) << host;
  }
}

TEST(AdminRules, WithoutHostTokensAndOriginsCount) {
  AdminRequest request = post_reload();
  request.http_1_0 = true;
  request.host = {};
  request.host_count = 0;
  EXPECT_EQ(refusal(request), 0);
  EXPECT_EQ(refusal(request, rules("secret")), 401);
  request.origin = "http://127.0.0.1:9900";
  EXPECT_EQ(refusal(request), 403) << "of another site, or none that can be told";
  request.origin = "http://";
  EXPECT_EQ(refusal(request), 403);
}

TEST(AdminRules, TransferEncodingIsRefused) {
  AdminRequest request = post_reload();
  request.transfer_encoding = true;
  EXPECT_EQ(refusal(request), 411);
}

TEST(AdminRules, WritesNeedTheTokenWhenOneIsSet) {
  struct Case {
    const char* authorization;
    int status;
  };
  for (const auto& [authorization, status] : {Case{"", 401},
                                              {"Bearer secret", 0},
                                              {"bearer secret", 0},
                                              {"BEARER secret", 0},
                                              {"Bearer secre", 401},
                                              {"Bearer secret ", 401},
                                              {"Bearer secretsecret", 401},
                                              {"Bearer Secret", 401},
                                              {"Bearer ", 401},
                                              {"Bearer", 401},
                                              {"Basic secret", 401},
                                              {"secret", 401}}) {
    AdminRequest request = post_reload();
    request.authorization = authorization;
    EXPECT_EQ(refusal(request, rules("secret")), status) << authorization;
  }
  const auto verdict = admit(post_reload(), rules("secret"));
  EXPECT_EQ(field(std::get<AdminResponse>(verdict), "WWW-Authenticate"), "Bearer realm=\"weir\"");
  EXPECT_EQ(refusal(post_reload(), rules("")), 0);
}

TEST(AdminRules, ReadsNeedNoToken) {
  EXPECT_EQ(refusal(get("/api/v1/status"), rules("secret")), 0);
}

TEST(AdminRules, ReadsNeedTheReadTokenWhenOneIsSet) {
  AdminRules with = rules("secret");
  with.read_token = "look";
  for (const char* path : {"/metrics", "/health", "/api/v1/status", "/api/v1/routes/api/split",
                           "/api/v1/upstreams/app/endpoints/127.0.0.1:1"}) {
    AdminRequest request = get(path);
    EXPECT_EQ(refusal(request, with), 401) << path;
    request.authorization = "Bearer look";
    EXPECT_EQ(refusal(request, with), 0) << path;
    request.authorization = "Bearer secret";
    EXPECT_EQ(refusal(request, with), 0) << path;
  }
  for (const char* path : {"/health/live", "/health/ready", "/", "/app.js"}) {
    EXPECT_EQ(refusal(get(path), with), 0) << path;
  }
  AdminRequest write = post_reload();
  write.authorization = "Bearer look";
  EXPECT_EQ(refusal(write, with), 401) << "reading is not writing";
  with.token.clear();
  EXPECT_EQ(refusal(get("/metrics"), with), 401) << "an unset token is not an empty one";
}

/// One that is not enough is not a wrong one.
TEST(AdminRules, KnownTokensAreThoseThatAreSet) {
  AdminRules with = rules("secret");
  EXPECT_TRUE(is_known_token("Bearer secret", with));
  EXPECT_FALSE(is_known_token("Bearer ", with));
  EXPECT_FALSE(is_known_token("Bearer look", with));
  with.read_token = "look";
  EXPECT_TRUE(is_known_token("Bearer look", with));
  EXPECT_FALSE(is_known_token("look", with));
}

TEST(AdminRules, WritesFromOtherSitesAreRefused) {
  struct Case {
    const char* origin;
    const char* fetch_site;
    int status;
  };
  for (const auto& [origin, site, status] : {Case{"", "", 0},
                                             {"http://127.0.0.1:9900", "", 0},
                                             {"http://127.0.0.1:9900", "same-origin", 0},
                                             {"", "none", 0},
                                             {"http://evil.example", "", 403},
                                             {"http://127.0.0.1:9901", "", 403},
                                             {"http://127.0.0.1:9900.evil.example", "", 403},
                                             {"null", "", 403},
                                             {"", "cross-site", 403},
                                             {"", "same-site", 403},
                                             {"http://127.0.0.1:9900", "cross-site", 403}}) {
    AdminRequest request = post_reload();
    request.origin = origin;
    request.fetch_site = site;
    request.content_type = "application/json";
    EXPECT_EQ(refusal(request), status) << origin << " " << site;
  }
}

/// What a form can send is never JSON; tools that are no browser may leave it out.
TEST(AdminRules, WritesOfPagesAreJson) {
  AdminRequest request = post_reload();
  for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded",
                           "multipart/form-data; boundary=x", "application/jsonp", "text/json"}) {
    request.content_type = type;
    request.fetch_site = {};
    request.origin = {};
    EXPECT_EQ(refusal(request), 0) << type;
    request.fetch_site = "same-origin";
    EXPECT_EQ(refusal(request), 415) << type;
    request.fetch_site = {};
    request.origin = "http://127.0.0.1:9900";
    EXPECT_EQ(refusal(request), 415) << type;
  }
  for (const char* type : {"application/json", "Application/JSON; charset=utf-8", "application/json ;x"}) {
    request.content_type = type;
    EXPECT_EQ(refusal(request), 0) << type;
  }
}

TEST(AdminRules, TheHostIsCheckedBeforeAnythingIsAnswered) {
  AdminRequest request = get("/nothing");
  request.host = "evil.example";
  EXPECT_EQ(refusal(request), 421);
  request = post_reload();
  request.host = "evil.example";
  EXPECT_EQ(refusal(request, rules("secret")), 421);
}

TEST(EqualSecrets, Table) {
  EXPECT_TRUE(equal_secrets("", ""));
  EXPECT_TRUE(equal_secrets("abc", "abc"));
  EXPECT_TRUE(equal_secrets(std::string(1, '\0'), std::string(1, '\0')));
  for (const auto& [a, b] : std::vector<std::pair<std::string, std::string>>{{"abc", "abd"},
                                                                             {"abc", "ab"},
                                                                             {"ab", "abc"},
                                                                             {"abc", ""},
                                                                             {"", "a"},
                                                                             {"a", std::string("a\0", 2)}}) {
    EXPECT_FALSE(equal_secrets(a, b)) << a << " " << b;
  }
}

}  // namespace
}  // namespace weir::control
