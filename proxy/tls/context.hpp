// TLS settings compiled into OpenSSL contexts: server side (certificates by SNI, tickets, client
// certificates, ALPN) and client side (towards endpoints). Built on the control thread; an SSL_CTX is then
// shared by all workers. No sockets here.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <cstdint>
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

/// One listener's TLS: Mozilla's intermediate profile (profile.cpp). Certificates are picked by SNI: exact
/// name, then wildcard (one label), then the first; names come from subjectAltName (DNS), compared
/// case-insensitively. Certificates for the same names with another kind of key are offered side by side.
/// `unknown_sni: reject` ends the handshake with unrecognized_name for a name that none of them has; a client
/// that sends no name (an address in the URL) always gets the first certificate.
class ServerContext {
 public:
  /// `tickets` is shared by all generations of the listener, so that sessions resume after a reload and on
  /// every worker; a change of the client certificate rules makes older tickets worthless all the same.
  /// Errors: internal, with what OpenSSL said and the file's name.
  static Result<std::shared_ptr<ServerContext>> build(const config::ListenerTls& settings,
                                                      const std::shared_ptr<TicketKeys>& tickets);
  ~ServerContext();

  /// A fresh server-side SSL without BIOs, which may outlive this object. Null when out of memory. Any
  /// thread.
  SslPtr new_session() const;

  struct CertificateInfo {
    std::string subject;  // CN or the first DNS name
    std::chrono::system_clock::time_point not_before, not_after;
  };
  /// In the order of the configuration.
  const std::vector<CertificateInfo>& certificates() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  explicit ServerContext(std::unique_ptr<Impl> impl);
};

/// What a client offers by ALPN (RFC 7301).
enum class Protocols : std::uint8_t { http1, http2, both };

/// One upstream's TLS: verification with SNI and host name (or IP) check on by default, own trust store or
/// the system's, client certificate, session resumption.
class ClientContext {
 public:
  /// Errors: internal, with what OpenSSL said and the file's name.
  static Result<std::shared_ptr<ClientContext>> build(const config::UpstreamTls& settings);
  ~ClientContext();

  /// A fresh client-side SSL, set up to verify `host` (the endpoint's host; settings.server_name wins). SNI
  /// is sent for names, never for addresses. Offers to resume a session of the same host and port. Null when
  /// out of memory or when `host` cannot be a host. The SSL may outlive this object. Any thread.
  SslPtr new_session(const std::string& host, std::uint16_t port = 0,
                     Protocols offered = Protocols::http1) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  explicit ClientContext(std::unique_ptr<Impl> impl);
};

/// `CN=... expired on ...`, or that it is not valid yet; nothing where it is valid at `now`.
std::optional<std::string> validity_warning(const ServerContext::CertificateInfo& certificate,
                                            std::chrono::system_clock::time_point now);
/// What load_certificate() learns of a pair that check_certificate() accepts; nothing where it does not load.
std::optional<ServerContext::CertificateInfo> read_certificate_info(const config::CertificatePair& pair);

/// For config::Surroundings: nothing when the pair loads and belongs together, otherwise what is wrong.
/// Expiry is no error (certificates() and the metrics show it).
std::optional<std::string> check_certificate(const config::CertificatePair& pair);
std::optional<std::string> check_ca(const std::string& path);

/// The cause (the oldest entry) of this thread's OpenSSL errors as one phrase; clears the queue.
std::string openssl_error_text();

}  // namespace weir::tls
