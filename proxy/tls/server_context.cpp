#include <openssl/err.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "tls/certificate.hpp"
#include "tls/context.hpp"
#include "tls/profile.hpp"
#include "tls/sni.hpp"
#include "tls/tickets.hpp"

namespace weir::tls {
namespace {

/// Certificates for the same names with different kinds of key (ECDSA and RSA) share one SSL_CTX; OpenSSL
/// then picks by what the client can verify.
struct Group {
  std::vector<std::string> names;
  std::vector<int> key_types;
  SslCtxPtr ctx;
};

/// Owned by the first group's SSL_CTX, which every SSL of the listener is made from and holds on to.
struct Router {
  NameTable names;
  std::vector<SslCtxPtr> others;  // group i + 1
  bool reject_unknown = false;
};

struct AlpnProtocols {
  std::string wire;
};

std::string_view requested_name(SSL* ssl) {
  const unsigned char* data = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1) return {};
  return server_name_of({data, size});
}

/// Picks the certificate before OpenSSL looks at a ticket: the session id context of the chosen SSL_CTX then
/// decides whether that ticket may resume here. (The servername callback runs after that decision.)
int on_client_hello(SSL* ssl, int* alert, void* argument) {
  const Router& router = *static_cast<const Router*>(argument);
  const std::string_view name = requested_name(ssl);
  if (name.empty()) return SSL_CLIENT_HELLO_SUCCESS;
  const std::optional<std::size_t> group = router.names.find(name);
  if (!group && router.reject_unknown) {
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    ERR_raise_data(ERR_LIB_SSL, SSL_R_TLSV1_UNRECOGNIZED_NAME, "no certificate for the requested name");
    return SSL_CLIENT_HELLO_ERROR;
  }
  if (group.value_or(0) == 0) return SSL_CLIENT_HELLO_SUCCESS;
  if (SSL_set_SSL_CTX(ssl, router.others[*group - 1].get()) != nullptr) return SSL_CLIENT_HELLO_SUCCESS;
  *alert = SSL_AD_INTERNAL_ERROR;
  return SSL_CLIENT_HELLO_ERROR;
}

/// The choice is made already; this has OpenSSL acknowledge the name and keep it in the session (RFC 6066 3).
int on_server_name(SSL*, int*, void*) {
  return SSL_TLSEXT_ERR_OK;
}

/// The first of the listener's protocols that the client names, too. Not called where the client has no ALPN.
int on_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
            unsigned int offered_size, void* argument) {
  const std::string& wire = static_cast<const AlpnProtocols*>(argument)->wire;
  unsigned char* chosen = nullptr;
  const int verdict =
      SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(wire.data()),
                            static_cast<unsigned int>(wire.size()), offered, offered_size);
  *out = chosen;
  // RFC 7301 3.2: no_application_protocol rather than a protocol that the client did not ask for.
  return verdict == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool enable_alpn(SSL_CTX* ctx, std::vector<std::string> names) {
  if (names.empty()) return true;
  // A server of HTTP/1.1 understands HTTP/1.0, which curl --http1.0 names.
  const auto has = [&](std::string_view name) { return std::ranges::find(names, name) != names.end(); };
  if (has("http/1.1") && !has("http/1.0")) names.emplace_back("http/1.0");
  auto protocols = std::make_unique<AlpnProtocols>(AlpnProtocols{alpn_wire(names)});
  SSL_CTX_set_alpn_select_cb(ctx, &on_alpn, protocols.get());
  return OwnedByContext<AlpnProtocols>::attach(ctx, std::move(protocols));
}

/// `optional` means: a client may come without; one that it sends must verify.
bool enable_client_auth(SSL_CTX* ctx, config::ClientAuth mode, const CaBundle& ca) {
  if (mode == config::ClientAuth::none) return true;
  const int flags = mode == config::ClientAuth::required ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                                                         : SSL_VERIFY_PEER;
  X509NamesPtr subjects(SSL_dup_CA_list(ca.subjects.get()));
  if (!subjects) return false;
  SSL_CTX_set_verify(ctx, flags, nullptr);
  SSL_CTX_set1_cert_store(ctx, ca.store.get());
  SSL_CTX_set_client_CA_list(ctx, subjects.release());
  return true;
}

/// A ticket resumes only where this matches: tickets from before client certificates were asked for, or from
/// another CA, or for other names, are worth nothing, even where listeners share ticket key files. A renewed
/// certificate for the same names changes nothing.
bool set_session_scope(SSL_CTX* ctx, config::ClientAuth mode, const CaBundle& ca,
                       const std::vector<std::string>& names) {
  std::string scope(1, static_cast<char>('0' + static_cast<int>(mode)));
  scope.append(ca.digest.begin(), ca.digest.end());
  for (const std::string& name : names) scope.append(name) += '\0';
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  static_assert(digest.size() <= SSL_MAX_SID_CTX_LENGTH);
  SHA256(reinterpret_cast<const unsigned char*>(scope.data()), scope.size(), digest.data());
  return SSL_CTX_set_session_id_context(ctx, digest.data(), static_cast<unsigned int>(digest.size())) == 1;
}

Result<SslCtxPtr> make_server_context(const config::ListenerTls& settings, const CaBundle& ca,
                                      const std::vector<std::string>& names,
                                      const std::shared_ptr<TicketKeys>& tickets) {
  auto made = make_context(TLS_server_method(), settings.min_version, settings.groups);
  if (!made) return made;
  SSL_CTX* ctx = made->get();
  // Requests are framed, so a missing close_notify cannot truncate one; most clients never send it, and
  // answering each with a fatal alert would cost a write to a closed socket.
  SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);  // tickets only: nothing per client is kept
  SSL_CTX_set_num_tickets(ctx,
                          1);  // a ticket may be used by several connections; a second one costs 250 bytes
  SSL_CTX_callback_ctrl(ctx, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                        reinterpret_cast<void (*)()>(&on_server_name));
  if (!enable_alpn(ctx, settings.alpn) || !enable_client_auth(ctx, settings.client_auth, ca) ||
      !set_session_scope(ctx, settings.client_auth, ca, names)) {
    return self_error(ErrorKind::internal, "TLS context: " + openssl_error_text());
  }
  if (const auto enabled = enable_tickets(ctx, tickets); !enabled) return enabled.error();
  return made;
}

}  // namespace

struct ServerContext::Impl {
  SslCtxPtr primary;
  std::vector<CertificateInfo> certificates;

  /// Groups `certificate` with one for the same names and another kind of key, or opens a new group.
  static Result<void> add(std::vector<Group>& groups, const Certificate& certificate,
                          const config::ListenerTls& settings, const CaBundle& ca,
                          const std::shared_ptr<TicketKeys>& tickets, const std::string& path) {
    const int key_type = EVP_PKEY_get_base_id(certificate.key.get());
    auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& candidate) {
      const auto& types = candidate.key_types;
      return candidate.names == certificate.names &&
             std::find(types.begin(), types.end(), key_type) == types.end();
    });
    if (group == groups.end()) {
      auto ctx = make_server_context(settings, ca, certificate.names, tickets);
      if (!ctx) return ctx.error();
      groups.push_back({certificate.names, {}, std::move(*ctx)});
      group = std::prev(groups.end());
    }
    group->key_types.push_back(key_type);
    return use_certificate(group->ctx.get(), certificate, path);
  }

  /// Hands the groups over to the first one's context, which routes between them.
  bool connect(std::vector<Group> groups, bool reject_unknown) {
    auto router = std::make_unique<Router>();
    router->reject_unknown = reject_unknown;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      for (const std::string& name : groups[i].names) router->names.add(name, i);
      if (i > 0) router->others.push_back(std::move(groups[i].ctx));
    }
    primary = std::move(groups.front().ctx);
    SSL_CTX_set_client_hello_cb(primary.get(), &on_client_hello, router.get());
    return OwnedByContext<Router>::attach(primary.get(), std::move(router));
  }
};

ServerContext::ServerContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ServerContext::~ServerContext() = default;

Result<std::shared_ptr<ServerContext>> ServerContext::build(const config::ListenerTls& settings,
                                                            const std::shared_ptr<TicketKeys>& tickets) {
  CaBundle ca;
  if (settings.client_auth != config::ClientAuth::none) {
    auto loaded = load_ca(settings.client_auth_ca);
    if (!loaded) return loaded.error();
    ca = std::move(*loaded);
  }
  auto impl = std::make_unique<Impl>();
  std::vector<Group> groups;
  for (const config::CertificatePair& pair : settings.certificates) {
    const auto certificate = load_certificate(pair);
    if (!certificate) return certificate.error();
    const auto added = Impl::add(groups, *certificate, settings, ca, tickets, pair.cert);
    if (!added) return added.error();
    impl->certificates.push_back({certificate->subject, certificate->not_before, certificate->not_after});
  }
  if (groups.empty()) return self_error(ErrorKind::internal, "TLS needs at least one certificate");
  const bool reject_unknown = settings.unknown_sni == config::UnknownSni::reject;
  if (!impl->connect(std::move(groups), reject_unknown)) {
    return self_error(ErrorKind::internal, "TLS context: " + openssl_error_text());
  }
  return std::shared_ptr<ServerContext>(new ServerContext(std::move(impl)));
}

SslPtr ServerContext::new_session() const {
  SslPtr ssl(SSL_new(impl_->primary.get()));
  if (ssl) SSL_set_accept_state(ssl.get());
  return ssl;
}

const std::vector<ServerContext::CertificateInfo>& ServerContext::certificates() const {
  return impl_->certificates;
}

}  // namespace weir::tls
