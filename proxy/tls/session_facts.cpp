#include "tls/session_facts.hpp"

#include <algorithm>

#include "tls/handles.hpp"

namespace weir::tls {
namespace {

std::string_view or_empty(const char* text) {
  return text != nullptr ? std::string_view(text) : std::string_view();
}

}  // namespace

Peer peer(const SSL* ssl) {
  const unsigned char* alpn = nullptr;
  unsigned int alpn_bytes = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &alpn_bytes);
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl);
  Peer facts;
  facts.version = or_empty(SSL_get_version(ssl));
  facts.cipher = cipher != nullptr ? or_empty(SSL_CIPHER_standard_name(cipher)) : std::string_view();
  facts.sni = or_empty(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
  facts.alpn = {reinterpret_cast<const char*>(alpn), alpn_bytes};
  facts.resumed = SSL_session_reused(ssl) == 1;
  return facts;
}

std::string client_subject(const SSL* ssl) {
  const X509* certificate = SSL_is_server(ssl) == 1 ? SSL_get0_peer_certificate(ssl) : nullptr;
  if (certificate == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) return {};
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (!out || X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0)
    return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  if (size <= 0) return {};
  return {text, std::min(static_cast<std::size_t>(size), client_subject_bytes_max)};
}

}  // namespace weir::tls
