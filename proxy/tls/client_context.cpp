#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <utility>

#include "core/ip.hpp"
#include "tls/certificate.hpp"
#include "tls/client_sessions.hpp"
#include "tls/context.hpp"
#include "tls/profile.hpp"

namespace weir::tls {
namespace {

constexpr const char* system_ca = "system";

/// The peer that an SSL was made for, as its sessions are filed. Owned by the SSL.
class PeerName {
 public:
  static bool attach(SSL* ssl, std::string name) {
    auto owned = std::make_unique<std::string>(std::move(name));
    if (SSL_set_ex_data(ssl, index(), owned.get()) != 1) return false;
    (void)owned.release();
    return true;
  }
  static const std::string* get(const SSL* ssl) {
    return static_cast<const std::string*>(SSL_get_ex_data(ssl, index()));
  }

 private:
  static void destroy(void*, void* name, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<std::string*>(name);
  }
  static int index() {
    static const int value =
        CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, nullptr, nullptr, nullptr, &destroy);
    return value;
  }
};

/// Answers 0: the reference that OpenSSL holds out is not kept.
int on_new_session(SSL* ssl, SSL_SESSION* session) {
  auto* sessions = OwnedByContext<ClientSessions>::get(SSL_get_SSL_CTX(ssl));
  const std::string* peer = PeerName::get(ssl);
  try {
    if (sessions != nullptr && peer != nullptr) sessions->put(*peer, session);
  } catch (const std::bad_alloc&) {  // not through OpenSSL's frames; the session is not kept
  }
  return 0;
}

Result<void> trust(SSL_CTX* ctx, const config::UpstreamTls& settings) {
  if (!settings.verify) {
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, nullptr);
    return {};
  }
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  if (settings.ca == system_ca) {
    if (SSL_CTX_set_default_verify_paths(ctx) == 1) return {};
    return self_error(ErrorKind::internal, "the system's CA certificates: " + openssl_error_text());
  }
  const auto ca = load_ca(settings.ca);
  if (!ca) return ca.error();
  SSL_CTX_set1_cert_store(ctx, ca->store.get());
  return {};
}

Result<void> identify(SSL_CTX* ctx, const config::UpstreamTls& settings) {
  if (settings.cert.empty()) return {};
  const auto certificate = load_certificate({settings.cert, settings.key});
  if (!certificate) return certificate.error();
  return use_certificate(ctx, *certificate, settings.cert);
}

bool enable_sessions(SSL_CTX* ctx) {
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, &on_new_session);
  return OwnedByContext<ClientSessions>::attach(ctx, std::make_unique<ClientSessions>());
}

bool offer(SSL* ssl, Protocols protocols) {
  static const std::string wires[] = {alpn_wire({"http/1.1"}), alpn_wire({"h2"}),
                                      alpn_wire({"h2", "http/1.1"})};
  const std::string& wire = wires[static_cast<std::size_t>(protocols)];
  // This one function answers 0 for success.
  return SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(wire.data()),
                             static_cast<unsigned int>(wire.size())) == 0;
}

/// Sets in OpenSSL what the certificate must name. Names match subjectAltName only, as RFC 9525 has it: the
/// common name and wildcards within a label are not considered.
bool expect_peer(SSL* ssl, std::string name, bool verify) {
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  if (IpAddress::parse(name)) return !verify || X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1;
  if (SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) != 1) return false;
  if (!verify) return true;
  X509_VERIFY_PARAM_set_hostflags(param,
                                  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return X509_VERIFY_PARAM_set1_host(param, name.data(), name.size()) == 1;
}

}  // namespace

struct ClientContext::Impl {
  SslCtxPtr ctx;
  bool verify = true;
  std::string server_name;  // empty: the endpoint's host
};

ClientContext::ClientContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ClientContext::~ClientContext() = default;

Result<std::shared_ptr<ClientContext>> ClientContext::build(const config::UpstreamTls& settings) {
  auto made = make_context(TLS_client_method(), config::TlsVersion::v1_2);
  if (!made) return made.error();
  SSL_CTX* ctx = made->get();
  if (const auto trusted = trust(ctx, settings); !trusted) return trusted.error();
  if (const auto identified = identify(ctx, settings); !identified) return identified.error();
  if (!enable_sessions(ctx)) {
    return self_error(ErrorKind::internal, "TLS context: " + openssl_error_text());
  }
  auto impl = std::make_unique<Impl>();
  impl->ctx = std::move(*made);
  impl->verify = settings.verify;
  impl->server_name = settings.server_name;
  return std::shared_ptr<ClientContext>(new ClientContext(std::move(impl)));
}

SslPtr ClientContext::new_session(const std::string& host, std::uint16_t port, Protocols offered) const {
  ERR_clear_error();
  SslPtr ssl(SSL_new(impl_->ctx.get()));
  if (!ssl) return nullptr;
  SSL_set_connect_state(ssl.get());
  std::string name = impl_->server_name.empty() ? host : impl_->server_name;
  if (name.ends_with('.')) name.pop_back();  // neither SNI nor certificates have the root's dot
  std::string peer = host + ' ' + std::to_string(port);
  const SessionPtr session = OwnedByContext<ClientSessions>::get(impl_->ctx.get())->take(peer);
  const bool ready = offer(ssl.get(), offered) && expect_peer(ssl.get(), std::move(name), impl_->verify) &&
                     PeerName::attach(ssl.get(), std::move(peer)) &&
                     (!session || SSL_set_session(ssl.get(), session.get()) == 1);
  if (!ready) ssl.reset();
  ERR_clear_error();
  return ssl;
}

}  // namespace weir::tls
