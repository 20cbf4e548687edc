// TLS towards endpoints: verified by default, with SNI, and a reason when it fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "support/behaviours.hpp"
#include "support/test_certificates.hpp"
#include "support/weir_process.hpp"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

class UpstreamTls : public ::testing::Test {
 protected:
  EndpointOptions served_with(const CertificateFiles& files, const std::string& client_ca = "") {
    EndpointOptions options;
    options.tls = true;
    options.tls_options.cert_file = files.cert;
    options.tls_options.key_file = files.key;
    options.tls_options.client_ca_file = client_ca;
    return options;
  }

  Response get_through(const ScriptableEndpoint& endpoint, const std::string& tls) {
    ConfigText config = config_for(endpoint.address());
    config.app = "retry: { attempts: 0 }, tls: { " + tls + " }";
    WeirProcess weir(config);
    return weir.get("/");
  }

  void expect_refused(const Response& response, const std::string& type) {
    EXPECT_EQ(response.status, 502);
    EXPECT_THAT(response.fields.get("Proxy-Status"), HasSubstr(type));
  }

  TempDir directory_;
  TestCa ca_;
  std::string ca_file_ = directory_.write("ca.crt", ca_.pem());
};

TEST_F(UpstreamTls, VerifiesNameAndIssuer) {
  LeafOptions leaf;
  leaf.dns = {"app.test"};
  const ScriptableEndpoint endpoint(behave::ok("secret"),
                                    served_with(ca_.issue_files(directory_, "app", leaf)));
  EXPECT_EQ(get_through(endpoint, "ca: \"" + ca_file_ + "\", server_name: app.test").body, "secret");
  expect_refused(get_through(endpoint, "ca: \"" + ca_file_ + "\", server_name: other.test"),
                 "tls_certificate_error");
  expect_refused(get_through(endpoint, "server_name: app.test"), "tls_certificate_error");     // system CAs
  expect_refused(get_through(endpoint, "ca: \"" + ca_file_ + "\""), "tls_certificate_error");  // its address
  EXPECT_EQ(endpoint.request_count(), 1U);
  EXPECT_EQ(get_through(endpoint, "verify: false").body, "secret");
}

TEST_F(UpstreamTls, AnAddressCanBeInTheCertificate) {
  LeafOptions leaf;
  leaf.addresses = {"127.0.0.1"};
  const ScriptableEndpoint endpoint(behave::ok("by address"),
                                    served_with(ca_.issue_files(directory_, "ip", leaf)));
  EXPECT_EQ(get_through(endpoint, "ca: \"" + ca_file_ + "\"").body, "by address");
}

TEST_F(UpstreamTls, AnExpiredCertificateIsRefused) {
  LeafOptions leaf;
  leaf.valid_from = -std::chrono::hours(48);
  leaf.valid_until = -std::chrono::hours(24);
  const ScriptableEndpoint endpoint(behave::ok(), served_with(ca_.issue_files(directory_, "old", leaf)));
  expect_refused(get_through(endpoint, "ca: \"" + ca_file_ + "\", server_name: localhost"),
                 "tls_certificate_error");
}

TEST_F(UpstreamTls, ShowsItsOwnCertificate) {
  const ScriptableEndpoint endpoint(behave::ok("welcome"),
                                    served_with(ca_.issue_files(directory_, "app"), ca_file_));
  const CertificateFiles own = ca_.issue_files(directory_, "own");
  const std::string base = "ca: \"" + ca_file_ + "\", server_name: localhost";
  EXPECT_EQ(get_through(endpoint, base + ", cert: \"" + own.cert + "\", key: \"" + own.key + "\"").body,
            "welcome");
  EXPECT_EQ(get_through(endpoint, base).status, 502);
}

TEST_F(UpstreamTls, AnEndpointWithoutTlsIsAnError) {
  const ScriptableEndpoint endpoint(ConnectionBehaviour([](EndpointConnection& connection) {
    connection.read_some();
    connection.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  }));
  expect_refused(get_through(endpoint, "verify: false"), "tls_protocol_error");
}

/// The body of a retry goes out behind the head in one piece, of which the socket takes only a part at first.
TEST_F(UpstreamTls, ARetriedBodyArrivesAsItWas) {
  std::string body(8 << 20, '\0');
  for (std::size_t i = 0; i < body.size(); ++i)
    body[i] = static_cast<char>('a' + (i * i / 7 + i / 4096) % 26);
  const auto tries = std::make_shared<std::atomic<int>>(0);
  const RequestBehaviour refuse_first = [tries](EndpointConnection& connection, const Request& request) {
    (tries->fetch_add(1) == 0 ? behave::status(503) : behave::ok())(connection, request);
  };
  const EndpointOptions options = served_with(ca_.issue_files(directory_, "app"));
  const ScriptableEndpoint one(refuse_first, options), two(refuse_first, options);
  ConfigText config = config_for({one.address(), two.address()});
  config.app = "retry: { attempts: 1, on: [503], buffer_bytes: 16MiB }, tls: { verify: false }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  client.send("PUT /file HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  client.send(body);
  EXPECT_EQ(client.read_response().status, 200);
  for (const ScriptableEndpoint* endpoint : {&one, &two}) {
    ASSERT_EQ(endpoint->request_count(), 1U);
    EXPECT_TRUE(endpoint->request(0).body == body);
  }
}

TEST_F(UpstreamTls, ConnectionsAreKept) {
  const ScriptableEndpoint endpoint(behave::ok(), served_with(ca_.issue_files(directory_, "app")));
  ConfigText config = config_for(endpoint.address());
  config.server = "workers: 1";
  config.app = "tls: { ca: \"" + ca_file_ + "\", server_name: localhost }";
  WeirProcess weir(config);
  RawClient client = weir.connect();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.get("/").status, 200);
  EXPECT_EQ(endpoint.connection_count(), 1U);
}

}  // namespace
}  // namespace weir::testing
