// A server's connection works on as before once what is left of the handshake is gone.
#include "tls/leftovers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include <algorithm>

#include "tls/handles.hpp"
#include "unit/tls/handshake.hpp"

namespace weir::tls {
namespace {

class Leftovers : public ::testing::Test {
 protected:
  /// Both ends after a handshake, the server's leftovers freed.
  Ends open(const config::ListenerTls& settings, const testing::TlsClientOptions& options = {}) {
    Ends ends = join(scene_.server(settings, keys_)->new_session(), scene_.browser(options));
    const Handshake done = shake(ends);
    EXPECT_TRUE(done.ok()) << done.server.text << " / " << done.client.text;
    free_handshake_leftovers(ends.server.get());
    return ends;
  }
  Ends open() { return open(scene_.settings()); }

  static bool has_session(const Ends& ends) { return SSL_get_session(ends.server.get()) != nullptr; }

  /// Moves `text` through, as many turns as the pair of BIOs needs.
  static std::string carry(SSL* from, SSL* to, const std::string& text) {
    std::string got;
    std::size_t sent = 0;
    char block[20'000];
    for (std::size_t turn = 0; turn < 100 + text.size() && got.size() < text.size(); ++turn) {
      std::size_t moved = 0;
      ERR_clear_error();
      if (sent < text.size() && SSL_write_ex(from, text.data() + sent, text.size() - sent, &moved) == 1) {
        sent += moved;
      }
      ERR_clear_error();
      while (SSL_read_ex(to, block, sizeof block, &moved) == 1) got.append(block, moved);
      ERR_clear_error();
    }
    return got;
  }

  static void expect_works(const Ends& ends) {
    EXPECT_EQ(carry(ends.client.get(), ends.server.get(), "question"), "question");
    EXPECT_EQ(carry(ends.server.get(), ends.client.get(), "answer"), "answer");
  }

  Scene scene_;
  std::shared_ptr<TicketKeys> keys_ = std::make_shared<TicketKeys>();
};

testing::TlsClientOptions version(int number) {
  testing::TlsClientOptions options;
  options.min_version = options.max_version = number;
  return options;
}

TEST_F(Leftovers, FreesTheSessionOfTls13) {
  const Ends ends = open();
  EXPECT_FALSE(has_session(ends));
  expect_works(ends);
}

TEST_F(Leftovers, FactsStay) {
  config::ListenerTls settings = scene_.settings();
  settings.alpn = {"http/1.1"};
  testing::TlsClientOptions options;
  options.alpn = {"http/1.1"};
  const Ends ends = open(settings, options);
  ASSERT_FALSE(has_session(ends));
  const Peer facts = peer(ends.server.get());
  EXPECT_EQ(facts.version, "TLSv1.3");
  EXPECT_EQ(facts.cipher, SSL_CIPHER_standard_name(SSL_get_current_cipher(ends.client.get())));
  EXPECT_EQ(facts.sni, "localhost");
  EXPECT_EQ(facts.alpn, "http/1.1");
  EXPECT_FALSE(facts.resumed);
  EXPECT_EQ(client_subject(ends.server.get()), "");
}

TEST_F(Leftovers, KeysAreUpdatedByEitherSide) {
  const Ends ends = open();
  ASSERT_FALSE(has_session(ends));
  for (const int kind : {SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_NOT_REQUESTED}) {
    for (SSL* updates : {ends.client.get(), ends.server.get(), ends.client.get()}) {
      ASSERT_EQ(SSL_key_update(updates, kind), 1);
      expect_works(ends);
      expect_works(ends);
    }
  }
}

TEST_F(Leftovers, LargeTransfersGoBothWays) {
  const Ends ends = open();
  std::string text(1'000'000, ' ');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 26);
  EXPECT_TRUE(carry(ends.client.get(), ends.server.get(), text) == text);
  EXPECT_TRUE(carry(ends.server.get(), ends.client.get(), text) == text);
}

TEST_F(Leftovers, CloseNotifyGoesBothWays) {
  const Ends ends = open();
  Condition why;
  EXPECT_EQ(SSL_shutdown(ends.server.get()), 0);
  read_some(ends.client.get(), why);
  EXPECT_EQ(why.outcome, Outcome::closed);
  EXPECT_EQ(SSL_shutdown(ends.client.get()), 1);
  EXPECT_EQ(SSL_shutdown(ends.server.get()), 1);
}

TEST_F(Leftovers, CloseNotifyIsStillSentAfterwards) {
  const Ends ends = open();
  EXPECT_EQ(SSL_get_shutdown(ends.server.get()), 0);
  EXPECT_EQ(SSL_shutdown(ends.client.get()), 0);
  Condition why;
  read_some(ends.server.get(), why);
  EXPECT_EQ(why.outcome, Outcome::closed);
}

void forge_record(SSL* from) {
  const std::string record = std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x');
  BIO_write(SSL_get_wbio(from), record.data(), static_cast<int>(record.size()));
}

TEST_F(Leftovers, AlertsAreSentAndReceived) {
  for (const bool to_server : {true, false}) {
    const Ends ends = open();
    SSL* const victim = to_server ? ends.server.get() : ends.client.get();
    SSL* const forger = to_server ? ends.client.get() : ends.server.get();
    forge_record(forger);
    Condition why;
    read_some(victim, why);
    EXPECT_EQ(why.outcome, Outcome::protocol);
    EXPECT_THAT(why.text, ::testing::HasSubstr("bad record mac"));
    read_some(forger, why);
    EXPECT_EQ(why.outcome, Outcome::protocol);
    EXPECT_THAT(why.text, ::testing::HasSubstr("alert"));
  }
}

TEST_F(Leftovers, AnyCutConnectionIsFreed) {
  const Ends ends = open();
  BIO_write(SSL_get_wbio(ends.client.get()), "\x17\x03\x03\x40", 4);  // a quarter of a record
  Condition why;
  read_some(ends.server.get(), why);
  EXPECT_EQ(why.outcome, Outcome::want_read);
}

TEST_F(Leftovers, TicketsResume) {
  testing::TlsClientOptions options;
  for (int visit = 0; visit < 4; ++visit) {
    const Ends ends = open(scene_.settings(), options);
    EXPECT_FALSE(has_session(ends));
    EXPECT_EQ(peer(ends.server.get()).resumed, visit > 0) << visit;
    EXPECT_EQ(peer(ends.server.get()).sni, "localhost");
    expect_works(ends);
    options.session = testing::newest_session(ends.client.get());
    SSL_shutdown(ends.client.get());
  }
}

TEST_F(Leftovers, Tls12KeepsItsSession) {
  testing::TlsClientOptions options = version(TLS1_2_VERSION);
  for (int visit = 0; visit < 2; ++visit) {
    const Ends ends = open(scene_.settings(), options);
    EXPECT_TRUE(has_session(ends));
    EXPECT_EQ(peer(ends.server.get()).version, "TLSv1.2");
    EXPECT_NE(peer(ends.server.get()).cipher, "");
    EXPECT_EQ(peer(ends.server.get()).sni, "localhost");
    EXPECT_EQ(peer(ends.server.get()).resumed, visit > 0);
    expect_works(ends);
    options.session = testing::newest_session(ends.client.get());
    SSL_shutdown(ends.client.get());
  }
}

/// Where the session stays, the ephemeral key is there, but nothing is in it.
void expect_no_private_key(const Ends& ends) {
  EVP_PKEY* key = nullptr;
  ASSERT_EQ(SSL_get_tmp_key(ends.server.get(), &key), 1);
  const PrivateKeyPtr owned(key);
  unsigned char bytes[64];
  std::size_t size = sizeof bytes;
  EXPECT_NE(EVP_PKEY_get_raw_private_key(key, bytes, &size), 1);
  size = sizeof bytes;
  EXPECT_NE(EVP_PKEY_get_raw_public_key(key, bytes, &size), 1);
  ERR_clear_error();
}

TEST_F(Leftovers, ClientCertificatesStay) {
  config::ListenerTls settings = scene_.settings();
  settings.client_auth = config::ClientAuth::optional;
  settings.client_auth_ca = scene_.ca_file;
  EXPECT_FALSE(has_session(open(settings))) << "a client without one";

  testing::LeafOptions leaf;
  leaf.common_name = "alice";
  const auto files = scene_.ca.issue_files(scene_.directory, "alice", leaf);
  testing::TlsClientOptions options;
  options.cert_file = files.cert;
  options.key_file = files.key;
  for (int visit = 0; visit < 2; ++visit) {
    const Ends ends = open(settings, options);
    EXPECT_TRUE(has_session(ends));
    EXPECT_EQ(client_subject(ends.server.get()), "CN=alice");
    EXPECT_EQ(peer(ends.server.get()).resumed, visit > 0);
    expect_no_private_key(ends);
    expect_works(ends);
    options.session = testing::newest_session(ends.client.get());
    SSL_shutdown(ends.client.get());
  }
}

TEST_F(Leftovers, ANegotiatedFragmentLengthStays) {
  SslPtr client = scene_.browser();
  ASSERT_EQ(SSL_set_tlsext_max_fragment_length(client.get(), TLSEXT_max_fragment_length_512), 1);
  const Ends ends = join(scene_.server(scene_.settings())->new_session(), std::move(client));
  ASSERT_TRUE(shake(ends).ok());
  free_handshake_leftovers(ends.server.get());
  EXPECT_TRUE(has_session(ends));
  expect_no_private_key(ends);
  // The client refuses larger records than it asked for.
  EXPECT_TRUE(carry(ends.server.get(), ends.client.get(), std::string(5000, 'x')) == std::string(5000, 'x'));
}

TEST_F(Leftovers, EveryGroupWorks) {
  for (const char* groups : {"X25519", "P-256", "P-384"}) {
    SslPtr client = scene_.browser();
    ASSERT_EQ(SSL_set1_groups_list(client.get(), const_cast<char*>(groups)), 1);
    const Ends ends = join(scene_.server(scene_.settings())->new_session(), std::move(client));
    ASSERT_TRUE(shake(ends).ok()) << groups;
    free_handshake_leftovers(ends.server.get());
    EXPECT_FALSE(has_session(ends));
    expect_works(ends);
  }
}

TEST_F(Leftovers, AClientKeepsEverything) {
  const Ends ends = open();
  free_handshake_leftovers(ends.client.get());
  EXPECT_NE(SSL_get_session(ends.client.get()), nullptr);
  expect_works(ends);
}

}  // namespace
}  // namespace weir::tls
