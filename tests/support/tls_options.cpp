#include "support/tls_options.hpp"

#include <utility>

namespace weir::testing {
namespace {

void check(bool good, const std::string& what) {
  if (!good) throw TestFailure(what + ": " + openssl_errors());
}

std::string alpn_wire(const std::vector<std::string>& names) {
  std::string wire;
  for (const std::string& name : names) {
    wire += static_cast<char>(name.size());
    wire += name;
  }
  return wire;
}

void use_certificate(SSL_CTX* context, const std::string& cert, const std::string& key) {
  check(SSL_CTX_use_certificate_chain_file(context, cert.c_str()) == 1, "certificate " + cert);
  check(SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1, "key " + key);
}

const unsigned char* bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned int in_size, void* argument) {
  const auto* wire = static_cast<const std::string*>(argument);
  unsigned char* selected = nullptr;
  const int result = SSL_select_next_proto(&selected, out_size, bytes(*wire),
                                           static_cast<unsigned int>(wire->size()), in, in_size);
  *out = selected;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

SslContext make_client_context(const TlsClientOptions& options) {
  SslContext context(SSL_CTX_new(TLS_client_method()), SslDeleter{});
  check(context != nullptr, "SSL_CTX_new");
  if (options.min_version) SSL_CTX_set_min_proto_version(context.get(), options.min_version);
  if (options.max_version) SSL_CTX_set_max_proto_version(context.get(), options.max_version);
  if (!options.ciphers.empty()) {
    check(SSL_CTX_set_cipher_list(context.get(), options.ciphers.c_str()) == 1, "ciphers");
  }
  if (!options.ca_file.empty()) {
    check(SSL_CTX_load_verify_locations(context.get(), options.ca_file.c_str(), nullptr) == 1,
          "CA " + options.ca_file);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  if (!options.cert_file.empty()) use_certificate(context.get(), options.cert_file, options.key_file);
  // No session cache: freeing a context makes what its cache holds unfit for resumption.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

SslHandle make_client_ssl(const SslContext& context, const TlsClientOptions& options) {
  SslHandle ssl(SSL_new(context.get()));
  check(ssl != nullptr, "SSL_new");
  if (!options.server_name.empty()) {
    // SSL_set_tlsext_host_name is a macro with a C cast, which GCC reports here.
    SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(options.server_name.c_str()));
    if (!options.ca_file.empty()) SSL_set1_host(ssl.get(), options.server_name.c_str());
  }
  if (!options.alpn.empty()) {
    const std::string wire = alpn_wire(options.alpn);
    check(SSL_set_alpn_protos(ssl.get(), bytes(wire), static_cast<unsigned int>(wire.size())) == 0, "ALPN");
  }
  if (options.session) SSL_set_session(ssl.get(), options.session.get());
  SSL_set_connect_state(ssl.get());
  return ssl;
}

SslContext make_server_context(const TlsServerOptions& options) {
  SslContext context(SSL_CTX_new(TLS_server_method()), SslDeleter{});
  check(context != nullptr, "SSL_CTX_new");
  use_certificate(context.get(), options.cert_file, options.key_file);
  if (!options.client_ca_file.empty()) {
    check(SSL_CTX_load_verify_locations(context.get(), options.client_ca_file.c_str(), nullptr) == 1,
          "CA " + options.client_ca_file);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  if (options.alpn.empty()) return context;
  // The list must live as long as the context, which may outlive the caller: the deleter keeps it.
  auto wire = std::make_shared<std::string>(alpn_wire(options.alpn));
  SSL_CTX_set_alpn_select_cb(context.get(), select_alpn, wire.get());
  SSL_CTX* const raw = context.get();
  return SslContext(raw, [context, wire](SSL_CTX*) mutable { context.reset(); });
}

SslHandle make_server_ssl(const SslContext& context) {
  SslHandle ssl(SSL_new(context.get()));
  check(ssl != nullptr, "SSL_new");
  SSL_set_accept_state(ssl.get());
  return ssl;
}

SslSession newest_session(const SSL* ssl) {
  // SSL_get1_session takes a mutable pointer to raise a reference count.
  return SslSession(SSL_get1_session(const_cast<SSL*>(ssl)), SslDeleter{});
}

}  // namespace weir::testing
