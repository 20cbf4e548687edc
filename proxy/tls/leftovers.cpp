#include "tls/leftovers.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "tls/context.hpp"

namespace weir::tls {
namespace {

/// What follows was read in the source of 3.0. Another OpenSSL under the same soname keeps what it has.
bool is_known_library() {
  static const bool known = OPENSSL_version_major() == 3 && OPENSSL_version_minor() == 0;
  return known;
}

/// The SSL keeps its reference; the key in it goes, and its secret part is wiped (EVP_PKEY_set_type(3)). After the
/// ServerHello only the two functions that show these keys read them.
void clear_key(EVP_PKEY* key) {
  EVP_PKEY_set_type(key, EVP_PKEY_X25519);
  EVP_PKEY_free(key);
}

void clear_key_shares(SSL* ssl) {
  EVP_PKEY* key = nullptr;
  if (SSL_get_peer_tmp_key(ssl, &key) == 1) clear_key(key);
  key = nullptr;
  if (SSL_get_tmp_key(ssl, &key) == 1) clear_key(key);
}

/// Records need s->session for a negotiated fragment length alone (ssl_get_max_send_fragment,
/// ssl3_get_record); keys and their updates come from the traffic secrets in the SSL (tls13_update_key),
/// alerts and SSL_free allow for none, and tickets are sent within the handshake.
bool needs_session(const SSL* ssl) {
  const SSL_SESSION* session = SSL_get_session(ssl);
  return session == nullptr || SSL_get0_peer_certificate(ssl) != nullptr ||
         SSL_SESSION_get_max_fragment_length(session) != TLSEXT_max_fragment_length_DISABLED;
}

/// Owns no certificate and accepts nothing; its method is that of every server that speaks TLS 1.3 by now.
SSL_CTX* settled_context(const SSL* ssl) {
  static const SslCtxPtr context(SSL_CTX_new(SSL_get_ssl_method(ssl)));
  return context.get();
}

/// SSL_set_session gives the SSL its context's method back first. The listener's is that for any version, and with
/// a change of version all keys would go. The copy of the certificate chain goes with the listener's context.
void drop_session(SSL* ssl) {
  SSL_CTX* const context = settled_context(ssl);
  if (context == nullptr || SSL_CTX_get_ssl_method(context) != SSL_get_ssl_method(ssl) ||
      SSL_set_SSL_CTX(ssl, context) != context) {
    return;
  }
  // As if closed already: for an open session OpenSSL searches its cache, under a lock of all workers.
  const int shutdown = SSL_get_shutdown(ssl);
  SSL_set_shutdown(ssl, shutdown | SSL_SENT_SHUTDOWN);
  SSL_set_session(ssl, nullptr);
  SSL_set_shutdown(ssl, shutdown);
}

}  // namespace

void free_handshake_leftovers(SSL* ssl) {
  if (!is_known_library() || SSL_is_server(ssl) != 1 || SSL_version(ssl) != TLS1_3_VERSION) return;
  clear_key_shares(ssl);  // first: without a session it does not show them
  if (!needs_session(ssl)) drop_session(ssl);
}

}  // namespace weir::tls
