// TLS settings of the tests' own clients and servers, and the OpenSSL objects made from them.
#pragma once

#include <string>
#include <vector>

#include "support/byte_stream.hpp"

namespace weir::testing {

struct TlsClientOptions {
  std::string server_name = "localhost";  // SNI, and the name that is verified; empty: none
  std::string ca_file;                    // empty: the certificate is not verified
  std::string cert_file, key_file;        // client certificate; empty: none
  std::vector<std::string> alpn;
  int min_version = 0, max_version = 0;  // TLS1_2_VERSION ...; 0: OpenSSL's default
  std::string ciphers;                   // TLS 1.2 list; empty: OpenSSL's default
  SslSession session;                    // resume this one
};

struct TlsServerOptions {
  std::string cert_file, key_file;
  std::string client_ca_file;     // a client certificate is required and verified against it
  std::vector<std::string> alpn;  // answered with the first that the client offers too
};

/// Both throw TestFailure with OpenSSL's words.
SslContext make_client_context(const TlsClientOptions& options);
SslHandle make_client_ssl(const SslContext& context, const TlsClientOptions& options);
SslContext make_server_context(const TlsServerOptions& options);
SslHandle make_server_ssl(const SslContext& context);

/// The newest session that a client connection was given (TLS 1.3 tickets come after the handshake: read
/// first).
SslSession newest_session(const SSL* ssl);

}  // namespace weir::testing
