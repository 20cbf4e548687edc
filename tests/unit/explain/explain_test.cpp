// What `weir explain` says of a request: which listener, which route, what then.
#include "explain/explain.hpp"

#include "unit/explain/fixture.hpp"

namespace weir::control {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr const char* api_url = "http://www.example.com:8080/api//x/../y?q=1";

TEST_F(ExplainTest, ShowsAllOfAProxiedRequest) {
  EXPECT_EQ(text("GET", api_url),
            "request    GET http://www.example.com:8080/api//x/../y?q=1\n"
            "listener   http, 0.0.0.0:8080\n"
            "client     203.0.113.7\n"
            "seen as    host www.example.com, path /api/y\n"
            "route      api\n"
            "  host www.example.com: matches *.example.com\n"
            "  path /api/y: under /api\n"
            "\n"
            "routes before it\n"
            "  old  path /api/y: not under /old\n"
            "  down  path /api/y: not under /admin\n"
            "\n"
            "then\n"
            "upstream   blue, least_connections\n"
            "  127.0.0.1:9001\n"
            "  app.internal:9002, weight 2\n"
            "timeouts   connect 5s, send 1m, response 2s, idle 1m, total none\n"
            "retry      one further try on another endpoint after connect, reset_before_response; of all "
            "requests no more than 20 % and 100 in 10 s\n"
            "\n"
            "request to the endpoint\n"
            "  GET /v1/y?q=1 HTTP/1.1\n"
            "  Host: www.example.com:8080\n"
            "  X-Forwarded-For: 203.0.113.7\n"
            "  X-Real-IP: 203.0.113.7\n"
            "  X-Forwarded-Proto: http\n"
            "  X-Forwarded-Host: www.example.com:8080\n"
            "  X-Forwarded-Port: 8080\n"
            "  X-Request-Id: (a new UUIDv7)\n"
            "  traceparent: (a new one)\n"
            "  Via: 1.1 weir-(8 digits of the process)\n"
            "  X-Edge: weir\n"
            "  Authorization: ***\n"
            "\n"
            "response to the client, header policies security\n"
            "  set X-Frame-Options: DENY\n"
            "  set where absent Content-Security-Policy: default-src 'self'\n"
            "  remove Server\n");
}

TEST_F(ExplainTest, BalancingSaysWhatBoundsAndPrefers) {
  config_.server.zone = "a";
  config::Upstream& blue = config_.upstreams[0];
  blue.balance = config::Balance::hash;
  blue.hash_key = {config::HashKey::Kind::header, "X-User"};
  blue.endpoints[0].zone = "a";
  blue.endpoints[0].max_connections = 5;
  blue.endpoints[1].backup = true;
  blue.queue.max = 7;
  blue.max_requests = 100;
  const std::string explained = text("GET", api_url);
  EXPECT_THAT(explained, HasSubstr("upstream   blue, hash of header:X-User\n"));
  EXPECT_THAT(explained, HasSubstr("  127.0.0.1:9001, at most 5 requests at once, zone a (local)\n"));
  EXPECT_THAT(explained, HasSubstr("  app.internal:9002, weight 2, backup (not the local zone)\n"));
  EXPECT_THAT(explained,
              HasSubstr("at once    at most 100 requests, 7 may wait 5s for an endpoint with room\n"));
  const auto proxy = json("GET", api_url).at("proxy");
  EXPECT_EQ(proxy.at("hash_key"), "header:X-User");
  EXPECT_EQ(proxy.at("zone"), "a");
  EXPECT_EQ(proxy.at("endpoints").at(0).at("max_connections"), 5);
  EXPECT_EQ(proxy.at("endpoints").at(1).at("backup"), true);
}

TEST_F(ExplainTest, JsonSaysTheSame) {
  const auto explained = json("GET", api_url);
  EXPECT_EQ(explained.at("outcome"), "proxy");
  EXPECT_EQ(explained.at("listener").at("name"), "http");
  EXPECT_EQ(explained.at("client").at("ip"), "203.0.113.7");
  EXPECT_EQ(explained.at("path"), "/api/y");
  EXPECT_EQ(explained.at("route").at("name"), "api");
  EXPECT_EQ(explained.at("route").at("index"), 2);
  EXPECT_EQ(explained.at("route").at("conditions").as_array().size(), 2u);
  EXPECT_EQ(explained.at("earlier_routes").as_array().size(), 2u);
  EXPECT_EQ(explained.at("earlier_routes").at(0).at("conditions").at(0).at("holds"), false);
  EXPECT_EQ(explained.at("proxy").at("upstream"), "blue");
  EXPECT_EQ(explained.at("proxy").at("endpoints").at(1).at("weight"), 2);
  EXPECT_EQ(explained.at("proxy").at("timeouts").at("response"), "2s");
  EXPECT_EQ(explained.at("response").at("set").at(0).at("name"), "X-Frame-Options");
  EXPECT_EQ(explained.at("response").at("remove").at(0), "Server");
  EXPECT_FALSE(explained.as_object().contains("answer"));
}

TEST_F(ExplainTest, SplitsSayWhichSideAndWhy) {
  config::Upstream green = config_.upstreams[0];
  green.name = "green";
  config_.upstreams.push_back(green);
  config::ProxyAction action;
  action.upstream = config::no_upstream;
  config::Split& split = action.split.emplace();
  split.targets = {{0, 90}, {1, 10}};
  split.overrides = {{false, "X-Canary", "always", 1}};
  config_.routes = {make_route("api", "/", action)};
  EXPECT_THAT(text("GET", "http://h/"),
              HasSubstr("split      blue 90, green 10: in turns by weight; the heaviest "
                        "is shown\nupstream   blue"));
  const auto explained = json("GET", "http://h/", {"X-Canary: always"});
  EXPECT_EQ(explained.at("proxy").at("upstream"), "green");
  EXPECT_EQ(explained.at("proxy").at("split").at("why"), "override X-Canary: always");
  EXPECT_EQ(explained.at("proxy").at("split").at("targets").at(0).at("weight"), 90);

  std::get<config::ProxyAction>(config_.routes[0].action).split->affinity.by = config::AffinityBy::client_ip;
  EXPECT_EQ(json("GET", "http://h/").at("proxy").at("split").at("why"), "affinity by client_ip");
  std::get<config::ProxyAction>(config_.routes[0].action).split->affinity.by = config::AffinityBy::cookie;
  EXPECT_THAT(text("GET", "http://h/"), HasSubstr("by weight, then kept by a new cookie"));
  EXPECT_THAT(text("GET", "http://h/", {"Cookie: weir_split=0123456789abcdef"}),
              HasSubstr("affinity by the cookie weir_split"));
}

TEST_F(ExplainTest, ChecksAreShownWhereThereAreAny) {
  EXPECT_THAT(text("GET", api_url), Not(HasSubstr("checks     ")));
  EXPECT_FALSE(json("GET", api_url).at("proxy").as_object().contains("health_check"));
  config::HealthCheck check;
  check.expect = {{200, 299}, {401, 401}};
  check.host = "app.test";
  config_.upstreams[0].health_check = check;
  const std::string explained =
      "GET /health with host app.test every 30s, 5s to answer with 200-299,401; out after 3 failed, back "
      "after 2 "
      "passed";
  EXPECT_THAT(text("GET", api_url), HasSubstr("checks     " + explained + "\n"));
  EXPECT_EQ(json("GET", api_url).at("proxy").at("health_check").as_string(), explained);
  config_.upstreams[0].health_check->type = config::HealthCheck::Type::tcp;
  EXPECT_THAT(text("GET", api_url),
              HasSubstr("checks     a connection every 30s, 5s to connect; out after 3 failed"));
}

TEST_F(ExplainTest, ChecksByGrpcSayWhatIsAsked) {
  config::HealthCheck check;
  check.type = config::HealthCheck::Type::grpc;
  config_.upstreams[0].health_check = check;
  EXPECT_THAT(text("GET", api_url),
              HasSubstr("checks     grpc.health.v1.Health/Check of the server every 30s, "
                        "5s to answer SERVING; out after 3 failed"));
  config_.upstreams[0].health_check->grpc_service = "shop.v1.Orders";
  config_.upstreams[0].health_check->host = "shop.test";
  EXPECT_THAT(text("GET", api_url), HasSubstr("Check of shop.v1.Orders with host shop.test every"));
}

TEST_F(ExplainTest, TheProtocolOfTheEndpoints) {
  EXPECT_THAT(text("GET", api_url), AllOf(Not(HasSubstr("protocol")), Not(HasSubstr("as HTTP/1.1 would"))));
  EXPECT_EQ(json("GET", api_url).at("proxy").at("protocol"), "http1");
  config_.upstreams[0].protocol = config::UpstreamProtocol::h2c;
  EXPECT_THAT(text("GET", api_url), AllOf(HasSubstr(", protocol h2c\n"),
                                          HasSubstr("request to the endpoint, as HTTP/1.1 would have it")));
  EXPECT_EQ(json("GET", api_url).at("proxy").at("protocol"), "h2c");
}

TEST_F(ExplainTest, RetriesOfGrpcNeedNoIdempotentMethod) {
  config_.upstreams[0].retry.on |= config::failure_grpc_unavailable;
  EXPECT_THAT(text("POST", api_url), HasSubstr("nothing of the request was sent, except for grpc_*; of all"));
  EXPECT_THAT(text("GET", api_url), Not(HasSubstr("except for grpc_*")));
}

TEST_F(ExplainTest, Redirect) {
  const auto explained = json("GET", "http://h/old/x");
  EXPECT_EQ(explained.at("outcome"), "redirect");
  EXPECT_EQ(explained.at("answer").at("status"), 301);
  EXPECT_EQ(explained.at("answer").at("headers").at(0).at("value"), "https://example.com/new");
  EXPECT_THAT(text("GET", "http://h/old/x"), HasSubstr("Location: https://example.com/new"));
}

TEST_F(ExplainTest, Respond) {
  const auto explained = json("GET", "http://h/admin");
  EXPECT_EQ(explained.at("outcome"), "respond");
  EXPECT_EQ(explained.at("answer").at("status"), 503);
  EXPECT_EQ(explained.at("answer").at("body_bytes"), 6);
  const std::string shown = text("GET", "http://h/admin");
  EXPECT_THAT(shown, HasSubstr("answer     503 Service Unavailable by Weir itself (respond)"));
  EXPECT_THAT(shown, HasSubstr("Retry-After: 60"));
}

TEST_F(ExplainTest, NoRouteIs404WithTheDefaultPolicy) {
  const auto explained = json("GET", "http://h/nowhere");
  EXPECT_EQ(explained.at("outcome"), "no_route");
  EXPECT_EQ(explained.at("answer").at("status"), 404);
  EXPECT_TRUE(explained.at("route").is_null());
  EXPECT_EQ(explained.at("earlier_routes").as_array().size(), 4u);
  EXPECT_EQ(explained.at("response").at("policies").at(0), "security");
  EXPECT_THAT(text("GET", "http://h/nowhere"), HasSubstr("routes that do not match\n  old  path"));
}

TEST_F(ExplainTest, OfManyRoutesTheClosestAreShownInOrder) {
  std::vector<config::Route> routes;
  for (int i = 0; i < 100; ++i) {
    routes.push_back(make_route("r" + std::to_string(i), "/p" + std::to_string(i), config::ProxyAction{}));
    if (i != 50) routes.back().match.hosts = {"elsewhere.com"};
  }
  config_.routes = routes;
  const auto explained = json("GET", "http://h/nowhere");
  EXPECT_EQ(explained.at("earlier_routes_omitted"), 80);
  const auto& shown = explained.at("earlier_routes").as_array();
  ASSERT_EQ(shown.size(), 20u);
  EXPECT_EQ(shown.front().at("index"), 0);
  EXPECT_EQ(shown.back().at("index"), 50);
  EXPECT_THAT(text("GET", "http://h/nowhere"), HasSubstr("and 80 more"));
}

TEST_F(ExplainTest, RedirectToHttpsExceptsAcmeOnly) {
  config_.listeners[0].redirect_to_https = config::RedirectToHttps{8443, 308};
  const auto explained = json("GET", "http://h.example:8080/api?x=1");
  EXPECT_EQ(explained.at("outcome"), "redirect_to_https");
  EXPECT_EQ(explained.at("answer").at("status"), 308);
  EXPECT_EQ(explained.at("answer").at("headers").at(0).at("value"), "https://h.example:8443/api?x=1");
  config_.listeners[0].redirect_to_https->port = 443;
  EXPECT_EQ(json("GET", "http://h/").at("answer").at("headers").at(0).at("value"), "https://h/");
  EXPECT_EQ(json("GET", "http://h/.well-known/acme-challenge/x").at("outcome"), "no_route");
  EXPECT_EQ(json("GET", "http://h/.well-known/acme-challenge/../../site").at("outcome"), "redirect_to_https");
  EXPECT_EQ(json("GET", "https://h/site").at("outcome"), "proxy");
}

TEST_F(ExplainTest, WhatATrustedProxyReceivedByHttpsIsNotRedirectedAgain) {
  config_.listeners[0].redirect_to_https = config::RedirectToHttps{443, 308};
  const std::vector<std::string> by_https{"X-Forwarded-Proto: https"};
  EXPECT_EQ(json("GET", "http://h/site", by_https).at("outcome"), "redirect_to_https");
  config_.trusted_proxies = {*Cidr::parse("203.0.113.0/24")};
  EXPECT_EQ(json("GET", "http://h/site", by_https).at("outcome"), "proxy");
  EXPECT_EQ(json("GET", "http://h/site").at("outcome"), "redirect_to_https");
}

TEST_F(ExplainTest, ARefusalIsExplained) {
  const auto expect = [&](const std::string& method, const std::string& url, std::vector<std::string> headers,
                          int status) {
    const auto explained = json(method, url, std::move(headers));
    EXPECT_EQ(explained.at("outcome"), "refused") << url;
    EXPECT_EQ(explained.at("answer").at("status"), status) << url;
    EXPECT_FALSE(explained.at("answer").at("reason").as_string().empty());
  };
  expect("TRACE", "http://h/", {}, 405);
  expect("GET", "http://h/a%5Cb", {}, 400);
  expect("GET", "http://h/../x", {}, 400);
  expect("GET", "http://h/", {"Host: a", "Host: b"}, 400);
  expect("POST", "http://h/", {"Content-Length: 1", "Transfer-Encoding: chunked"}, 400);
  expect("GET", "http://h/" + std::string(9000, 'a'), {}, 414);
  config_.listeners[0].limits.body_bytes = 10;
  expect("POST", "http://h/site", {"Content-Length: 11"}, 413);
  EXPECT_EQ(json("POST", "http://h/site", {"Content-Length: 10"}).at("outcome"), "proxy");
  EXPECT_THAT(text("GET", "http://h/a%5Cb"), HasSubstr("because"));
}

TEST_F(ExplainTest, ListenerByPortThenByScheme) {
  config_.listeners.push_back(make_listener("inner", "127.0.0.1:81", false));
  const auto listener = [&](const char* url) {
    const auto explained = json("GET", url);
    return std::string(explained.at("listener").at("name").as_string()) + '|' +
           std::string(explained.at("listener").at("note").as_string());
  };
  EXPECT_EQ(listener("http://h:8080/site"), "http|");
  EXPECT_EQ(listener("https://h:8443/site"), "https|");
  EXPECT_EQ(listener("http://h:81/site"), "inner|");
  EXPECT_EQ(listener("https://h/site"),
            "https|no listener has port 443 with TLS: the first that fits the scheme");
  EXPECT_EQ(listener("http://h:8443/site"),
            "http|no listener has port 8443 without TLS: the first that fits the scheme");
  config_.listeners.erase(config_.listeners.begin() + 1);
  EXPECT_EQ(listener("https://h/site"),
            "http|no listener has port 443 with TLS, nor fits the scheme: the first");
}

TEST_F(ExplainTest, TlsChangesWhatIsSet) {
  EXPECT_THAT(text("GET", "https://h:8443/site"), HasSubstr("set Strict-Transport-Security: max-age=1"));
  EXPECT_THAT(text("GET", "http://h:8080/site"), Not(HasSubstr("Strict-Transport-Security")));
  EXPECT_THAT(endpoint_sees("GET", "https://h:8443/site"), Contains("X-Forwarded-Proto: https"));
}

TEST_F(ExplainTest, TheClientBehindATrustedProxy) {
  config_.trusted_proxies = {*Cidr::parse("10.0.0.0/8")};
  const std::vector<std::string> headers{"X-Forwarded-For: 198.51.100.1", "X-Request-Id: abc-1",
                                         "X-Forwarded-Proto: https"};
  client_ = "10.1.2.3";
  auto seen = endpoint_sees("GET", "http://h/site", headers);
  EXPECT_THAT(seen, Contains("X-Real-IP: 198.51.100.1"));
  EXPECT_THAT(seen, Contains("X-Forwarded-For: 198.51.100.1, 10.1.2.3"));
  EXPECT_THAT(seen, Contains("X-Request-Id: abc-1"));
  EXPECT_THAT(seen, Contains("X-Forwarded-Proto: https"));
  EXPECT_THAT(text("GET", "http://h/site", headers),
              HasSubstr("client     198.51.100.1, from the trusted proxy 10.1.2.3"));
  client_ = "192.0.2.9";
  seen = endpoint_sees("GET", "http://h/site", headers);
  EXPECT_THAT(seen, Contains("X-Forwarded-For: 192.0.2.9"));
  EXPECT_THAT(seen, Contains("X-Request-Id: (a new UUIDv7)"));
}

TEST_F(ExplainTest, WhatTheEndpointReceives) {
  const auto seen = endpoint_sees("POST", "http://h/site",
                                  {"X-Debug: 1", "Accept: */*", "Connection: close, x-hop", "X-Hop: 1",
                                   "Authorization: Basic abc", "Content-Length: 3"});
  EXPECT_EQ(seen.front(), "POST /site HTTP/1.1");
  EXPECT_THAT(seen, Contains("Accept: */*"));
  EXPECT_THAT(seen, Contains("Content-Length: 3"));
  for (const char* gone : {"X-Debug", "Connection", "X-Hop"})
    EXPECT_THAT(seen, Not(Contains(HasSubstr(gone)))) << gone;
  for (const std::string& line : seen) EXPECT_THAT(line, Not(HasSubstr("s3cret")));
}

TEST_F(ExplainTest, WebSocketsArePassedOnWhereAllowed) {
  const std::vector<std::string> headers{"Connection: upgrade", "Upgrade: websocket"};
  EXPECT_EQ(json("GET", "http://h/site", headers).at("proxy").at("websocket"), true);
  EXPECT_EQ(json("GET", "http://h/site").at("proxy").at("websocket"), false);
  std::get<config::ProxyAction>(config_.routes[3].action).websocket = false;
  EXPECT_EQ(json("GET", "http://h/site", headers).at("proxy").at("websocket"), false);
}

TEST_F(ExplainTest, CallsOfGrpcAreNamed) {
  const auto proxy = [&](const char* method, const char* type) {
    return json(method, "http://h/site", {std::string("Content-Type: ") + type}).at("proxy").as_object();
  };
  EXPECT_EQ(proxy("POST", "application/grpc+proto").at("grpc"), "a call");
  EXPECT_FALSE(proxy("GET", "application/grpc").contains("grpc"));
  EXPECT_FALSE(proxy("POST", "application/json").contains("grpc"));
  EXPECT_FALSE(proxy("POST", "application/grpc-web").contains("grpc"));
  EXPECT_THAT(text("POST", "http://h/site", {"Content-Type: application/grpc"}),
              HasSubstr("gRPC       a call\n"));
}

TEST_F(ExplainTest, AnEndpointGetsGrpcOfWhatIsGrpcWeb) {
  config_.routes[3].grpc_web = true;
  const auto plan =
      json("POST", "http://h/site", {"Content-Type: application/grpc-web-text+proto"}).at("proxy");
  EXPECT_EQ(plan.at("grpc"), "a call of gRPC-Web, which is translated");
  const auto seen = boost::json::value_to<std::vector<std::string>>(plan.at("request"));
  EXPECT_THAT(seen, Contains("Content-Type: application/grpc+proto"));
  EXPECT_THAT(seen, Contains("TE: trailers"));
}

TEST_F(ExplainTest, TheRetryRuleDependsOnTheMethod) {
  const auto rule = [&](const char* method) {
    return std::string(json(method, "http://h/site").at("proxy").at("retry").as_string());
  };
  const std::string tries = "one further try on another endpoint after connect, reset_before_response";
  const std::string budget = "; of all requests no more than 20 % and 100 in 10 s";
  EXPECT_EQ(rule("GET"), tries + budget);
  EXPECT_EQ(rule("POST"), tries + ", only while nothing of the request was sent" + budget);
  config_.upstreams[0].retry.non_idempotent = true;
  EXPECT_EQ(rule("POST"), rule("GET"));
  config_.upstreams[0].retry.attempts = 3;
  config_.upstreams[0].retry.on = config::failure_503;
  config_.upstreams[0].retry.budget = {0, 7};
  EXPECT_EQ(rule("GET"),
            "up to 3 further tries on another endpoint after 503; of all requests no more than 70 in 10 s");
  config_.upstreams[0].retry.attempts = 0;
  EXPECT_EQ(rule("GET"), "none");
}

TEST_F(ExplainTest, SaysThatNothingIsLogged) {
  EXPECT_THAT(text("GET", "http://h/site"), HasSubstr("no line in the access log"));
  EXPECT_EQ(json("GET", "http://h/site").at("access_log"), false);
}

TEST_F(ExplainTest, AGivenHostReplacesTheOneOfTheUrl) {
  EXPECT_EQ(json("GET", "http://127.0.0.1:8080/api", {"Host: www.example.com"}).at("route").at("name"),
            "api");
}

config::RateLimit make_limit(std::string name, std::vector<config::RateLimitKey> key) {
  config::RateLimit limit;
  limit.name = std::move(name);
  limit.key = std::move(key);
  limit.rate.count = 10;
  return limit;
}

TEST_F(ExplainTest, RateLimitsAreShown) {
  using Kind = config::RateLimitKey::Kind;
  config_.rate_limits = {make_limit("api", {{}}),
                         make_limit("users", {{Kind::route, {}}, {Kind::header, "X-User"}})};
  config_.rate_limits[1].on_missing_key = config::OnMissingKey::pass;
  config_.rate_limits[1].shadow = true;
  config_.routes[3].rate_limits = {0, 1};
  const std::string explained = text("GET", "http://h/site");
  EXPECT_THAT(explained, HasSubstr("api  10/s, burst 20, a bucket for each client_ip: takes a token\n"));
  EXPECT_THAT(explained, HasSubstr("users  10/s, burst 20, a bucket for each route + header:X-User: "
                                   "not limited: the key is missing (shadow, refuses nothing)\n"));
  const auto limits = json("GET", "http://h/site", {"X-User: me"}).at("rate_limits").as_array();
  ASSERT_EQ(limits.size(), 2u);
  EXPECT_EQ(limits[1].at("effect"), "takes a token");
  EXPECT_EQ(limits[1].at("shadow"), true);
  EXPECT_TRUE(json("GET", "http://h/old").at("rate_limits").as_array().empty());
}

TEST_F(ExplainTest, AMissingKeyThatRefusesIsTheAnswer) {
  config_.rate_limits = {make_limit("users", {{config::RateLimitKey::Kind::header, "X-User"}})};
  config_.rate_limits[0].on_missing_key = config::OnMissingKey::refuse;
  config_.rate_limits[0].status = 403;
  config_.routes[3].rate_limits = {0};
  EXPECT_THAT(text("GET", "http://h/site"), HasSubstr("403 Forbidden by Weir itself (refused)"));
  EXPECT_THAT(text("GET", "http://h/site"), HasSubstr("rate limit users: its key is missing"));
  EXPECT_THAT(text("GET", "http://h/site", {"X-User: me"}), HasSubstr("upstream"));
}

struct WrongInput {
  const char* method;
  const char* url;
  std::vector<std::string> headers;
  const char* client;
  const char* message;
};

class ExplainErrors : public ExplainTest, public testing::WithParamInterface<WrongInput> {};

TEST_P(ExplainErrors, SayWhatIsWrong) {
  client_ = GetParam().client;
  EXPECT_THAT(text(GetParam().method, GetParam().url, GetParam().headers), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, ExplainErrors,
    testing::Values(
        WrongInput{"", "http://h/", {}, "::1", "error: method \"\": write one such as GET"},
        WrongInput{"GE T", "http://h/", {}, "::1", "error: method \"GE T\""},
        WrongInput{"GET", "", {}, "::1", "error: URL \"\": write it as http://host/path"},
        WrongInput{"GET", "example.com/x", {}, "::1", "error: URL \"example.com/x\""},
        WrongInput{"GET", "ftp://h/", {}, "::1", "error: URL \"ftp://h/\""},
        WrongInput{"GET", "http:///x", {}, "::1", "error: URL: \"\" is not a host"},
        WrongInput{"GET", "http://u@h/x", {}, "::1", "error: URL: \"u@h\" is not a host"},
        WrongInput{"GET", "http://h:70000/", {}, "::1", "error: URL: \"h:70000\" is not a host"},
        WrongInput{"GET", "http://h/a b", {}, "::1", "error: URL: spaces"},
        WrongInput{"GET", "http://h/\r\nX: 1", {}, "::1", "error: URL: spaces"},
        WrongInput{
            "GET", "http://h/", {"NoColon"}, "::1", "error: header \"NoColon\": write it as 'Name: value'"},
        WrongInput{"GET", "http://h/", {"Bad Name: 1"}, "::1", "error: header \"Bad Name: 1\""},
        WrongInput{"GET", "http://h/", {"A: 1\r\nB: 2"}, "::1", "error: header A: control characters"},
        WrongInput{"GET", "http://h/", {}, "unknown", "error: client \"unknown\": write an IP address"}));

TEST_F(ExplainTest, UrlsWithoutPathWithQueryWithFragment) {
  const auto first_line = [&](const char* url) { return endpoint_sees("GET", url).front(); };
  config_.routes = {make_route("all", "/", config::ProxyAction{})};
  EXPECT_EQ(first_line("http://h"), "GET / HTTP/1.1");
  EXPECT_EQ(first_line("HTTP://h?q"), "GET /?q HTTP/1.1");
  EXPECT_EQ(first_line("http://h/x#part"), "GET /x HTTP/1.1");
  EXPECT_EQ(first_line("http://[::1]:8080/x?"), "GET /x? HTTP/1.1");
}

}  // namespace
}  // namespace weir::control
