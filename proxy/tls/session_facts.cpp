#include "tls/session_facts.hpp"

#include <openssl/x509.h>

#include <algorithm>
#include <array>

#include "tls/handles.hpp"

namespace weir::tls {
namespace {

std::string_view or_empty(const char* text) {
  return text != nullptr ? std::string_view(text) : std::string_view();
}

/// Of a client, and only one that was verified.
const X509* client_certificate(const SSL* ssl) {
  const X509* certificate = SSL_is_server(ssl) == 1 ? SSL_get0_peer_certificate(ssl) : nullptr;
  return certificate != nullptr && SSL_get_verify_result(ssl) == X509_V_OK ? certificate : nullptr;
}

}  // namespace

std::string_view negotiated_protocol(const SSL* ssl) {
  const unsigned char* name = nullptr;
  unsigned int bytes = 0;
  SSL_get0_alpn_selected(ssl, &name, &bytes);
  return {reinterpret_cast<const char*>(name), bytes};
}

Peer peer(const SSL* ssl) {
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl);
  Peer facts;
  facts.version = or_empty(SSL_get_version(ssl));
  facts.cipher = cipher != nullptr ? or_empty(SSL_CIPHER_standard_name(cipher)) : std::string_view();
  facts.sni = or_empty(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
  facts.alpn = negotiated_protocol(ssl);
  facts.resumed = SSL_session_reused(ssl) == 1;
  return facts;
}

std::string client_subject(const SSL* ssl) {
  const X509* certificate = client_certificate(ssl);
  if (certificate == nullptr) return {};
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (!out || X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0)
    return {};
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  if (size <= 0) return {};
  return {text, std::min(static_cast<std::size_t>(size), client_subject_bytes_max)};
}

std::string client_fingerprint(const SSL* ssl) {
  const X509* certificate = client_certificate(ssl);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int bytes = 0;
  if (certificate == nullptr || X509_digest(certificate, EVP_sha256(), digest.data(), &bytes) != 1) return {};
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < bytes; ++i) {
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15u];
  }
  return text;
}

std::string forwarded_client_cert(std::string_view fingerprint, std::string_view subject) {
  std::string value = "Hash=";
  value.append(fingerprint).append(";Subject=\"");
  for (const char c : subject) {
    if (c == '"' || c == '\\') value += '\\';
    value += c;
  }
  return value += '"';
}

}  // namespace weir::tls
