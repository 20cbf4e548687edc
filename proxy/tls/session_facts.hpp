// What a finished handshake gives the access log, the metrics and the request: read from the SSL on demand,
// so that nothing is kept per connection. The connection's own worker.
#pragma once

#include <openssl/ssl.h>

#include <string>
#include <string_view>

namespace weir::tls {

inline constexpr std::size_t client_subject_bytes_max = 512;  // longer ones are cut

struct Peer {
  std::string_view version;  // TLSv1.2, TLSv1.3
  std::string_view cipher;   // IANA name
  std::string_view sni;      // as the client sent it, empty without; lives as long as the SSL
  std::string_view alpn;     // chosen protocol, empty without; lives as long as the SSL
  bool resumed = false;
};

/// Only after the handshake. The views of version and cipher are static.
Peer peer(const SSL* ssl);

/// The protocol that ALPN chose, as in Peer::alpn: `h2`, `http/1.1`; empty where the client named none. Only after the
/// handshake.
std::string_view negotiated_protocol(const SSL* ssl);

/// Subject of the verified client certificate: RFC 2253 form, control characters escaped; empty without one.
std::string client_subject(const SSL* ssl);
/// SHA-256 of the verified client certificate (DER), 64 hexadecimal digits in lower case; empty without one.
std::string client_fingerprint(const SSL* ssl);

/// Value of an X-Forwarded-Client-Cert field in the form that Envoy uses: `Hash=...;Subject="..."`.
std::string forwarded_client_cert(std::string_view fingerprint, std::string_view subject);

}  // namespace weir::tls
