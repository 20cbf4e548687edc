// An answer that is given before the request body is in: clients that send all of it before they read must still get
// the answer, and one that never stops sending is bounded.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "support/behaviours.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using namespace std::chrono_literals;

std::string post(const std::string& path, std::size_t length) {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

class RefusedUpload : public ::testing::Test {
 protected:
  std::unique_ptr<WeirProcess> weir_with(const std::string& limits = "") {
    ConfigText config = config_for(endpoint_.address());
    if (!limits.empty()) config.http = "limits: { " + limits + " }";
    config.access = "none: { deny: [127.0.0.0/8] }";
    config.rate_limits = "once: { key: route, rate: 1/h, burst: 1 }";
    config.upstreams = {"gone: { endpoints: [\"127.0.0.1:1\"] }"};
    config.routes = {"{ name: denied, match: { path_prefix: /denied }, access: [none], upstream: app }",
                     "{ name: limited, match: { path: /limited }, rate_limits: [once], upstream: app }",
                     "{ name: gone, match: { path: /gone }, upstream: gone }",
                     "{ name: maintenance, match: { path: /maintenance }, respond: { status: 503 } }",
                     "{ name: app, match: { path_prefix: /app }, upstream: app }"};
    config.default_route = false;
    return std::make_unique<WeirProcess>(config);
  }

  ConfigText one_connection_a_client() const {
    ConfigText config = config_for(endpoint_.address());
    config.http = "limits: { connections_per_client: 1 }";
    return config;
  }

  enum class Coding { length, chunked };

  /// Sends all of the body before it reads, as many clients do.
  static int status_after_sending(WeirProcess& weir, const std::string& path, std::size_t bytes,
                                  Coding coding = Coding::length) {
    RawClient client = weir.connect();
    const bool chunked = coding == Coding::chunked;
    client.send(chunked ? "POST " + path + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                        : post(path, bytes));
    const std::string piece(256 * 1024, 'b');
    for (std::size_t sent = 0; sent < bytes; sent += piece.size()) {
      const std::string_view part = std::string_view(piece).substr(0, bytes - sent);
      const std::string framed =
          chunked ? fmt::format("{:x}\r\n{}\r\n", part.size(), part) : std::string(part);
      if (!client.send(framed)) return 0;
    }
    if (chunked && !client.send("0\r\n\r\n")) return 0;
    return client.read_response("POST").status;
  }

  ScriptableEndpoint endpoint_{behave::echo()};
};

TEST_F(RefusedUpload, TheAnswerReachesAClientThatSendsAllFirst) {
  const auto weir = weir_with("body_bytes: 15MiB");
  weir->get("/limited");
  const std::vector<std::pair<std::string, int>> refusals{
      {"/denied", 403}, {"/limited", 429}, {"/nowhere", 404}, {"/maintenance", 503}, {"/gone", 502}};
  int cells = 0;
  for (const Coding coding : {Coding::length, Coding::chunked}) {
    for (const std::size_t bytes : {20'000U, 1'000'000U, 20'000'000U}) {
      for (const auto& [path, status] : refusals) {
        // What is known to be too long is refused before an endpoint is looked for, what turns out to be is not.
        const bool too_long = path == "/gone" && bytes > 15u << 20 && coding == Coding::length;
        EXPECT_EQ(status_after_sending(*weir, path, bytes, coding), too_long ? 413 : status)
            << path << ' ' << bytes << (coding == Coding::chunked ? " chunked" : "");
        ++cells;
      }
    }
    EXPECT_EQ(status_after_sending(*weir, "/app", 20'000'000, coding), 413);
    ++cells;
  }
  weir->wait_for_metric("weir_connections", "", 0);
  EXPECT_LE(weir->metric("weir_request_discards_total", "complete"), cells);
  EXPECT_EQ(weir->metric("weir_request_discards_total", "client_gone"), 0);
}

TEST_F(RefusedUpload, AnEarlyAnswerOfTheEndpointReachesItToo) {
  ScriptableEndpoint refuses(ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request_head()) return;
    connection.send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
  }));
  WeirProcess weir(config_for(refuses.address()));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(status_after_sending(weir, "/", 20'000'000), 413) << i;
}

TEST_F(RefusedUpload, AClientThatNeverStopsIsBoundedInBytes) {
  const auto weir = weir_with("discard_bytes: 3MiB");
  RawClient client = weir->connect();
  client.send(post("/denied", 1'000'000'000));
  const std::string piece(64 * 1024, 'b');
  std::size_t sent = 0;
  while (sent < 500'000'000 && client.send(piece)) sent += piece.size();
  EXPECT_LT(sent, 500'000'000U);
  EXPECT_EQ(weir->metric("weir_request_discards_total", "discard_bytes"), 1);
  EXPECT_LE(weir->metric("weir_request_discarded_bytes_total"), 3 * 1024 * 1024 + 32 * 1024);
}

TEST_F(RefusedUpload, AClientThatNeverStopsIsBoundedInTime) {
  const auto weir = weir_with("discard_timeout: 1s, discard_min_rate: 0");
  RawClient client = weir->connect();
  client.send(post("/denied", 1'000'000'000));
  EXPECT_EQ(client.read_response("POST").status, 403);
  client.stream().write_available("some of it");
  weir->wait_for_metric("weir_request_discards_total", "discard_timeout", 1);
  EXPECT_EQ(client.read_to_end().bytes, "");
}

TEST_F(RefusedUpload, OneBoundOfTimeIsForAllOfIt) {
  const auto weir = weir_with("discard_timeout: 300ms, discard_min_rate: 0");
  RawClient client = weir->connect();
  client.send("POST /denied HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const Response refusal = client.read_response("POST");
  EXPECT_EQ(refusal.status, 403);
  EXPECT_FALSE(refusal.fields.has_token("Connection", "close"));  // the connection would go on
  EXPECT_EQ(client.read_to_end().bytes, "");                      // and stays, without a word
  weir->wait_for_metric("weir_connections", "listener=\"http\"", 0);
  EXPECT_EQ(weir->metric("weir_request_discards_total", "discard_timeout"),
            1);  // not once more while it closes
}

TEST_F(RefusedUpload, ARefusedConnectionReadsItsAnswerAlthoughItsRequestComesLater) {
  WeirProcess weir(one_connection_a_client());
  RawClient held = weir.connect();
  EXPECT_EQ(held.get("/").status, 200);
  RawClient refused = weir.connect();
  weir.wait_for_metric("weir_connections_refused_total", "reason=\"connections_per_client\"", 1);
  refused.send_get("/");  // would be reset, had the connection been closed at once
  EXPECT_EQ(refused.read_response().status, 503);
  EXPECT_EQ(refused.read_to_end().event, StreamEvent::end);
}

TEST_F(RefusedUpload, ARefusedConnectionThatUploadsReadsItsAnswer) {
  WeirProcess weir(one_connection_a_client());
  RawClient held = weir.connect();
  EXPECT_EQ(held.get("/").status, 200);
  EXPECT_EQ(status_after_sending(weir, "/", 20'000'000), 503);
  weir.wait_for_metric("weir_request_discards_total", "complete", 1);
}

TEST_F(RefusedUpload, OneBoundOfBytesIsForAllOfIt) {
  const auto weir = weir_with("discard_bytes: 512KiB");
  RawClient client = weir->connect();
  client.send("POST /denied HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'c') + "\r\n";
  std::size_t sent = 0;
  while (sent < 100'000'000 && client.send(chunk)) sent += chunk.size();
  EXPECT_LT(sent, 100'000'000U);
  EXPECT_EQ(weir->metric("weir_request_discards_total", "discard_bytes"), 1);
  EXPECT_LE(weir->metric("weir_request_discarded_bytes_total"), 512 * 1024 + 32 * 1024);
}

TEST_F(RefusedUpload, AClientThatDripsIsEndedByItsRate) {
  const auto weir = weir_with("discard_min_rate: 1KiB");
  RawClient client = weir->connect();
  client.send(post("/denied", 1'000'000'000));
  EXPECT_EQ(client.read_response("POST").status, 403);
  weir->wait_for_metric("weir_request_discards_total", "discard_min_rate", 1);
}

TEST_F(RefusedUpload, OneThatDripsDoesNotHoldADrainUp) {
  const auto weir = weir_with();
  RawClient client = weir->connect();
  client.send(post("/denied", 1'000'000'000));
  EXPECT_EQ(client.read_response("POST").status, 403);
  std::promise<void> over;
  std::thread dripping([&, ended = over.get_future()] {
    while (client.send(std::string(1024, 'b')) && ended.wait_for(50ms) == std::future_status::timeout) {
    }
  });
  const ExitStatus ended = weir->stop_busy(Deadline(60s));
  over.set_value();
  dripping.join();
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(weir->process().error_text(), ::testing::Not(::testing::HasSubstr("shutdown_timeout is over")));
}

TEST_F(RefusedUpload, AShortRestKeepsTheConnection) {
  const auto weir = weir_with();
  RawClient client = weir->connect();
  client.send(post("/denied", 64 * 1024));  // nothing of it is here when the answer is given
  EXPECT_EQ(client.read_response("POST").status, 403);
  client.send(std::string(64 * 1024, 'b'));
  client.send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
  const Response second = client.read_response();
  EXPECT_EQ(second.status, 404);
  EXPECT_FALSE(second.fields.has_token("Connection", "close"));
  client.send("POST /denied HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(client.read_response("POST").status, 403);
  client.send("3c\r\n" + std::string(60, 'c') + "\r\n0\r\n\r\nGET /maintenance HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_response().status, 503);
}

TEST_F(RefusedUpload, OneThatWaitsForA100IsNotUnderstoodAfterARefusal) {
  const auto weir = weir_with();
  RawClient client = weir->connect();
  client.send("POST /denied HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n");
  const Response response = client.read_response("POST");
  EXPECT_EQ(response.status, 403);
  EXPECT_TRUE(response.fields.has_token("Connection", "close"));
}

TEST_F(RefusedUpload, AnEarlySuccessSaysThatTheConnectionEnds) {
  ScriptableEndpoint early(ConnectionBehaviour([](EndpointConnection& connection) {
    if (!connection.read_request_head()) return;
    connection.send(behave::ok_message("enough"));
    connection.pause(60s);
  }));
  WeirProcess weir(config_for(early.address()));
  RawClient client = weir.connect();
  client.send(post("/", 1'000'000'000));
  const Response response = client.read_response("POST");
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.fields.has_token("Connection", "close"));
  EXPECT_EQ(client.read_to_end().event, StreamEvent::end);
}

TEST_F(RefusedUpload, AClientThatLeavesInTheMiddleIsGoneHoweverItLeft) {
  const auto weir = weir_with();
  const std::string chunked = "POST /app HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel";
  std::size_t lines = 0;
  for (const std::string& request : {post("/app", 100) + "some", chunked}) {
    for (const bool reset : {false, true}) {
      RawClient client = weir->connect();
      client.send(request);
      endpoint_.wait_for_requests(lines + 1);
      reset ? client.reset() : client.shutdown_write();
      const auto line = weir->access_log(++lines).back();
      EXPECT_EQ(line.at("reason"), "client_gone") << request << reset;
      EXPECT_EQ(line.at("status"), 499);
    }
  }
}

TEST_F(RefusedUpload, AClientThatTakesNothingIsStalled) {
  ScriptableEndpoint large(behave::ok(std::string(32 * 1024 * 1024, 'l')));
  ConfigText config = config_for(large.address());
  config.http = "limits: { send_timeout: 1s }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  client.send_get("/");
  const auto line = weir.access_log(1).back();
  EXPECT_EQ(line.at("reason"), "client_stalled");
  EXPECT_EQ(weir.metric("weir_slow_clients_total", "send_timeout"), 1);
}

}  // namespace
}  // namespace weir::testing
