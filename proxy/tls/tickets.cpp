#include "tls/tickets.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <array>
#include <optional>

#include "tls/context.hpp"
#include "tls/handles.hpp"

namespace weir::tls {
namespace {

struct TicketState {
  std::shared_ptr<TicketKeys> keys;
  CipherPtr cipher;  // fetched once: a fetch takes a lock of the whole process
};

// What the key callback answers, see SSL_CTX_set_tlsext_ticket_key_evp_cb(3).
constexpr int ticket_failed = -1;
constexpr int ticket_unknown = 0;
constexpr int ticket_usable = 1;
constexpr int ticket_usable_renew = 2;

bool set_mac(EVP_MAC_CTX* mac, TicketKey& key) {
  char digest[] = "SHA256";
  const std::array params{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.hmac.data(), key.hmac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, params.data()) == 1;
}

int encrypt(const TicketState& state, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
            EVP_MAC_CTX* mac) {
  TicketKey key = state.keys->current();
  std::copy(key.name.begin(), key.name.end(), name);
  if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(state.cipher.get())) != 1) return ticket_failed;
  if (EVP_EncryptInit_ex2(cipher, state.cipher.get(), key.aes.data(), iv, nullptr) != 1) return ticket_failed;
  return set_mac(mac, key) ? ticket_usable : ticket_failed;
}

int decrypt(const TicketState& state, const unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
            EVP_MAC_CTX* mac) {
  std::optional<TicketKeys::Found> found = state.keys->find(name);
  if (!found) return ticket_unknown;
  if (EVP_DecryptInit_ex2(cipher, state.cipher.get(), found->key.aes.data(), iv, nullptr) != 1) {
    return ticket_failed;
  }
  if (!set_mac(mac, found->key)) return ticket_failed;
  return found->renew ? ticket_usable_renew : ticket_usable;
}

int on_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                  int encrypting) {
  const TicketState* state = OwnedByContext<TicketState>::get(SSL_get_SSL_CTX(ssl));
  if (state == nullptr) return ticket_failed;
  return encrypting != 0 ? encrypt(*state, name, iv, cipher, mac) : decrypt(*state, name, iv, cipher, mac);
}

/// A resumed session is not verified again, and a client that keeps resuming would stay authenticated past
/// the end of its certificate.
bool client_certificate_expired(const SSL_SESSION* session) {
  const X509* client =
      session != nullptr ? SSL_SESSION_get0_peer(const_cast<SSL_SESSION*>(session)) : nullptr;
  return client != nullptr && X509_cmp_current_time(X509_get0_notAfter(client)) < 0;
}

SSL_TICKET_RETURN on_ticket_decrypted(SSL* ssl, SSL_SESSION* session, const unsigned char*, std::size_t,
                                      SSL_TICKET_STATUS status, void*) {
  switch (status) {
    case SSL_TICKET_SUCCESS:
    case SSL_TICKET_SUCCESS_RENEW:
      if (client_certificate_expired(session)) return SSL_TICKET_RETURN_IGNORE_RENEW;
      // TLS 1.3 clients use a ticket once (RFC 8446 C.4): each resumption hands out the next one.
      if (status == SSL_TICKET_SUCCESS_RENEW || SSL_version(ssl) == TLS1_3_VERSION) {
        return SSL_TICKET_RETURN_USE_RENEW;
      }
      return SSL_TICKET_RETURN_USE;
    case SSL_TICKET_EMPTY:
    case SSL_TICKET_NO_DECRYPT:
      return SSL_TICKET_RETURN_IGNORE_RENEW;
    default:
      return SSL_TICKET_RETURN_ABORT;
  }
}

}  // namespace

Result<void> enable_tickets(SSL_CTX* ctx, std::shared_ptr<TicketKeys> keys) {
  auto state = std::make_unique<TicketState>();
  state->keys = std::move(keys);
  state->cipher.reset(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr));
  const bool ready = state->cipher && OwnedByContext<TicketState>::attach(ctx, std::move(state)) &&
                     SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, &on_ticket_key) == 1 &&
                     SSL_CTX_set_session_ticket_cb(ctx, nullptr, &on_ticket_decrypted, nullptr) == 1;
  if (!ready) return self_error(ErrorKind::internal, "session tickets: " + openssl_error_text());
  return {};
}

}  // namespace weir::tls
