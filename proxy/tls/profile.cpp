#include "tls/profile.hpp"

#include <openssl/err.h>

#include "tls/groups.hpp"

namespace weir::tls {
namespace {

// Mozilla's intermediate profile, less its DHE suites: no client of TLS 1.2 needs them, and they
// cost ten times an X25519 exchange. TLS 1.3 suites are OpenSSL's default three.
constexpr const char* tls12_ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

}  // namespace

Result<SslCtxPtr> make_context(const SSL_METHOD* method, config::TlsVersion min_version,
                               const std::vector<std::string>& groups) {
  ERR_clear_error();
  SslCtxPtr ctx(SSL_CTX_new(method));
  const int oldest = min_version == config::TlsVersion::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
  const bool made = ctx && SSL_CTX_set_min_proto_version(ctx.get(), oldest) == 1 &&
                    SSL_CTX_set_max_proto_version(ctx.get(), TLS1_3_VERSION) == 1 &&
                    SSL_CTX_set_cipher_list(ctx.get(), tls12_ciphers) == 1 && set_groups(ctx.get(), groups);
  if (!made) return self_error(ErrorKind::internal, "TLS context: " + openssl_error_text());
  SSL_CTX_set_options(ctx.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // Partial writes from a buffer that may move: the relay retries with what is left, wherever it lies then.
  // Released buffers: they would be 32 KiB of an idle connection.
  SSL_CTX_set_mode(ctx.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
  // One BIO_read for a record's header and body, and for as many records as the buffer takes.
  SSL_CTX_set_read_ahead(ctx.get(), 1);
  return ctx;
}

std::string alpn_wire(const std::vector<std::string>& names) {
  std::string wire;
  for (const std::string& name : names) {
    wire.push_back(static_cast<char>(name.size()));
    wire += name;
  }
  return wire;
}

}  // namespace weir::tls
