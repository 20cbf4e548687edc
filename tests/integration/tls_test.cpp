// TLS towards clients: versions, SNI, ALPN, client certificates, resumption, and how a connection ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <set>

#include "support/behaviours.hpp"
#include "support/test_certificates.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using namespace std::chrono_literals;

class Tls : public ::testing::Test {
 protected:
  Tls() {
    client_.ca_file = directory_.write("ca.crt", ca_.pem());
    client_.alpn = {"http/1.1"};
  }

  CertificateFiles leaf(const std::string& base, std::vector<std::string> names) {
    LeafOptions options;
    options.common_name = base;
    options.dns = std::move(names);
    return ca_.issue_files(directory_, base, options);
  }

  /// A Weir with listener `https` with one certificate for localhost and further keys `tls`.
  std::unique_ptr<WeirProcess> start(const std::string& tls = "") {
    const CertificateFiles files = leaf("default", {"localhost"});
    ConfigText config = config_for(endpoint_.address());
    config.listeners = {tls_listener(files.cert, files.key, tls)};
    return std::make_unique<WeirProcess>(config);
  }

  TempDir directory_;
  TestCa ca_;
  TlsClientOptions client_;
  ScriptableEndpoint endpoint_{behave::ok("hello")};
};

TEST_F(Tls, ARefusalReachesAClientThatSendsAllFirst) {
  const CertificateFiles files = leaf("default", {"localhost"});
  ConfigText config = config_for(endpoint_.address());
  config.listeners = {tls_listener(files.cert, files.key)};
  config.routes = {"{ name: all, match: { path_prefix: / }, respond: { status: 403 } }"};
  config.default_route = false;
  WeirProcess weir(config);
  RawClient client = weir.connect_tls(client_);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "40000\r\n" + std::string(0x40000, 'c') + "\r\n";
  for (int i = 0; i < 80; ++i) ASSERT_TRUE(client.send(chunk)) << i;
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.read_response("POST").status, 403);
}

/// Of a body that ends with its connection, close_notify would say that it is whole (RFC 9112 8).
TEST_F(Tls, ACutResponseHasNoCleanEnd) {
  const auto weir = start();
  endpoint_.behave(
      behave::respond_then_close("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClientOptions options = client_;
    options.max_version = version;
    RawClient client = weir->connect_tls(options);
    client.send("GET / HTTP/1.0\r\n\r\n");
    const RawClient::Rest rest = client.read_to_end();
    EXPECT_TRUE(rest.bytes.ends_with("\r\n\r\nhello")) << rest.bytes;
    EXPECT_EQ(rest.event, StreamEvent::reset);
  }
}

/// In the middle of what comes before a request, they are closed as soon as others.
TEST_F(Tls, AConnectionThatIsStillOpeningDoesNotHoldADrainUp) {
  const CertificateFiles files = leaf("default", {"localhost"});
  ConfigText config = config_for(endpoint_.address());
  config.server = "workers: 2, shutdown_timeout: 30s";
  config.trusted_proxies = "127.0.0.0/8";
  config.http = "proxy_protocol: required, limits: { header_timeout: 60s }";
  config.listeners = {tls_listener(files.cert, files.key)};
  WeirProcess weir(config);
  RawClient without_proxy_header = weir.connect("http");
  RawClient without_handshake = weir.connect("https");
  weir.wait_for_metric("weir_connections", "listener=\"http\",state=\"active\"", 1);
  weir.wait_for_metric("weir_connections", "listener=\"https\",state=\"active\"", 1);
  weir.signal(SIGTERM);
  EXPECT_EQ(without_proxy_header.read_to_end(Deadline(6s)).bytes, "");
  EXPECT_EQ(without_handshake.read_to_end(Deadline(6s)).bytes, "");
  EXPECT_EQ(weir.process().wait_exit(), (ExitStatus{0, 0}));
}

TEST_F(Tls, ServesBothVersionsAndTheEndpointGetsThem) {
  const auto weir = start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClientOptions options = client_;
    options.min_version = options.max_version = version;
    RawClient client = weir->connect_tls(options);
    const Response response = client.get("/");
    EXPECT_EQ(response.body, "hello");
    EXPECT_EQ(response.fields.get("Strict-Transport-Security"), "max-age=86400");
    EXPECT_EQ(client.get("/").body, "hello");
  }
  const Request seen = endpoint_.request(0);
  EXPECT_EQ(seen.fields.get("X-Forwarded-Proto"), "https");
  EXPECT_EQ(seen.fields.get("X-Forwarded-Port"), std::to_string(weir->port("https")));
  std::set<std::string> versions;
  for (const boost::json::object& line : weir->access_log(4)) {
    EXPECT_EQ(line.at("listener"), "https");
    EXPECT_EQ(line.at("tls").at("sni"), "localhost");
    EXPECT_EQ(line.at("tls").at("resumed"), false);
    versions.emplace(line.at("tls").at("version").as_string());
  }
  EXPECT_THAT(versions, ::testing::ElementsAre("TLSv1.2", "TLSv1.3"));
  EXPECT_GE(weir->metric("weir_tls_handshakes_total", "result=\"ok\""), 2);
}

TEST_F(Tls, RefusesOldVersionsAndWeakCiphers) {
  const auto weir = start();
  TlsClientOptions old = client_;
  old.min_version = old.max_version = TLS1_1_VERSION;
  old.ciphers = "ALL:@SECLEVEL=0";
  EXPECT_THROW(weir->connect_tls(old), TestFailure);
  TlsClientOptions weak = client_;
  weak.max_version = TLS1_2_VERSION;
  weak.ciphers = "AES128-SHA:AES256-SHA:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0";
  EXPECT_THROW(weir->connect_tls(weak), TestFailure);
  EXPECT_EQ(weir->connect_tls(client_).get("/").status, 200);
  weir->wait_for_metric("weir_tls_handshakes_total", "result=\"failed\"", 2);
}

TEST_F(Tls, CanDemandVersion13) {
  const auto weir = start("min_version: \"1.3\"");
  TlsClientOptions options = client_;
  options.max_version = TLS1_2_VERSION;
  EXPECT_THROW(weir->connect_tls(options), TestFailure);
  EXPECT_EQ(weir->connect_tls(client_).tls_version(), "TLSv1.3");
}

TEST_F(Tls, PicksTheCertificateByName) {
  const CertificateFiles first = leaf("first", {"localhost"}), exact = leaf("exact", {"api.example.test"}),
                         wildcard = leaf("wildcard", {"*.example.test"});
  ConfigText config = config_for(endpoint_.address());
  const auto pair = [](const CertificateFiles& files) {
    return "{ cert: \"" + files.cert + "\", key: \"" + files.key + "\" }";
  };
  const std::string list = "[ " + pair(first) + ", " + pair(wildcard) + ", " + pair(exact) + " ]";
  config.listeners = {
      "https: { address: \"127.0.0.1:0\", tls: { certificates: " + list + " } }",
      "strict: { address: \"127.0.0.1:0\", tls: { unknown_sni: reject, certificates: " + list + " } }"};
  WeirProcess weir(config);
  const auto name_for = [&](const std::string& server_name, const std::string& listener) {
    TlsClientOptions options;
    options.server_name = server_name;
    return weir.connect_tls(options, listener).peer_name();
  };
  EXPECT_EQ(name_for("api.example.test", "https"), "exact");
  EXPECT_EQ(name_for("API.EXAMPLE.test", "https"), "exact");
  EXPECT_EQ(name_for("www.example.test", "https"), "wildcard");
  EXPECT_EQ(name_for("a.b.example.test", "https"), "first");
  EXPECT_EQ(name_for("unknown.test", "https"), "first");
  EXPECT_EQ(name_for("", "https"), "first");
  EXPECT_EQ(name_for("www.example.test", "strict"), "wildcard");
  EXPECT_THROW(name_for("unknown.test", "strict"), TestFailure);
}

TEST_F(Tls, NegotiatesByAlpn) {
  const auto weir = start();
  TlsClientOptions options = client_;
  options.alpn = {"http/1.1"};
  EXPECT_EQ(weir->connect_tls(options).alpn(), "http/1.1");
  options.alpn = {"http/1.0", "http/1.1"};
  EXPECT_EQ(weir->connect_tls(options).alpn(), "http/1.1");
  options.alpn = {"http/1.0"};  // curl --http1.0
  EXPECT_EQ(weir->connect_tls(options).alpn(), "http/1.0");
  options.alpn = {"http/1.1", "h2"};
  EXPECT_EQ(weir->connect_tls(options).alpn(), "h2");
  options.alpn = {"h3"};
  EXPECT_THROW(weir->connect_tls(options), TestFailure);
  options.alpn.clear();
  EXPECT_EQ(weir->connect_tls(options).get("/").status, 200);
}

TEST_F(Tls, AReloadChangesAlpnOfNewHandshakes) {
  const CertificateFiles files = leaf("default", {"localhost"});
  ConfigText config = config_for(endpoint_.address());
  config.listeners = {tls_listener(files.cert, files.key, "alpn: [http/1.1]")};
  WeirProcess weir(config);
  TlsClientOptions options = client_;
  options.alpn = {"h2", "http/1.1"};
  RawClient open = weir.connect_tls(options);
  EXPECT_EQ(open.alpn(), "http/1.1");
  EXPECT_EQ(open.get("/").status, 200);
  config.listeners = {tls_listener(files.cert, files.key, "alpn: [h2, http/1.1]")};
  weir.reload(config);
  EXPECT_EQ(weir.connect_tls(options).alpn(), "h2");
  EXPECT_EQ(open.get("/").status, 200);  // what is open goes on with what it speaks
}

TEST_F(Tls, RequiresAClientCertificateWhereConfigured) {
  const auto weir = start("client_auth: { mode: required, ca: \"" + client_.ca_file + "\" }");
  const auto try_get = [&](const TlsClientOptions& options) {
    RawClient client = weir->connect_tls(options);
    client.send_get("/");
    return client.read_response().status;  // under TLS 1.3 the refusal comes after the client's handshake
  };
  EXPECT_THROW(try_get(client_), TestFailure);
  TlsClientOptions with_certificate = client_;
  const CertificateFiles files = leaf("client", {"client.test"});
  with_certificate.cert_file = files.cert;
  with_certificate.key_file = files.key;
  EXPECT_EQ(try_get(with_certificate), 200);
  const TestCa other("Other CA");
  const CertificateFiles foreign = other.issue_files(directory_, "foreign");
  with_certificate.cert_file = foreign.cert;
  with_certificate.key_file = foreign.key;
  EXPECT_THROW(try_get(with_certificate), TestFailure);
}

TEST_F(Tls, TheEndpointAndTheLogGetTheSubjectOfTheCertificate) {
  const auto weir = start("client_auth: { mode: optional, ca: \"" + client_.ca_file + "\" }");
  const std::string forged = "X-Forwarded-Client-Cert: Hash=00;Subject=\"CN=admin\"\r\n";
  EXPECT_EQ(weir->connect_tls(client_).exchange("GET", "/", "", forged).status, 200);
  EXPECT_FALSE(endpoint_.request(0).fields.has("X-Forwarded-Client-Cert"));
  TlsClientOptions with_certificate = client_;
  const CertificateFiles files = leaf("client", {"client.test"});
  with_certificate.cert_file = files.cert;
  with_certificate.key_file = files.key;
  RawClient known = weir->connect_tls(with_certificate);
  EXPECT_EQ(known.exchange("GET", "/", "", forged).status, 200);
  const auto lines = weir->access_log_by_start(2);
  EXPECT_FALSE(lines[0].at("tls").as_object().contains("client_subject"));
  EXPECT_EQ(lines[1].at("tls").at("client_subject"), "CN=client");
  const std::string sha256(lines[1].at("tls").at("client_sha256").as_string());
  EXPECT_EQ(sha256.size(), 64U);
  EXPECT_EQ(endpoint_.request(1).fields.get("X-Forwarded-Client-Cert"),
            "Hash=" + sha256 + ";Subject=\"CN=client\"");
}

TEST_F(Tls, ACertificateThatHasExpiredServesAndIsSaid) {
  LeafOptions options;
  options.common_name = "old";
  options.valid_from = -std::chrono::hours(48);
  options.valid_until = -std::chrono::hours(24);
  const CertificateFiles files = ca_.issue_files(directory_, "old", options);
  ConfigText config = config_for(endpoint_.address());
  config.listeners = {tls_listener(files.cert, files.key)};
  WeirProcess weir(config);
  TlsClientOptions careless;
  EXPECT_EQ(weir.connect_tls(careless).get("/").status, 200);
  const std::string events = weir.admin("/api/v1/events?format=json").body;
  EXPECT_THAT(events, ::testing::HasSubstr("certificate_invalid"));
  EXPECT_THAT(events, ::testing::HasSubstr("certificate old expired on 20"));
  EXPECT_THAT(weir.process().error_text(), ::testing::HasSubstr("certificate old expired on 20"));
}

TEST_F(Tls, ResumesAcrossConnectionsAndWorkers) {
  const auto weir = start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClientOptions options = client_;
    options.min_version = options.max_version = version;
    for (int i = 0; i < 9; ++i) {  // both workers get some of them
      RawClient client = weir->connect_tls(options);
      EXPECT_EQ(client.session_reused(), i > 0) << client.tls_version() << " connection " << i;
      EXPECT_EQ(client.get("/").status, 200);
      options.session = client.session();  // under TLS 1.3 each is used once
      client.close();                      // one that ends without close_notify is not resumed
    }
  }
}

TEST_F(Tls, FollowsKeyUpdatesOnKeptConnections) {
  const auto weir = start();
  TlsClientOptions options = client_;
  options.min_version = TLS1_3_VERSION;
  RawClient client = weir->connect_tls(options);
  for (const int kind : {SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED}) {
    EXPECT_EQ(client.get("/").body, "hello");
    ASSERT_EQ(SSL_key_update(client.stream().ssl(), kind), 1);
    EXPECT_EQ(client.get("/").body, "hello");
  }
  for (const boost::json::object& line : weir->access_log(6)) {
    EXPECT_EQ(line.at("tls").at("cipher"), client.tls_cipher().c_str());
  }
}

TEST_F(Tls, ConnectionsWithACertificateByNameOutliveAReload) {
  const CertificateFiles first = leaf("first", {"localhost"}), second = leaf("second", {"api.example.test"});
  ConfigText config = config_for(endpoint_.address());
  const auto with = [&](const std::string& more) {
    config.listeners = {"https: { address: \"127.0.0.1:0\", tls: { certificates: [ { cert: \"" + first.cert +
                        "\", key: \"" + first.key + "\" }" + more + " ] } }"};
    return config;
  };
  WeirProcess weir(with(", { cert: \"" + second.cert + "\", key: \"" + second.key + "\" }"));
  TlsClientOptions options = client_;
  options.min_version = TLS1_3_VERSION;
  options.server_name = "api.example.test";
  RawClient client = weir.connect_tls(options);
  EXPECT_EQ(client.peer_name(), "second");
  EXPECT_EQ(client.get("/").body, "hello");
  weir.reload(with(""));
  for (const int kind : {SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_NOT_REQUESTED}) {
    ASSERT_EQ(SSL_key_update(client.stream().ssl(), kind), 1);
    EXPECT_EQ(client.get("/").body, "hello");
  }
}

TEST_F(Tls, EndsWithCloseNotify) {
  const auto weir = start();
  RawClient client = weir->connect_tls(client_);
  EXPECT_EQ(client.get("/", "Connection: close\r\n").status, 200);
  EXPECT_EQ(client.read_to_end().event, StreamEvent::end);  // end means close_notify here
}

TEST_F(Tls, PlainHttpOnATlsPortIsRefused) {
  const auto weir = start();
  RawClient client(weir->port("https"));
  client.send_get("/");
  EXPECT_EQ(client.read_to_end().bytes.find("200 OK"), std::string::npos);
  EXPECT_EQ(endpoint_.connection_count(), 0U);
}

TEST_F(Tls, ASilentClientDoesNotHoldOthersUp) {
  const auto weir = start();
  std::vector<RawClient> silent;
  silent.reserve(10);
  for (int i = 0; i < 10; ++i) silent.emplace_back(weir->port("https"));
  silent[0].send("\x16\x03\x01");
  EXPECT_EQ(weir->connect_tls(client_).get("/").status, 200);
}

TEST_F(Tls, LargeBodiesArriveUnchanged) {
  OriginProcess origin;
  const CertificateFiles files = leaf("default", {"localhost"});
  ConfigText config = config_for(origin.address());
  config.listeners = {tls_listener(files.cert, files.key)};
  WeirProcess weir(config);
  const std::string expected = RawClient(origin.port()).get("/bytes/5000000").body;
  RawClient client = weir.connect_tls(client_);
  EXPECT_TRUE(client.get("/bytes/5000000").body == expected);
  EXPECT_TRUE(client.exchange("POST", "/", expected).body.find("\"body_bytes\":5000000") !=
              std::string::npos);
}

}  // namespace
}  // namespace weir::testing
