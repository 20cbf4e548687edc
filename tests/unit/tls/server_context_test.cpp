#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include "unit/tls/handshake.hpp"

namespace weir::tls {
namespace {

using ::testing::HasSubstr;

testing::TlsClientOptions asking_for(const std::string& name) {
  testing::TlsClientOptions options;
  options.server_name = name;
  return options;
}

TEST(ServerContext, PicksTheCertificateByName) {
  Scene scene;
  auto settings = scene.settings();
  settings.certificates = {scene.named({"first.test"}), scene.named({"example.com", "www.example.com"}),
                           scene.named({"*.example.com"}), scene.named({"api.example.com"})};
  const auto server = scene.server(settings);
  const std::vector<std::pair<std::string, std::string>> cases{
      {"first.test", "first.test"},
      {"example.com", "example.com"},
      {"www.example.com", "example.com"},
      {"WWW.Example.COM", "example.com"},
      {"any.example.com", "*.example.com"},
      {"api.example.com", "api.example.com"},
      {"a.b.example.com", "first.test"},
      {"unknown.test", "first.test"},
      {"", "first.test"},
  };
  for (const auto& [name, want] : cases) {
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      auto options = asking_for(name);
      options.min_version = options.max_version = version;
      const Ends ends = join(server->new_session(), scene.browser(options));
      EXPECT_TRUE(shake(ends).ok()) << name;
      EXPECT_EQ(peer_common_name(ends.client.get()), want) << name;
      EXPECT_EQ(peer(ends.server.get()).sni, name);
    }
  }
}

TEST(ServerContext, RejectsUnknownNamesWhereConfigured) {
  Scene scene;
  auto settings = scene.settings();
  settings.certificates = {scene.named({"a.test"}), scene.named({"*.b.test"})};
  settings.unknown_sni = config::UnknownSni::reject;
  const auto server = scene.server(settings);
  const std::vector<std::pair<std::string, std::string>> served{
      {"a.test", "a.test"}, {"x.b.test", "*.b.test"}, {"", "a.test"}};
  for (const auto& [name, want] : served) {
    const Ends ends = join(server->new_session(), scene.browser(asking_for(name)));
    EXPECT_TRUE(shake(ends).ok()) << name;
    EXPECT_EQ(peer_common_name(ends.client.get()), want);
  }
  for (const char* name : {"b.test", "c.test", "x.y.b.test", "localhost"}) {
    const Ends ends = join(server->new_session(), scene.browser(asking_for(name)));
    const Handshake result = shake(ends);
    EXPECT_EQ(result.server.outcome, Outcome::protocol) << name;
    EXPECT_THAT(result.server.text, HasSubstr("no certificate for the requested name"));
    EXPECT_EQ(result.client.outcome, Outcome::protocol) << name;
    EXPECT_THAT(result.client.text, HasSubstr("unrecognized name"));
  }
}

TEST(ServerContext, OffersEcdsaAndRsaForTheSameName) {
  Scene scene;
  auto settings = scene.settings();
  testing::LeafOptions rsa;
  rsa.key = testing::KeyKind::rsa;
  rsa.common_name = "the RSA one";
  settings.certificates = {scene.named({"localhost"}), scene.certificate("rsa", rsa)};
  const auto server = scene.server(settings);
  const std::vector<std::pair<std::string, std::string>> cases{
      {"ECDHE-RSA-AES128-GCM-SHA256", "the RSA one"}, {"ECDHE-ECDSA-AES128-GCM-SHA256", "localhost"}};
  for (const auto& [cipher, want] : cases) {
    auto options = asking_for("localhost");
    options.max_version = TLS1_2_VERSION;
    options.ciphers = cipher;
    const Ends ends = join(server->new_session(), scene.browser(options));
    EXPECT_TRUE(shake(ends).ok()) << cipher;
    EXPECT_EQ(peer_common_name(ends.client.get()), want);
  }
}

TEST(ServerContext, NegotiatesAlpnInTheOrderOfTheListener) {
  Scene scene;
  using Names = std::vector<std::string>;
  struct Case {
    Names listed, offered;
    std::string chosen;
    bool ok;
  };
  const Names usual = config::ListenerTls{}.alpn;
  ASSERT_EQ(usual, (Names{"h2", "http/1.1"}));
  const std::vector<Case> cases{
      {usual, {}, "", true},
      {usual, {"h2"}, "h2", true},
      {usual, {"http/1.1"}, "http/1.1", true},
      {usual, {"http/1.0"}, "http/1.0", true},
      {usual, {"http/1.1", "h2"}, "h2", true},
      {usual, {"h2c", "h3", "spdy/3"}, "", false},
      {{"http/1.1", "h2"}, {"h2", "http/1.1"}, "http/1.1", true},
      {{"http/1.1", "h2"}, {"h2", "http/1.0"}, "h2", true},
      {{"http/1.0", "http/1.1"}, {"http/1.1", "http/1.0"}, "http/1.0", true},
      {{"http/1.1"}, {}, "", true},
      {{"http/1.1"}, {"h2", "http/1.1"}, "http/1.1", true},
      {{"http/1.1"}, {"h2", "http/1.0"}, "http/1.0", true},
      {{"http/1.1"}, {"h2"}, "", false},
      {{"h2"}, {}, "", true},
      {{"h2"}, {"http/1.1", "h2"}, "h2", true},
      {{"h2"}, {"http/1.1", "http/1.0"}, "", false},
      {{"http/1.0"}, {"http/1.1"}, "", false},
  };
  for (const Case& c : cases) {
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      auto settings = scene.settings();
      settings.alpn = c.listed;
      const auto server = scene.server(settings);
      auto options = asking_for("localhost");
      options.min_version = options.max_version = version;
      options.alpn = c.offered;
      const Ends ends = join(server->new_session(), scene.browser(options));
      const Handshake result = shake(ends);
      const std::string what = ::testing::PrintToString(c.listed) + ::testing::PrintToString(c.offered);
      EXPECT_EQ(result.ok(), c.ok) << what;
      if (c.ok) {
        EXPECT_EQ(negotiated_protocol(ends.server.get()), c.chosen) << what;
        EXPECT_EQ(negotiated_protocol(ends.client.get()), c.chosen) << what;
        EXPECT_EQ(peer(ends.server.get()).alpn, c.chosen) << what;
      } else {
        EXPECT_EQ(result.server.outcome, Outcome::protocol) << what;
        EXPECT_THAT(result.client.text, HasSubstr("no application protocol")) << what;
      }
    }
  }
}

TEST(ServerContext, NegotiatesAlpnForEveryNameAndWithClientCertificates) {
  Scene scene;
  auto settings = scene.settings();
  settings.certificates = {scene.named({"a.test"}), scene.named({"b.test"})};
  settings.client_auth = config::ClientAuth::required;
  settings.client_auth_ca = scene.ca_file;
  const auto server = scene.server(settings);
  const auto alice = scene.ca.issue_files(scene.directory, "alice");
  for (const char* name : {"a.test", "b.test"}) {
    auto options = asking_for(name);
    options.cert_file = alice.cert;
    options.key_file = alice.key;
    options.alpn = {"http/1.1", "h2"};
    const Ends ends = join(server->new_session(), scene.browser(options));
    EXPECT_TRUE(shake(ends).ok()) << name;
    EXPECT_EQ(negotiated_protocol(ends.server.get()), "h2") << name;
  }
}

TEST(ServerContext, WithoutAlpnSettingsChoosesNone) {
  Scene scene;
  auto settings = scene.settings();
  settings.alpn.clear();
  const auto server = scene.server(settings);
  auto options = asking_for("localhost");
  options.alpn = {"h2"};
  const Ends ends = join(server->new_session(), scene.browser(options));
  EXPECT_TRUE(shake(ends).ok());
  EXPECT_EQ(peer(ends.server.get()).alpn, "");
}

TEST(ServerContext, OffersTheVersionsOfTheSettings) {
  Scene scene;
  auto settings = scene.settings();
  const auto both = scene.server(settings);
  settings.min_version = config::TlsVersion::v1_3;
  const auto newest = scene.server(settings);
  struct Case {
    const ServerContext* server;
    int version;
    bool ok;
  };
  const std::vector<Case> cases{{both.get(), TLS1_1_VERSION, false},
                                {both.get(), TLS1_2_VERSION, true},
                                {both.get(), TLS1_3_VERSION, true},
                                {newest.get(), TLS1_2_VERSION, false},
                                {newest.get(), TLS1_3_VERSION, true}};
  for (const Case& c : cases) {
    auto options = asking_for("localhost");
    options.min_version = options.max_version = c.version;
    options.ciphers = "ALL:@SECLEVEL=0";  // OpenSSL's client would not offer TLS 1.1 at all otherwise
    const Ends ends = join(c.server->new_session(), scene.browser(options));
    const Handshake result = shake(ends);
    EXPECT_EQ(result.ok(), c.ok) << c.version;
    if (!c.ok) {
      EXPECT_EQ(result.server.outcome, Outcome::protocol);
    }
    if (c.ok) {
      EXPECT_EQ(peer(ends.server.get()).version, c.version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
    }
  }
}

TEST(ServerContext, TakesTheClientsOrderOfModernCiphers) {
  Scene scene;
  const auto server = scene.server(scene.settings());
  const std::vector<std::pair<std::string, std::string>> cases{
      {"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256",
       "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
      {"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256",
       "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
      {"ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"}};
  for (const auto& [offered, want] : cases) {
    auto options = asking_for("localhost");
    options.max_version = TLS1_2_VERSION;
    options.ciphers = offered;
    const Ends ends = join(server->new_session(), scene.browser(options));
    EXPECT_TRUE(shake(ends).ok()) << offered;
    EXPECT_EQ(peer(ends.server.get()).cipher, want);
  }
  for (const char* old : {"ECDHE-ECDSA-AES256-SHA", "ECDHE-ECDSA-AES128-SHA256", "AES128-GCM-SHA256",
                          "DHE-RSA-AES128-GCM-SHA256"}) {
    auto options = asking_for("localhost");
    options.max_version = TLS1_2_VERSION;
    options.ciphers = old;
    const Ends ends = join(server->new_session(), scene.browser(options));
    EXPECT_FALSE(shake(ends).ok()) << old;
  }
}

TEST(ServerContext, RefusesRenegotiation) {
  Scene scene;
  const auto server = scene.server(scene.settings());
  auto options = asking_for("localhost");
  options.max_version = TLS1_2_VERSION;
  const Ends ends = join(server->new_session(), scene.browser(options));
  ASSERT_TRUE(shake(ends).ok());
  ASSERT_EQ(SSL_renegotiate(ends.client.get()), 1);
  SSL_do_handshake(ends.client.get());
  ERR_clear_error();
  Condition server_side;
  read_some(ends.server.get(), server_side);
  EXPECT_EQ(server_side.outcome, Outcome::want_read);
  Condition client_side;
  read_some(ends.client.get(), client_side);
  EXPECT_EQ(client_side.outcome, Outcome::protocol);
  EXPECT_THAT(client_side.text, HasSubstr("no renegotiation"));
}

TEST(ServerContext, AsksForClientCertificates) {
  Scene scene;
  const testing::TestCa stranger("Another CA");
  testing::LeafOptions leaf;
  leaf.common_name = "alice";
  const auto good = scene.ca.issue_files(scene.directory, "alice", leaf);
  const auto foreign = stranger.issue_files(scene.directory, "mallory", leaf);
  leaf.valid_until = -std::chrono::minutes(1);
  const auto expired = scene.ca.issue_files(scene.directory, "late", leaf);
  const testing::CertificateFiles none;
  using config::ClientAuth;
  struct Case {
    const char* what;
    ClientAuth mode;
    const testing::CertificateFiles* client;
    bool ok;
    const char* subject;
  };
  const std::vector<Case> cases{
      {"none, without", ClientAuth::none, &none, true, ""},
      {"none, with", ClientAuth::none, &good, true, ""},
      {"none, foreign", ClientAuth::none, &foreign, true, ""},
      {"optional, without", ClientAuth::optional, &none, true, ""},
      {"optional, with", ClientAuth::optional, &good, true, "CN=alice"},
      {"optional, foreign", ClientAuth::optional, &foreign, false, ""},
      {"required, without", ClientAuth::required, &none, false, ""},
      {"required, with", ClientAuth::required, &good, true, "CN=alice"},
      {"required, foreign", ClientAuth::required, &foreign, false, ""},
      {"required, expired", ClientAuth::required, &expired, false, ""},
  };
  for (const Case& c : cases) {
    for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      auto settings = scene.settings();
      settings.client_auth = c.mode;
      settings.client_auth_ca = scene.ca_file;
      const auto server = scene.server(settings);
      auto options = asking_for("localhost");
      options.max_version = version;
      options.cert_file = c.client->cert;
      options.key_file = c.client->key;
      const Ends ends = join(server->new_session(), scene.browser(options));
      const Handshake result = shake(ends);
      EXPECT_EQ(result.ok(), c.ok) << c.what << ' ' << result.server.text << ' ' << result.client.text;
      if (c.ok) {
        EXPECT_EQ(client_subject(ends.server.get()), c.subject) << c.what;
        EXPECT_EQ(client_fingerprint(ends.server.get()).size(),
                  std::string_view(c.subject).empty() ? 0U : 64U)
            << c.what;
      }
      if (!c.ok) {
        EXPECT_EQ(result.server.outcome, Outcome::certificate) << c.what << ' ' << result.server.text;
      }
    }
  }
}

TEST(ServerContext, ClientCertificatesHoldForEveryName) {
  Scene scene;
  auto settings = scene.settings();
  settings.certificates = {scene.named({"a.test"}), scene.named({"b.test"})};
  settings.client_auth = config::ClientAuth::required;
  settings.client_auth_ca = scene.ca_file;
  const auto server = scene.server(settings);
  const auto alice = scene.ca.issue_files(scene.directory, "alice");
  for (const char* name : {"a.test", "b.test"}) {
    auto options = asking_for(name);
    EXPECT_FALSE(shake(join(server->new_session(), scene.browser(options))).ok()) << name;
    options.cert_file = alice.cert;
    options.key_file = alice.key;
    EXPECT_TRUE(shake(join(server->new_session(), scene.browser(options))).ok()) << name;
  }
}

TEST(ServerContext, LongSubjectsAreCutAndControlCharactersEscaped) {
  Scene scene;
  auto settings = scene.settings();
  settings.client_auth = config::ClientAuth::required;
  settings.client_auth_ca = scene.ca_file;
  const auto server = scene.server(settings);
  testing::LeafOptions leaf;
  leaf.common_name = "bob\n\"x\"\xc3\xa9";
  const auto bob = scene.ca.issue_files(scene.directory, "bob", leaf);
  auto options = asking_for("localhost");
  options.cert_file = bob.cert;
  options.key_file = bob.key;
  const Ends ends = join(server->new_session(), scene.browser(options));
  ASSERT_TRUE(shake(ends).ok());
  EXPECT_EQ(client_subject(ends.server.get()), R"(CN=bob\0A\"x\"\C3\A9)");
}

TEST(ServerContext, SessionsOutliveTheContext) {
  Scene scene;
  auto settings = scene.settings();
  settings.certificates = {scene.named({"a.test"}), scene.named({"b.test"})};
  auto server = scene.server(settings);
  auto options = asking_for("b.test");
  options.alpn = {"http/1.1"};
  const Ends ends = join(server->new_session(), scene.browser(options));
  server.reset();  // a reload while the handshake is under way
  EXPECT_TRUE(shake(ends).ok());
  EXPECT_EQ(peer_common_name(ends.client.get()), "b.test");
}

TEST(ServerContext, ReportsWhatItServesAndServesItExpired) {
  Scene scene;
  auto settings = scene.settings();
  testing::LeafOptions expired;
  expired.valid_until = -std::chrono::hours(1);
  expired.common_name = "old";
  testing::LeafOptions nameless;
  nameless.dns = {"z.test", "a.test"};
  settings.certificates = {scene.certificate("old", expired), scene.certificate("nameless", nameless)};
  const auto server = scene.server(settings);
  const auto& certificates = server->certificates();
  ASSERT_EQ(certificates.size(), 2u);
  EXPECT_EQ(certificates[0].subject, "old");
  EXPECT_EQ(certificates[1].subject, "z.test");
  EXPECT_LT(certificates[0].not_after, certificates[1].not_after);
  EXPECT_EQ(certificates[1].not_after - certificates[0].not_after, std::chrono::hours(25));
  EXPECT_TRUE(shake(join(server->new_session(), scene.browser())).ok());
}

TEST(ServerContext, BuildSaysWhatIsWrong) {
  Scene scene;
  auto settings = scene.settings();
  const auto tickets = std::make_shared<TicketKeys>();
  settings.client_auth = config::ClientAuth::required;
  settings.client_auth_ca = scene.directory.file("no-ca");
  auto built = ServerContext::build(settings, tickets);
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().kind, ErrorKind::internal);
  EXPECT_THAT(built.error().detail, HasSubstr("no-ca: No such file"));
  settings.client_auth_ca = scene.ca_file;
  settings.certificates.clear();
  built = ServerContext::build(settings, tickets);
  ASSERT_FALSE(built);
  EXPECT_THAT(built.error().detail, HasSubstr("at least one certificate"));
}

TEST(ForwardedClientCert, QuotesTheSubject) {
  EXPECT_EQ(forwarded_client_cert("ab12", "CN=alice"), R"(Hash=ab12;Subject="CN=alice")");
  EXPECT_EQ(forwarded_client_cert("ab12", R"(CN=a\,"b")"), R"(Hash=ab12;Subject="CN=a\\,\"b\"")");
}

TEST(ValidityWarning, SaysWhenAndNothingInBetween) {
  using std::chrono::system_clock;
  const auto at = [](std::time_t seconds) { return system_clock::from_time_t(seconds); };
  const ServerContext::CertificateInfo info{"CN=a", at(1000), at(2000)};
  EXPECT_EQ(validity_warning(info, at(999)),
            "certificate CN=a is not valid before 1970-01-01T00:16:40Z: clients refuse it");
  EXPECT_EQ(validity_warning(info, at(1000)), std::nullopt);
  EXPECT_EQ(validity_warning(info, at(1999)), std::nullopt);
  EXPECT_EQ(validity_warning(info, at(2000)),
            "certificate CN=a expired on 1970-01-01T00:33:20Z: clients refuse it");
}

}  // namespace
}  // namespace weir::tls
