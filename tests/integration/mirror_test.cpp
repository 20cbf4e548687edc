// Copies of requests on the wire: which ones, what they hold, and that no client waits for them.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <string>

#include "support/behaviours.hpp"
#include "support/dns_server.hpp"
#include "support/test_certificates.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

constexpr const char* copies = "weir_mirror_requests_total";

std::string outcome(const std::string& name) {
  return "outcome=\"" + name + "\"";
}

class Mirror : public ::testing::Test {
 protected:
  /// blue is upstream `app`, green another; the route for everything is copied to green. `mirror`: further keys.
  ConfigText config(const std::string& mirror) const {
    ConfigText made = config_for(blue_.address());
    made.upstreams = {"green: { endpoints: [ \"" + green_.address() + "\" ] }"};
    made.route = "mirror: { upstream: green, " + mirror + " }";
    return made;
  }
  static void wait_for(const WeirProcess& weir, const std::string& name, int count) {
    weir.wait_for_metric(copies, outcome(name), count);
  }

  ScriptableEndpoint blue_{behave::ok("blue")}, green_{behave::ok("green")};
};

TEST_F(Mirror, TheShareIsExactOverAllWorkers) {
  WeirProcess weir(config("percent: 12.5"));
  std::vector<RawClient> clients;
  clients.reserve(8);
  for (int i = 0; i < 8; ++i) clients.push_back(weir.connect());
  for (int i = 0; i < 2000; ++i) {
    ASSERT_EQ(clients[static_cast<std::size_t>(i) % clients.size()].get("/").body, "blue");
  }
  wait_for(weir, "answered", 250);
  EXPECT_EQ(green_.request_count(), 250U);
  EXPECT_EQ(blue_.request_count(), 2000U);
  EXPECT_EQ(weir.metric(copies), 250);
  EXPECT_EQ(weir.metric("weir_upstream_requests_total", "upstream=\"green\""), 250);
}

TEST_F(Mirror, ACopyIsTheSameRequestWithoutCredentials) {
  ConfigText text = config("percent: 100");
  text.route += ", rewrite: { path: /v1 }";
  WeirProcess weir(text);
  const std::string fields = "Cookie: s=1\r\nAuthorization: Basic x\r\nX-Custom: 7\r\nX-Weir-Mirrors: 1\r\n";
  EXPECT_EQ(weir.connect().exchange("POST", "/a?b=c", "hello", fields).body, "blue");
  green_.wait_for_requests(1);
  wait_for(weir, "answered", 1);
  const Request original = blue_.request(0), copy = green_.request(0);
  EXPECT_EQ(copy.start_line, original.start_line);
  EXPECT_EQ(copy.target, "/v1/a?b=c");
  EXPECT_EQ(copy.body, "hello");
  EXPECT_EQ(copy.fields.get("X-Weir-Mirror"), "all");
  EXPECT_FALSE(copy.fields.has("Cookie"));
  EXPECT_FALSE(copy.fields.has("Authorization"));
  EXPECT_EQ(original.fields.get("Cookie"), "s=1");
  EXPECT_FALSE(original.fields.has("X-Weir-Mirror"));
  for (const char* same : {"Host", "X-Custom", "X-Weir-Mirrors", "X-Request-Id", "traceparent",
                           "X-Forwarded-For", "Via", "Content-Length"}) {
    EXPECT_EQ(copy.fields.get(same), original.fields.get(same)) << same;
    EXPECT_TRUE(copy.fields.has(same)) << same;
  }
}

TEST_F(Mirror, CredentialsPassWhereThatIsAllowed) {
  WeirProcess weir(config("percent: 100, credentials: keep"));
  EXPECT_EQ(weir.get("/", "Cookie: s=1\r\nAuthorization: Basic x\r\n").status, 200);
  wait_for(weir, "answered", 1);
  EXPECT_EQ(green_.request(0).fields.get("Cookie"), "s=1");
  EXPECT_EQ(green_.request(0).fields.get("Authorization"), "Basic x");
}

TEST_F(Mirror, AChunkedBodyStaysChunkedWithItsTrailers) {
  WeirProcess weir(config("percent: 100"));
  RawClient client = weir.connect();
  client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
      "3\r\nabc\r\n");
  blue_.wait_for_requests(1);
  EXPECT_EQ(green_.connection_count(), 0U) << "the body is not whole yet";
  client.send("4\r\ndefg\r\n0\r\nX-Sum: 9\r\n\r\n");
  EXPECT_EQ(client.read_response("POST").body, "blue");
  wait_for(weir, "answered", 1);
  const Request copy = green_.request(0);
  EXPECT_TRUE(copy.chunked);
  EXPECT_EQ(copy.body, "abcdefg");
  EXPECT_EQ(copy.trailers.get("X-Sum"), "9");
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_response("POST").body, "blue");
  wait_for(weir, "answered", 2);
  EXPECT_EQ(green_.request(1).body, "");
}

TEST_F(Mirror, ALargeBodyIsNotCopied) {
  blue_.behave(behave::echo());
  WeirProcess weir(config("percent: 100, body_bytes: 1KiB, max_in_flight: 1"));
  RawClient client = weir.connect();
  const std::string fits(1024, 'f'), large(1025, 'l');
  EXPECT_EQ(client.exchange("POST", "/", large).body, large);
  wait_for(weir, "skipped_body", 1);
  client.send(fmt::format("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n",
                          large.size(), large));
  blue_.wait_for_requests(2);
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.read_response("POST").body, large);
  wait_for(weir, "skipped_body", 2);
  EXPECT_EQ(client.exchange("POST", "/", fits).body, fits);
  wait_for(weir, "answered", 1);
  EXPECT_EQ(green_.request_count(), 1U);
  EXPECT_EQ(green_.request(0).body, fits);
}

TEST_F(Mirror, NoClientWaitsForACopyAndTooManyAreSkipped) {
  const auto gate = std::make_shared<Gate>();
  green_.behave(behave::gated(gate, behave::ok()));
  WeirProcess weir(config("percent: 100, max_in_flight: 3"));
  RawClient client = weir.connect(), other = weir.connect();
  for (int i = 0; i < 10; ++i) EXPECT_EQ((i % 2 == 0 ? client : other).get("/").body, "blue");
  green_.wait_for_requests(3);
  wait_for(weir, "skipped_busy", 7);
  gate->open();
  wait_for(weir, "answered", 3);
  EXPECT_EQ(client.get("/").body, "blue");
  wait_for(weir, "answered", 4);
  EXPECT_EQ(green_.request_count(), 4U);
}

TEST_F(Mirror, NothingThatHappensToACopyIsSeenByTheClient) {
  const std::vector<RequestBehaviour> faults{
      behave::reset(), behave::close(), behave::respond("garbage\r\n\r\n"),
      behave::respond_then_close("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"),
      behave::respond_then_reset("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab")};
  WeirProcess weir(config("percent: 100"));
  RawClient client = weir.connect();
  int failed = 0;
  for (const RequestBehaviour& fault : faults) {
    green_.behave(fault);
    EXPECT_EQ(client.get("/").body, "blue");
    wait_for(weir, "failed", ++failed);
  }
  green_.behave(behave::ok());
  EXPECT_EQ(client.get("/").body, "blue");
  wait_for(weir, "answered", 1);
  green_.stop();
  EXPECT_EQ(client.get("/").body, "blue");
  wait_for(weir, "failed", failed + 1);
  for (const auto& line : weir.access_log(7)) EXPECT_EQ(line.at("status"), 200);
}

TEST_F(Mirror, AFailingCopyCountsForItsEndpoint) {
  ScriptableEndpoint good(behave::ok());
  green_.behave(behave::status(503));
  ConfigText text = config("percent: 100");
  text.server = "workers: 1";
  text.upstreams = {"green: { balance: round_robin, endpoints: [ \"" + green_.address() + "\", \"" +
                    good.address() + "\" ] }"};
  WeirProcess weir(text);
  RawClient client = weir.connect();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(client.get("/").body, "blue");
    wait_for(weir, "answered", i + 1);  // whatever the status
  }
  EXPECT_EQ(weir.metric("weir_ejections_total", "upstream=\"green\""), 1);
  EXPECT_EQ(green_.request_count(), 3U);
  EXPECT_EQ(weir.metric("weir_ejections_total", "upstream=\"app\""), 0);
}

TEST_F(Mirror, ACopyOutlivesItsClient) {
  const auto gate = std::make_shared<Gate>();
  blue_.behave(behave::hang());
  green_.behave(behave::gated(gate, behave::ok()));
  WeirProcess weir(config("percent: 100"));
  {
    RawClient client = weir.connect();
    client.send_get("/");
    green_.wait_for_requests(1);
    blue_.wait_for_requests(1);
  }
  EXPECT_EQ(weir.access_log(1)[0].at("status"), 499);
  gate->open();
  wait_for(weir, "answered", 1);
}

TEST_F(Mirror, ABodyThatBreaksOffHasNoCopy) {
  WeirProcess weir(config("percent: 100"));
  {
    RawClient client = weir.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    blue_.wait_for_bytes(0, "abc");
  }
  wait_for(weir, "skipped_incomplete", 1);
  EXPECT_EQ(weir.get("/").body, "blue");
  wait_for(weir, "answered", 1);
  EXPECT_EQ(green_.request_count(), 1U);
}

TEST_F(Mirror, ARetriedBodyIsCopiedOnce) {
  // Takes the beginning of the body and breaks off.
  ScriptableEndpoint bad(ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request_head()) return;
    connection.read_some();
    connection.reset();
  }));
  ConfigText text = config("percent: 100");
  text.endpoints.insert(text.endpoints.begin(), bad.address());
  text.app = "passive_health: { consecutive_failures: 0 }, retry: { non_idempotent: true }";
  WeirProcess weir(text);
  const std::string body(20'000, 'b');
  for (int i = 0; i < 6; ++i) EXPECT_EQ(weir.connect().exchange("POST", "/", body).body, "blue");
  EXPECT_GE(bad.connection_count(), 1U);
  wait_for(weir, "answered", 6);
  ASSERT_EQ(green_.request_count(), 6U);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(green_.request(i).body, body);
}

TEST_F(Mirror, UpgradesAreNotCopied) {
  blue_.behave(behave::respond(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"));
  WeirProcess weir(config("percent: 100"));
  RawClient client = weir.connect();
  client.send_get("/", "Connection: upgrade\r\nUpgrade: websocket\r\n");
  EXPECT_EQ(client.read_head().status, 101);
  blue_.behave(behave::ok("blue"));
  EXPECT_EQ(weir.get("/later").body, "blue");
  wait_for(weir, "answered", 1);
  EXPECT_EQ(weir.metric(copies), 1);
  EXPECT_EQ(green_.request(0).target, "/later");
}

TEST_F(Mirror, ACopyIsNotCopiedAgain) {
  WeirProcess second(config("percent: 100"));
  ConfigText text = config_for(blue_.address());
  text.upstreams = {"green: { endpoints: [ \"127.0.0.1:" + std::to_string(second.port()) + "\" ] }"};
  text.route = "mirror: { upstream: green, percent: 100 }";
  WeirProcess weir(text);
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(weir.get("/").body, "blue");
    wait_for(weir, "answered", i);
  }
  EXPECT_EQ(blue_.request_count(), 10U);
  EXPECT_EQ(green_.request_count(), 0U);
  EXPECT_EQ(weir.metric(copies), 5);
  EXPECT_EQ(second.metric(copies), 0);
}

TEST_F(Mirror, ACopyThatComesRoundEndsWith508) {
  const std::uint16_t port = unused_port();
  ConfigText text = config("percent: 100");
  DnsServer dns;  // check cannot see through a name
  dns.set("round.test", {"127.0.0.1"});
  text.server += ", resolver: { servers: [\"" + dns.address() + "\"] }";
  text.upstreams = {"green: { endpoints: [ \"round.test:" + std::to_string(port) + "\" ] }"};
  text.listeners = {"again: { address: \"127.0.0.1:" + std::to_string(port) + "\" }"};
  WeirProcess weir(text);
  EXPECT_EQ(weir.get("/").body, "blue");
  wait_for(weir, "answered", 1);
  EXPECT_EQ(blue_.request_count(), 1U);
  EXPECT_EQ(weir.metric("http_requests_total", "status=\"508\""), 1);
}

TEST_F(Mirror, WhatASplitSendsThereIsNotCopiedThere) {
  ConfigText text = config_for(blue_.address());
  text.upstreams = {"green: { endpoints: [ \"" + green_.address() + "\" ] }"};
  text.default_route = false;
  text.routes = {
      "{ name: api, split: { targets: [ { upstream: app, weight: 3 }, { upstream: green, weight: 1 } ] }, "
      "mirror: { upstream: green, percent: 50 } }"};
  WeirProcess weir(text);
  RawClient client = weir.connect();
  for (int i = 0; i < 40; ++i) client.get("/");
  wait_for(weir, "answered", 15);  // half of blue's 30
  EXPECT_EQ(blue_.request_count(), 30U);
  EXPECT_EQ(green_.request_count(), 10U + 15U);
}

TEST_F(Mirror, ConnectionsAreKeptUnlessTheAnswerIsLong) {
  ConfigText text = config("percent: 100");
  text.server = "workers: 1";
  WeirProcess weir(text);
  RawClient client = weir.connect();
  for (int i = 1; i <= 10; ++i) {
    EXPECT_EQ((i % 2 == 0 ? client.get("/") : client.exchange("POST", "/", "body")).body, "blue");
    wait_for(weir, "answered", i);
  }
  EXPECT_EQ(green_.connection_count(), 1U);
  green_.behave(behave::ok(std::string(3 * 1024 * 1024, 'x')));
  EXPECT_EQ(client.get("/").body, "blue");
  wait_for(weir, "answered", 11);
  green_.wait_for_end(0);
  green_.behave(
      behave::respond("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"));
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response("HEAD").status, 200);
  wait_for(weir, "answered", 12);
  green_.behave(behave::ok());
  EXPECT_EQ(client.get("/").body, "blue");
  wait_for(weir, "answered", 13);
  EXPECT_EQ(green_.connection_count(), 2U);
}

TEST_F(Mirror, TheShutdownDoesNotWaitForCopies) {
  green_.behave(behave::hang());
  ConfigText text = config("percent: 100");
  text.server = "workers: 2, shutdown_timeout: 1h";
  WeirProcess weir(text);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(weir.get("/").body, "blue");
  green_.wait_for_requests(6);
  EXPECT_EQ(weir.stop_busy(), (ExitStatus{0, 0}));
  for (std::size_t i = 0; i < green_.connection_count(); ++i) green_.wait_for_end(i);
}

TEST_F(Mirror, ACopyLivesThroughAReloadThatEndsItsMirror) {
  const auto gate = std::make_shared<Gate>();
  green_.behave(behave::gated(gate, behave::ok()));
  WeirProcess weir(config("percent: 100"));
  EXPECT_EQ(weir.get("/").body, "blue");
  green_.wait_for_requests(1);
  weir.reload(config_for(blue_.address()));
  EXPECT_EQ(weir.get("/").body, "blue");
  gate->open();
  wait_for(weir, "answered", 1);
  EXPECT_EQ(green_.request_count(), 1U);
  EXPECT_EQ(green_.wait_for_end(0), StreamEvent::end);  // nothing needs the connection any more
}

TEST_F(Mirror, AKeptConnectionThatDiedSaysNothingAboutItsEndpoint) {
  ScriptableEndpoint once(ConnectionBehaviour([](EndpointConnection& connection) {
    if (connection.read_request()) connection.send(behave::ok_message("first"));
    if (connection.read_request()) connection.reset();
  }));
  ConfigText text = config("percent: 100");
  text.server = "workers: 1";
  text.upstreams = {"green: { endpoints: [ \"" + once.address() + "\" ] }"};
  WeirProcess weir(text);
  RawClient client = weir.connect();
  for (int i = 1; i <= 4; ++i) {
    EXPECT_EQ(client.get("/").body, "blue");
    wait_for(weir, "answered", i);
    EXPECT_EQ(client.get("/").body, "blue");
    wait_for(weir, "failed", i);
  }
  EXPECT_EQ(once.connection_count(), 4U) << "one try each";
  EXPECT_EQ(weir.metric("weir_upstream_failures_total", "upstream=\"green\""), 0);
}

TEST_F(Mirror, OverTls) {
  const TempDir directory;
  const TestCa ca;
  LeafOptions leaf;
  leaf.addresses = {"127.0.0.1"};
  const CertificateFiles files = ca.issue_files(directory, "green", leaf);
  EndpointOptions options;
  options.tls = true;
  options.tls_options.cert_file = files.cert;
  options.tls_options.key_file = files.key;
  const ScriptableEndpoint secure(behave::ok(), options);
  const auto with_tls = [&](const std::string& tls) {
    ConfigText text = config("percent: 100");
    text.upstreams = {"green: { endpoints: [ \"" + secure.address() + "\" ], tls: { " + tls + " } }"};
    return text;
  };
  WeirProcess weir(with_tls("ca: \"" + directory.write("ca.crt", ca.pem()) + "\""));
  EXPECT_EQ(weir.connect().exchange("POST", "/", "secret").body, "blue");
  wait_for(weir, "answered", 1);
  EXPECT_EQ(secure.request(0).body, "secret");
  weir.reload(with_tls("ca: system"));
  EXPECT_EQ(weir.get("/").body, "blue");
  wait_for(weir, "failed", 1);
  EXPECT_EQ(weir.metric("weir_upstream_failures_total", "kind=\"tls_certificate\""), 1);
  EXPECT_EQ(secure.request_count(), 1U);
}

/// max_requests of the mirrored-to upstream is for its own clients.
TEST_F(Mirror, CopiesTakeNoPlaceFromRequests) {
  const auto gate = std::make_shared<Gate>();
  green_.behave(behave::gated(gate, behave::ok("green")));
  ConfigText text = config("percent: 100");
  text.upstreams = {"green: { endpoints: [ \"" + green_.address() + "\" ], max_requests: 1 }"};
  text.routes = {"{ name: direct, match: { path: /direct }, upstream: green }"};
  WeirProcess weir(text);
  EXPECT_EQ(weir.get("/").body, "blue");
  green_.wait_for_requests(1);  // the copy, which stays there
  RawClient direct = weir.connect();
  direct.send_get("/direct");
  green_.wait_for_requests(2);
  EXPECT_EQ(weir.get("/").body, "blue");
  wait_for(weir, "failed", 1);  // while its clients have all places no copy goes out
  EXPECT_EQ(weir.metric("weir_upstream_refused_total", "upstream=\"green\""), 0);
  gate->open();
  EXPECT_EQ(direct.read_response().body, "green");
  wait_for(weir, "answered", 1);
  EXPECT_EQ(green_.request_count(), 2U);
}

}  // namespace
}  // namespace weir::testing
