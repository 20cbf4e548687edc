// TLS settings compiled into OpenSSL contexts: server side (certificates by SNI, tickets, client
// certificates, ALPN) and client side (towards endpoints). Built on the control thread; an SSL_CTX is then
// shared by all workers. No sockets here.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "tls/ticket_keys.hpp"

namespace weir::tls {

struct SslCtxDelete {
  void operator()(SSL_CTX* ctx) const { SSL_CTX_free(ctx); }
};
using SslCtxPtr = std::unique_ptr<SSL_CTX, SslCtxDelete>;
struct SslDelete {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslPtr = std::unique_ptr<SSL, SslDelete>;

/// One listener's TLS. Certificates are picked by SNI: exact name, then wildcard, then the first; names come
/// from subjectAltName (DNS), compared case-insensitively.
class ServerContext {
 public:
  /// `tickets` outlives the context and is shared by all generations of the listener, so that sessions resume
  /// after a reload and on every worker. Errors: internal, with what OpenSSL said and the file's name.
  static Result<std::shared_ptr<ServerContext>> build(const config::ListenerTls& settings,
                                                      std::shared_ptr<TicketKeys> tickets);
  ~ServerContext();

  /// A fresh server-side SSL without BIOs. Any thread.
  SslPtr new_session() const;

  struct CertificateInfo {
    std::string subject;                        // CN or the first DNS name
    std::chrono::system_clock::time_point not_after;
  };
  const std::vector<CertificateInfo>& certificates() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  explicit ServerContext(std::unique_ptr<Impl> impl);
};

/// One upstream's TLS: verification with SNI and host name (or IP) check on by default, own trust store or the
/// system's, client certificate, session resumption.
class ClientContext {
 public:
  static Result<std::shared_ptr<ClientContext>> build(const config::UpstreamTls& settings);
  ~ClientContext();

  /// A fresh client-side SSL, set up to verify `host` (the endpoint's host; settings.server_name wins). SNI is
  /// sent for names, never for addresses. Any thread.
  SslPtr new_session(const std::string& host) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  explicit ClientContext(std::unique_ptr<Impl> impl);
};

/// For config::Surroundings: nothing when the pair loads and belongs together, otherwise what is wrong.
std::optional<std::string> check_certificate(const config::CertificatePair& pair);
std::optional<std::string> check_ca(const std::string& path);

/// The newest OpenSSL errors as one phrase; clears the queue.
std::string openssl_error_text();

}  // namespace weir::tls
