// HTTP/2 with clients, first steps: how a connection comes to speak it, many requests at once, bodies both ways, and
// everything that Weir does with requests of HTTP/1. What becomes of each part of a request and of a response:
// http2_translation_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "support/behaviours.hpp"
#include "support/http2_client.hpp"
#include "support/test_certificates.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::size_t mebibyte = 1024 * 1024;
constexpr const char* both_versions = "protocols: [http/1.1, h2c]";

ConfigText both(const std::string& endpoint) {
  ConfigText config = config_for(endpoint);
  config.http = both_versions;
  return config;
}

/// Text in which no two places look alike, so that lost or swapped blocks are seen.
std::string distinct_text(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ",";
  text.resize(size);
  return text;
}

RequestBehaviour echo_target() {
  return [](EndpointConnection& connection, const Request& request) {
    connection.send(behave::ok_message(request.target));
  };
}

enum class Wire { prior_knowledge, tls };

void PrintTo(Wire wire, std::ostream* out) {
  *out << (wire == Wire::tls ? "tls" : "prior_knowledge");
}

/// Over TLS the listener says nothing about protocols: HTTP/2 is on by default.
class Http2 : public ::testing::TestWithParam<Wire> {
 protected:
  Http2() {
    tls_.ca_file = directory_.write("ca.crt", ca_.pem());
    const CertificateFiles files = ca_.issue_files(directory_, "default");
    ConfigText config = both(endpoint_.address());
    config.listeners = {tls_listener(files.cert, files.key)};
    weir_ = std::make_unique<WeirProcess>(config);
  }

  static bool is_tls() { return GetParam() == Wire::tls; }
  static std::string listener() { return is_tls() ? "https" : "http"; }

  Http2Client connect(const Http2Options& options = {}) const {
    return is_tls() ? Http2Client(weir_->port("https"), tls_, options) : Http2Client(weir_->port(), options);
  }
  RawClient connect_http1() const {
    TlsClientOptions tls = tls_;
    tls.alpn = {"http/1.1"};
    return is_tls() ? weir_->connect_tls(tls) : weir_->connect();
  }

  TempDir directory_;
  TestCa ca_;
  TlsClientOptions tls_;
  ScriptableEndpoint endpoint_{behave::ok("hello")};
  std::unique_ptr<WeirProcess> weir_;
};

INSTANTIATE_TEST_SUITE_P(Over, Http2, ::testing::Values(Wire::prior_knowledge, Wire::tls),
                         ::testing::PrintToStringParamName());

TEST_P(Http2, AnswersAGet) {
  Http2Client client = connect();
  const Http2Response response = client.get("/some/path?a=1&b=%20x");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello");
  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response.reset, std::nullopt);
  EXPECT_EQ(response.fields.get("content-length"), "5");
  EXPECT_EQ(response.fields.has("strict-transport-security"), is_tls());
  EXPECT_THAT(response.fields.get("date"), HasSubstr("GMT"));
  const Request seen = endpoint_.request(0);
  EXPECT_EQ(seen.start_line, "GET /some/path?a=1&b=%20x HTTP/1.1");
  EXPECT_EQ(response.fields.get("x-request-id"), seen.fields.get("X-Request-Id"));
}

TEST_P(Http2, TheEndpointIsToldWhatItIsToldOfHttp1) {
  Http2Options options;
  options.authority = "example.test:8080";
  connect(options).get("/");
  const Request seen = endpoint_.request(0);
  EXPECT_EQ(seen.fields.values("Host"), std::vector<std::string>{"example.test:8080"});
  EXPECT_THAT(seen.fields.get("Via"), MatchesRegex("2\\.0 weir-.*"));
  EXPECT_EQ(seen.fields.get("X-Forwarded-For"), "127.0.0.1");
  EXPECT_EQ(seen.fields.get("X-Forwarded-Proto"), is_tls() ? "https" : "http");
  EXPECT_EQ(seen.fields.get("X-Forwarded-Host"), "example.test:8080");
  EXPECT_EQ(seen.fields.get("X-Forwarded-Port"), std::to_string(weir_->port(listener())));
  EXPECT_FALSE(seen.fields.has("Content-Length"));
  EXPECT_FALSE(seen.chunked);
  EXPECT_THAT(endpoint_.bytes(), Not(HasSubstr(":authority")));
}

TEST_P(Http2, Http1StillWorks) {
  RawClient client = connect_http1();
  EXPECT_EQ(client.get("/").body, "hello");
  EXPECT_EQ(client.get("/").body, "hello");
  EXPECT_THAT(endpoint_.request(0).fields.get("Via"), StartsWith("1.1 weir-"));
  EXPECT_EQ(weir_->access_log(2)[1].at("protocol"), "HTTP/1.1");
  EXPECT_EQ(weir_->metric("weir_http2_connections_total"), 0);
}

/// While it does not read, its socket is full, and what TLS has encrypted already must not be sent once more.
TEST_P(Http2, AClientThatReadsLateGetsEveryByte) {
  const std::string sent = distinct_text(24 * mebibyte);
  endpoint_.behave(
      [&](EndpointConnection& connection, const Request&) { connection.send(behave::ok_message(sent)); });
  Http2Options options;
  options.settings = {{h2::initial_window_size, 64 * mebibyte}};
  options.connection_window = 64 * mebibyte;
  Http2Client client = connect(options);
  const std::uint32_t stream = client.start_get("/");
  for (int i = 0; i < 20; ++i) weir_->metric("weir_http2_connections_total");  // meanwhile Weir writes
  EXPECT_TRUE(client.wait_end(stream).body == sent);
  EXPECT_EQ(client.get("/").body.size(), sent.size());
}

TEST_P(Http2, AConnectionServesManyRequests) {
  endpoint_.behave(echo_target());
  Http2Client client = connect();
  for (int i = 0; i < 50; ++i) {
    const std::string target = "/" + std::to_string(i);
    EXPECT_EQ(client.get(target).body, target);
  }
  EXPECT_EQ(weir_->metric("weir_http2_connections_total", "listener=\"" + listener() + "\""), 1);
}

TEST_P(Http2, AHundredRequestsAtOnce) {
  const auto gate = std::make_shared<Gate>();
  endpoint_.behave(behave::gated(gate, echo_target()));
  Http2Client client = connect();
  std::vector<std::uint32_t> streams;
  for (int i = 0; i < 100; ++i) streams.push_back(client.start_get("/" + std::to_string(i)));
  endpoint_.wait_for_requests(100);
  gate->open();
  for (std::size_t i = 0; i < streams.size(); ++i) {
    EXPECT_EQ(client.wait_end(streams[i]).body, "/" + std::to_string(i));
  }
}

TEST_P(Http2, OnlyTheRequestPastTheBoundIsRefused) {
  const auto gate = std::make_shared<Gate>();
  endpoint_.behave(behave::gated(gate, behave::ok()));
  Http2Client client = connect();
  client.wait_settings();
  EXPECT_EQ(client.setting(h2::max_concurrent_streams), 100U);
  std::vector<std::uint32_t> streams;
  for (int i = 0; i < 100; ++i) streams.push_back(client.start_get("/"));
  endpoint_.wait_for_requests(100);
  EXPECT_EQ(client.wait_reset(client.start_get("/past-the-bound")), h2::refused_stream);
  gate->open();
  for (const std::uint32_t stream : streams) EXPECT_EQ(client.wait_end(stream).status, 200);
  EXPECT_EQ(client.get("/again").status, 200);
  for (const Request& seen : endpoint_.requests()) EXPECT_NE(seen.target, "/past-the-bound");
  EXPECT_EQ(weir_->metric("weir_http2_streams_rejected_total", "reason=\"concurrent_streams\""), 1);
}

TEST_P(Http2, ALargeDownloadArrivesUnchanged) {
  const std::string body = distinct_text(mebibyte);
  endpoint_.behave(behave::ok(body));
  Http2Client client = connect();
  const Http2Response response = client.get("/");
  EXPECT_EQ(response.fields.get("content-length"), std::to_string(body.size()));
  EXPECT_TRUE(response.body == body) << response.body.size();
}

TEST_P(Http2, ALargeUploadArrivesUnchanged) {
  const std::string body = distinct_text(mebibyte);
  endpoint_.behave(behave::echo());
  Http2Client client = connect();
  const std::string length = std::to_string(body.size());
  EXPECT_TRUE(client.exchange("POST", "/", body, {{"content-length", length}}).body == body);
  EXPECT_EQ(endpoint_.request(0).fields.get("Content-Length"), length);
  EXPECT_FALSE(endpoint_.request(0).chunked);
  EXPECT_TRUE(client.exchange("PUT", "/", body).body == body);
  EXPECT_TRUE(endpoint_.request(1).chunked);
}

TEST_P(Http2, UploadsAndDownloadsShareAConnection) {
  const std::string body = distinct_text(mebibyte / 4);
  endpoint_.behave(behave::echo());
  Http2Client client = connect();
  std::vector<std::uint32_t> streams;
  for (int i = 0; i < 8; ++i) streams.push_back(client.start_request(client.fields_of("POST", "/"), false));
  for (const std::uint32_t stream : streams) EXPECT_EQ(client.send_data(stream, body), body.size());
  for (const std::uint32_t stream : streams) EXPECT_TRUE(client.wait_end(stream).body == body);
}

/// What an endpoint sends is there at once, not when more comes.
TEST_P(Http2, AResponseStreamsAsItComes) {
  const auto gate = std::make_shared<Gate>();
  endpoint_.behave([gate](EndpointConnection& connection, const Request&) {
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    connection.send("3\r\none\r\n");
    connection.wait(*gate);
    connection.send("3\r\ntwo\r\n0\r\n\r\n");
  });
  Http2Client client = connect();
  const std::uint32_t stream = client.start_get("/events");
  EXPECT_EQ(client.wait_body(stream, 3).body, "one");
  gate->open();
  EXPECT_EQ(client.wait_end(stream).body, "onetwo");
}

TEST_P(Http2, AStreamThatIsNotReadHoldsNoOther) {
  const std::string body = distinct_text(mebibyte);
  endpoint_.behave(behave::ok(body));
  Http2Options options;
  options.keep_windows = false;
  options.connection_window = 2 * mebibyte;
  Http2Client client = connect(options);
  const std::uint32_t stalled = client.start_get("/stalled");
  client.wait_body(stalled, 65'535);
  endpoint_.behave(behave::ok("small"));
  EXPECT_EQ(client.get("/").body, "small");
  EXPECT_EQ(client.response(stalled).body.size(), 65'535U);
  client.send_window_update(stalled, mebibyte);
  EXPECT_TRUE(client.wait_end(stalled).body == body);
}

/// A head that does not fit one frame, and lines that the client has in its table from the first request on.
TEST_P(Http2, UnderstandsWhatHpackCanSay) {
  Http2Client client = connect();
  const std::string long_value(20'000, 'l');
  const std::string start = h2::hpack_indexed(2) + h2::hpack_indexed(is_tls() ? 7 : 6) + h2::hpack_indexed(4);
  const std::uint32_t first = client.start_block(
      start + h2::hpack_stored(":authority", "a.test") + h2::hpack_stored("x-kept", "kept") +
      h2::hpack_never("x-secret", "secret") + h2::hpack_literal("x-long", long_value));
  EXPECT_EQ(client.wait_end(first).status, 200);
  const std::uint32_t second = client.start_block(start + h2::hpack_indexed(63) + h2::hpack_indexed(62));
  EXPECT_EQ(client.wait_end(second).status, 200);
  const std::uint32_t third =
      client.start_block(h2::hpack_table_size(0) + start + h2::hpack_literal(1, "b.test"));
  EXPECT_EQ(client.wait_end(third).status, 200);
  EXPECT_TRUE(endpoint_.request(0).fields.get("x-long") == long_value);
  EXPECT_EQ(endpoint_.request(0).fields.get("x-secret"), "secret");
  EXPECT_EQ(endpoint_.request(1).fields.get("x-kept"), "kept");
  EXPECT_EQ(endpoint_.request(1).fields.get("Host"), "a.test");
  EXPECT_FALSE(endpoint_.request(2).fields.has("x-kept"));
  EXPECT_EQ(endpoint_.request(2).fields.get("Host"), "b.test");
}

TEST_P(Http2, ResponsesWithoutABodyEndWithTheirHead) {
  Http2Client client = connect();
  endpoint_.behave(behave::ok(std::string(1234, 'x')));
  const Http2Response head = client.exchange("HEAD", "/");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.fields.get("content-length"), "1234");
  EXPECT_TRUE(head.ended_by_head);
  endpoint_.behave(behave::respond("HTTP/1.1 204 No Content\r\n\r\n"));
  const Http2Response no_content = client.get("/");
  EXPECT_EQ(no_content.status, 204);
  EXPECT_TRUE(no_content.ended_by_head);
  EXPECT_FALSE(no_content.fields.has("content-length"));
  endpoint_.behave(
      behave::respond("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 100\r\n\r\n"));
  const Http2Response not_modified = client.get("/");
  EXPECT_EQ(not_modified.status, 304);
  EXPECT_TRUE(not_modified.ended_by_head);
  EXPECT_EQ(not_modified.fields.get("etag"), "\"x\"");
  endpoint_.behave(behave::ok("after"));
  EXPECT_EQ(client.get("/").body, "after");  // the endpoint's connection was in step all the time
}

TEST_P(Http2, TheAccessLogHasItsRequests) {
  Http2Client client = connect();
  const Http2Response response =
      client.exchange("POST", "/path?query=1", "12345678", {{"user-agent", "test/1"}});
  const boost::json::object line = weir_->access_log(1)[0];
  EXPECT_EQ(line.at("protocol"), "HTTP/2");
  EXPECT_EQ(line.at("listener").as_string(), listener());
  EXPECT_EQ(line.at("client_ip"), "127.0.0.1");
  EXPECT_EQ(line.at("client_port"), client.connection().local_port());
  EXPECT_EQ(line.at("method"), "POST");
  EXPECT_EQ(line.at("host"), "example.test");
  EXPECT_EQ(line.at("path"), "/path");
  EXPECT_EQ(line.at("query"), "query=1");
  EXPECT_EQ(line.at("user_agent"), "test/1");
  EXPECT_EQ(line.at("request_id").as_string(), response.fields.get("x-request-id"));
  EXPECT_EQ(line.at("status"), 200);
  EXPECT_EQ(line.at("bytes_in"), 8);
  EXPECT_EQ(line.at("bytes_out"), 5);
  EXPECT_EQ(line.contains("tls"), is_tls());
  EXPECT_EQ(line.at("attempts").as_array().size(), 1U);
}

TEST_P(Http2, ItsRequestsAreCounted) {
  const auto gate = std::make_shared<Gate>();
  endpoint_.behave(behave::gated(gate, behave::ok()));
  Http2Client client = connect();
  std::vector<std::uint32_t> streams;
  for (int i = 0; i < 3; ++i) streams.push_back(client.start_get("/"));
  endpoint_.wait_for_requests(3);
  EXPECT_EQ(weir_->metric("http_requests_in_flight", "route=\"all\""), 3);
  EXPECT_EQ(weir_->metric("weir_upstream_in_flight"), 3);
  EXPECT_EQ(weir_->metric("weir_connections", "listener=\"" + listener() + "\""), 1);
  gate->open();
  for (const std::uint32_t stream : streams) client.wait_end(stream);
  weir_->wait_for_metric("http_requests_total", "status=\"200\"", 3);
  client.close();
  EXPECT_EQ(weir_->stop(), (ExitStatus{0, 0}));
}

/// Connection, Keep-Alive and the like are a TestFailure of the client's; here Weir has a reason to name them.
TEST_P(Http2, KeepAliveIsNotSignalled) {
  endpoint_.behave(behave::respond(
      "HTTP/1.1 200 OK\r\nConnection: close, X-Inner\r\nKeep-Alive: timeout=5\r\nX-Inner: 1\r\n"
      "Content-Length: 2\r\n\r\nok"));
  Http2Client client = connect();
  EXPECT_FALSE(client.get("/").fields.has("x-inner"));
  endpoint_.behave(behave::respond("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  EXPECT_EQ(client.get("/").body, "ok");
  endpoint_.stop();
  EXPECT_EQ(client.get("/").status, 502);
  EXPECT_EQ(client.get("/").status, 502);
}

TEST(Http2Alpn, TheFirstOfWeirsThatTheClientKnowsIsSpoken) {
  const TempDir directory;
  const TestCa ca;
  ScriptableEndpoint endpoint(behave::ok("hello"));
  const CertificateFiles files = ca.issue_files(directory, "default");
  ConfigText config = config_for(endpoint.address());
  config.listeners = {tls_listener(files.cert, files.key),
                      tls_listener(files.cert, files.key, "alpn: [http/1.1]", "old")};
  WeirProcess weir(config);
  const auto chosen = [&](const std::vector<std::string>& offered, const std::string& listener) {
    TlsClientOptions tls;
    tls.alpn = offered;
    return weir.connect_tls(tls, listener).alpn();
  };
  EXPECT_EQ(chosen({"http/1.1", "h2"}, "https"), "h2");
  EXPECT_EQ(chosen({"http/1.1"}, "https"), "http/1.1");
  EXPECT_EQ(chosen({}, "https"), "");
  EXPECT_EQ(chosen({"h2", "http/1.1"}, "old"), "http/1.1");
  EXPECT_EQ(weir.connect_tls(TlsClientOptions()).get("/").body, "hello");  // no ALPN: HTTP/1.1
}

TEST(Http2Protocols, AListenerSpeaksOnlyWhatItNames) {
  ScriptableEndpoint endpoint(behave::ok("hello"));
  ConfigText config = config_for(endpoint.address());
  config.http = "protocols: [http/1.1]";
  config.listeners = {"two: { address: \"127.0.0.1:0\", protocols: [h2c] }"};
  WeirProcess weir(config);
  RawClient old = weir.connect();
  old.send(std::string(h2::preface) + h2::settings_frame({}));
  EXPECT_EQ(old.read_response().status, 505);
  EXPECT_EQ(weir.get("/").body, "hello");
  EXPECT_EQ(Http2Client(weir.port("two")).get("/").body, "hello");
  RawClient wrong = weir.connect("two");
  wrong.send_get("/");
  EXPECT_THAT(wrong.read_to_end().bytes, Not(HasSubstr(" 200 ")));
  EXPECT_EQ(endpoint.request_count(), 2U);
}

TEST(Http2Protocols, ThePrefaceMayComeByteByByte) {
  ScriptableEndpoint endpoint(behave::ok("hello"));
  WeirProcess weir(both(endpoint.address()));
  RawClient raw = weir.connect();
  raw.send_bytewise(h2::preface);
  raw.send_bytewise(h2::settings_frame({}));
  Http2Options options;
  options.start = false;
  Http2Client client(std::move(raw), options);
  EXPECT_EQ(client.get("/").body, "hello");
}

TEST(Http2Protocols, RequestsMayComeWithThePreface) {
  ScriptableEndpoint endpoint(echo_target());
  WeirProcess weir(both(endpoint.address()));
  Http2Options options;
  options.start = false;
  Http2Client client(weir.port(), options);
  std::string burst = std::string(h2::preface) + h2::settings_frame({{h2::enable_push, 0}});
  for (std::uint32_t stream = 1; stream <= 41; stream += 2) {
    burst += h2::frame(h2::headers, h2::end_stream | h2::end_headers, stream,
                       h2::hpack_block(client.fields_of("GET", "/" + std::to_string(stream))));
  }
  client.send(burst);
  for (std::uint32_t stream = 1; stream <= 41; stream += 2) {
    EXPECT_EQ(client.wait_end(stream).body, "/" + std::to_string(stream));
  }
}

}  // namespace
}  // namespace weir::testing
