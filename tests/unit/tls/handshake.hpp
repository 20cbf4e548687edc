// TLS between two SSL objects over a pair of memory BIOs: no sockets, no threads, no waiting.
#pragma once

#include <memory>
#include <string>

#include "support/temp_dir.hpp"
#include "support/test_certificates.hpp"
#include "support/tls_options.hpp"
#include "tls/context.hpp"
#include "tls/error.hpp"
#include "tls/session_facts.hpp"

namespace weir::tls {

struct Ends {
  SslPtr server;
  SslPtr client;
};

/// Joins both ends by memory; nothing is sent yet.
Ends join(SslPtr server, SslPtr client);

/// How each side's handshake ended.
struct Handshake {
  Condition server;
  Condition client;
  bool ok() const { return server.outcome == Outcome::done && client.outcome == Outcome::done; }
};

/// Runs both handshakes until they are done or one failed, then one byte each way: this is what delivers TLS 1.3
/// tickets and the server's verdict on a client certificate.
Handshake shake(const Ends& ends);

/// `count` bytes or fewer from `ssl`: text read, or nothing with the condition in `why`.
std::string read_some(SSL* ssl, Condition& why);

/// What `ssl` saw of the other side's certificate: CN.
std::string peer_common_name(const SSL* ssl);

/// Files and CA of one test, with the settings that most tests start from.
struct Scene {
  testing::TempDir directory;
  testing::TestCa ca;
  std::string ca_file = directory.write("ca.crt", ca.pem());

  config::CertificatePair certificate(const std::string& base, const testing::LeafOptions& options = {});
  /// A leaf whose CN is its first name, so that tests see which one was served.
  config::CertificatePair named(const std::vector<std::string>& dns);
  config::ListenerTls settings();  // one certificate for localhost
  std::shared_ptr<ServerContext> server(const config::ListenerTls& settings,
                                        std::shared_ptr<TicketKeys> tickets = nullptr);
  std::shared_ptr<ClientContext> client(const config::UpstreamTls& settings);
  config::UpstreamTls upstream();  // verifies against the scene's CA
  /// A plain OpenSSL client that trusts the scene's CA unless `options` say otherwise.
  SslPtr browser(const testing::TlsClientOptions& options = {});

 private:
  // OpenSSL's client forgets sessions with the context that they were made in.
  std::vector<testing::SslContext> browsers_;
};

}  // namespace weir::tls
