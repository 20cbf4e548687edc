// Which tickets resume, and which must not.
#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include "unit/tls/handshake.hpp"

namespace weir::tls {
namespace {

/// One client that visits servers with what it was given before.
class Visitor {
 public:
  Visitor(Scene& scene, int version) : scene_(scene) { options.min_version = options.max_version = version; }

  /// True when the session that the last visit left was resumed; `renewed_`: a fresh ticket came.
  bool visit(const ServerContext& server) {
    options.session = session_;
    const Ends ends = join(server.new_session(), scene_.browser(options));
    const Handshake result = shake(ends);
    EXPECT_TRUE(result.ok()) << result.server.text << " / " << result.client.text;
    const testing::SslSession fresh = testing::newest_session(ends.client.get());
    renewed_ = fresh != session_;
    session_ = fresh;
    last_ = peer(ends.server.get());
    sni_ = last_.sni;
    alpn_ = last_.alpn;
    client_subject_ = tls::client_subject(ends.server.get());
    EXPECT_EQ(last_.resumed, SSL_session_reused(ends.client.get()) == 1);
    SSL_shutdown(ends.client.get());  // OpenSSL's client does not resume a session that was just dropped
    return last_.resumed;
  }
  bool renewed() const { return renewed_; }
  bool resumed() const { return last_.resumed; }
  const std::string& client_subject() const { return client_subject_; }
  const std::string& sni() const { return sni_; }
  const std::string& alpn() const { return alpn_; }
  const testing::SslSession& session() const { return session_; }

  testing::TlsClientOptions options;

 private:
  Scene& scene_;
  testing::SslSession session_;
  bool renewed_ = false;
  Peer last_;
  std::string sni_, alpn_;
  std::string client_subject_;
};

class Resumption : public ::testing::TestWithParam<int> {
 protected:
  Scene scene_;
  std::shared_ptr<TicketKeys> keys_ = std::make_shared<TicketKeys>();
  Visitor visitor_{scene_, GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Versions, Resumption, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                           return version.param == TLS1_2_VERSION ? "tls12" : "tls13";
                         });

TEST_P(Resumption, WorksAcrossGenerationsOfAListener) {
  const auto before = scene_.server(scene_.settings(), keys_);
  EXPECT_FALSE(visitor_.visit(*before));
  EXPECT_TRUE(visitor_.visit(*before));
  const auto after = scene_.server(scene_.settings(), keys_);  // a new certificate for the same name
  EXPECT_TRUE(visitor_.visit(*after));
  EXPECT_EQ(visitor_.sni(), "localhost");
}

TEST_P(Resumption, ChoosesAlpnAnew) {
  visitor_.options.alpn = {"h2", "http/1.1"};
  auto settings = scene_.settings();
  settings.alpn = {"http/1.1"};
  EXPECT_FALSE(visitor_.visit(*scene_.server(settings, keys_)));
  EXPECT_EQ(visitor_.alpn(), "http/1.1");
  settings.alpn = {"h2", "http/1.1"};
  EXPECT_TRUE(visitor_.visit(*scene_.server(settings, keys_)));
  EXPECT_EQ(visitor_.alpn(), "h2");
  settings.alpn = {"http/1.1"};
  EXPECT_TRUE(visitor_.visit(*scene_.server(settings, keys_)));
  EXPECT_EQ(visitor_.alpn(), "http/1.1");
}

TEST_P(Resumption, WorksAcrossReplicasWithTheSameFiles) {
  const std::string file = scene_.directory.write("ticket.key", std::string(80, 'k'));
  const auto other_keys = std::make_shared<TicketKeys>();
  ASSERT_TRUE(keys_->load({file}));
  ASSERT_TRUE(other_keys->load({file}));
  EXPECT_FALSE(visitor_.visit(*scene_.server(scene_.settings(), keys_)));
  EXPECT_TRUE(visitor_.visit(*scene_.server(scene_.settings(), other_keys)));
}

TEST_P(Resumption, NeedsTheKey) {
  EXPECT_FALSE(visitor_.visit(*scene_.server(scene_.settings(), keys_)));
  const auto stranger = scene_.server(scene_.settings());
  EXPECT_FALSE(visitor_.visit(*stranger));
  EXPECT_TRUE(visitor_.renewed());
  EXPECT_TRUE(visitor_.visit(*stranger));
}

TEST_P(Resumption, SurvivesTwoRotationsWithARenewedTicket) {
  const auto server = scene_.server(scene_.settings(), keys_);
  TimePoint now{std::chrono::hours(1)};
  keys_->rotate(now);
  EXPECT_FALSE(visitor_.visit(*server));
  for (int rotation = 0; rotation < 6; ++rotation) {
    now += TicketKeys::rotation_interval;
    keys_->rotate(now);
    EXPECT_TRUE(visitor_.visit(*server)) << rotation;
    EXPECT_TRUE(visitor_.renewed());
  }
  for (int rotation = 0; rotation < 3; ++rotation) keys_->rotate(now += TicketKeys::rotation_interval);
  EXPECT_FALSE(visitor_.visit(*server));
}

TEST_P(Resumption, RenewsEveryTimeWithTls13Only) {
  const auto server = scene_.server(scene_.settings(), keys_);
  EXPECT_FALSE(visitor_.visit(*server));
  EXPECT_TRUE(visitor_.visit(*server));
  EXPECT_EQ(visitor_.renewed(), GetParam() == TLS1_3_VERSION);
}

TEST_P(Resumption, StaysWithTheCertificatesNames) {
  auto settings = scene_.settings();
  settings.certificates = {scene_.named({"a.test"}), scene_.named({"b.test"}), scene_.named({"*.c.test"})};
  const auto server = scene_.server(settings, keys_);
  visitor_.options.server_name = "a.test";
  EXPECT_FALSE(visitor_.visit(*server));
  EXPECT_TRUE(visitor_.visit(*server));
  visitor_.options.server_name = "b.test";
  EXPECT_FALSE(visitor_.visit(*server));
  EXPECT_TRUE(visitor_.visit(*server));
  visitor_.options.server_name = "a.test";
  EXPECT_FALSE(visitor_.visit(*server));
  visitor_.options.server_name = "x.c.test";
  EXPECT_FALSE(visitor_.visit(*server));
}

TEST_P(Resumption, NeverGetsPastANewClientCertificateRule) {
  auto settings = scene_.settings();
  const auto open = scene_.server(settings, keys_);
  settings.client_auth = config::ClientAuth::optional;
  settings.client_auth_ca = scene_.ca_file;
  const auto optional = scene_.server(settings, keys_);
  settings.client_auth = config::ClientAuth::required;
  const auto required = scene_.server(settings, keys_);

  for (const auto& before : {open, optional}) {
    Visitor visitor(scene_, GetParam());
    EXPECT_FALSE(visitor.visit(*before));
    EXPECT_TRUE(visitor.visit(*before));
    // The ticket is offered, and the client has no certificate: nothing may come through.
    visitor.options.session = visitor.session();
    const Ends ends = join(required->new_session(), scene_.browser(visitor.options));
    const Handshake result = shake(ends);
    EXPECT_FALSE(result.ok());
    EXPECT_EQ(result.server.outcome, Outcome::certificate) << result.server.text;
  }
}

TEST_P(Resumption, NeverGetsPastAnotherCa) {
  const testing::TestCa other("Another CA");
  auto settings = scene_.settings();
  settings.client_auth = config::ClientAuth::optional;
  settings.client_auth_ca = scene_.ca_file;
  const auto before = scene_.server(settings, keys_);
  settings.client_auth_ca = scene_.directory.write("other.crt", other.pem());
  const auto after = scene_.server(settings, keys_);
  EXPECT_FALSE(visitor_.visit(*before));
  EXPECT_TRUE(visitor_.visit(*before));
  EXPECT_FALSE(visitor_.visit(*after));
}

TEST_P(Resumption, KeepsTheClientsIdentity) {
  auto settings = scene_.settings();
  settings.client_auth = config::ClientAuth::required;
  settings.client_auth_ca = scene_.ca_file;
  testing::LeafOptions leaf;
  leaf.common_name = "alice";
  const auto alice = scene_.ca.issue_files(scene_.directory, "alice", leaf);
  visitor_.options.cert_file = alice.cert;
  visitor_.options.key_file = alice.key;
  const auto server = scene_.server(settings, keys_);
  EXPECT_FALSE(visitor_.visit(*server));
  EXPECT_EQ(visitor_.client_subject(), "CN=alice");
  EXPECT_TRUE(visitor_.visit(*server));
  EXPECT_EQ(visitor_.client_subject(), "CN=alice");
}

TEST_P(Resumption, EndsWithTheClientsCertificate) {
  auto settings = scene_.settings();
  settings.client_auth = config::ClientAuth::required;
  settings.client_auth_ca = scene_.ca_file;
  const auto server = scene_.server(settings, keys_);
  testing::LeafOptions leaf;
  leaf.valid_from = -std::chrono::hours(4);
  leaf.valid_until = -std::chrono::minutes(1);
  const auto late = scene_.ca.issue_files(scene_.directory, "late", leaf);
  visitor_.options.cert_file = late.cert;
  visitor_.options.key_file = late.key;
  // The verification's clock is set back for the first handshake: the certificate was valid then.
  const auto visit_in_the_past = [&](const testing::SslSession& session) {
    visitor_.options.session = session;
    Ends ends = join(server->new_session(), scene_.browser(visitor_.options));
    X509_VERIFY_PARAM_set_time(SSL_get0_param(ends.server.get()), std::time(nullptr) - 3600);
    EXPECT_TRUE(shake(ends).ok());
    SSL_shutdown(ends.client.get());
    return ends;
  };
  const Ends first = visit_in_the_past(nullptr);
  const Ends second = visit_in_the_past(testing::newest_session(first.client.get()));
  EXPECT_FALSE(peer(second.server.get()).resumed);
}

TEST_P(Resumption, OneTicketAHandshake) {
  const auto server = scene_.server(scene_.settings(), keys_);
  const testing::SslContext context = testing::make_client_context(visitor_.options);
  static int tickets;
  tickets = 0;
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), [](SSL*, SSL_SESSION*) { return ++tickets, 0; });
  SslPtr client(testing::make_client_ssl(context, visitor_.options).release());
  EXPECT_TRUE(shake(join(server->new_session(), std::move(client))).ok());
  EXPECT_EQ(tickets, 1);
}

}  // namespace
}  // namespace weir::tls
