#include "unit/tls/handshake.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include "tls/handles.hpp"

namespace weir::tls {
namespace {

bool waiting(const Condition& condition) {
  return condition.outcome == Outcome::want_read || condition.outcome == Outcome::want_write;
}

Condition step(SSL* ssl) {
  ERR_clear_error();
  return classify(ssl, SSL_do_handshake(ssl));
}

/// One byte from `from` to `to`; each side's condition says how it went.
void send_byte(SSL* from, SSL* to, Condition& sender, Condition& receiver) {
  std::size_t moved = 0;
  ERR_clear_error();
  sender = classify(from, SSL_write_ex(from, "x", 1, &moved));
  const std::string got = read_some(to, receiver);
  if (sender.outcome == Outcome::done && receiver.outcome == Outcome::done) {
    EXPECT_EQ(got, "x");
  }
}

}  // namespace

Ends join(SslPtr server, SslPtr client) {
  EXPECT_TRUE(server && client);
  BIO* near = nullptr;
  BIO* far = nullptr;
  EXPECT_EQ(BIO_new_bio_pair(&near, 0, &far, 0), 1);
  SSL_set_bio(server.get(), near, near);
  SSL_set_bio(client.get(), far, far);
  return {std::move(server), std::move(client)};
}

Handshake shake(const Ends& ends) {
  constexpr int turns_max = 20;
  Handshake result{{Outcome::want_read, {}}, {Outcome::want_read, {}}};
  for (int turn = 0; turn < turns_max && (waiting(result.server) || waiting(result.client)); ++turn) {
    if (waiting(result.client)) result.client = step(ends.client.get());
    if (waiting(result.server)) result.server = step(ends.server.get());
    const bool failed = !waiting(result.server) && result.server.outcome != Outcome::done;
    if (failed && !waiting(result.client)) break;
  }
  if (result.client.outcome == Outcome::done && result.server.outcome == Outcome::done) {
    send_byte(ends.server.get(), ends.client.get(), result.server, result.client);
    if (result.ok()) send_byte(ends.client.get(), ends.server.get(), result.client, result.server);
  } else if (result.client.outcome == Outcome::done) {
    // TLS 1.3: the client is done first and gets the server's refusal with its first read.
    read_some(ends.client.get(), result.client);
  }
  return result;
}

std::string read_some(SSL* ssl, Condition& why) {
  char buffer[64];
  std::size_t moved = 0;
  ERR_clear_error();
  why = classify(ssl, SSL_read_ex(ssl, buffer, sizeof buffer, &moved));
  return {buffer, moved};
}

std::string peer_common_name(const SSL* ssl) {
  const X509* certificate = SSL_get0_peer_certificate(ssl);
  char name[256] = "";
  if (certificate == nullptr) return "none";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  return name;
}

config::CertificatePair Scene::certificate(const std::string& base, const testing::LeafOptions& options) {
  const auto files = ca.issue_files(directory, base, options);
  return {files.cert, files.key};
}

config::CertificatePair Scene::named(const std::vector<std::string>& dns) {
  testing::LeafOptions options;
  options.dns = dns;
  options.common_name = dns.front();
  return certificate("leaf-" + dns.front(), options);
}

config::ListenerTls Scene::settings() {
  config::ListenerTls tls;
  tls.certificates = {named({"localhost"})};
  return tls;
}

std::shared_ptr<ServerContext> Scene::server(const config::ListenerTls& settings,
                                             std::shared_ptr<TicketKeys> tickets) {
  if (!tickets) tickets = std::make_shared<TicketKeys>();
  auto built = ServerContext::build(settings, tickets);
  if (!built) throw testing::TestFailure(built.error().detail);
  return *built;
}

std::shared_ptr<ClientContext> Scene::client(const config::UpstreamTls& settings) {
  auto built = ClientContext::build(settings);
  if (!built) throw testing::TestFailure(built.error().detail);
  return *built;
}

config::UpstreamTls Scene::upstream() {
  config::UpstreamTls tls;
  tls.ca = ca_file;
  return tls;
}

SslPtr Scene::browser(const testing::TlsClientOptions& options) {
  browsers_.push_back(testing::make_client_context(options));
  return SslPtr(testing::make_client_ssl(browsers_.back(), options).release());
}

}  // namespace weir::tls
