#include "tls/error.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>

#include "tls/context.hpp"

namespace weir::tls {
namespace {

/// Reasons that are about a certificate; the alerts are the peer's opinion of ours (RFC 8446 6.2).
constexpr std::array certificate_reasons{
    SSL_R_CERTIFICATE_VERIFY_FAILED,
    SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,
    SSL_R_NO_CERTIFICATES_RETURNED,
    SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
    SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
    SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,
    SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
    SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
    SSL_R_TLSV1_ALERT_UNKNOWN_CA,
    SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
    SSL_R_TLSV1_BAD_CERTIFICATE_STATUS_RESPONSE,
};

bool is_about_certificates(int reason) {
  return std::find(certificate_reasons.begin(), certificate_reasons.end(), reason) !=
         certificate_reasons.end();
}

Condition failure(const SSL* ssl) {
  // The oldest entry is the cause, later ones say where it passed through; the reason codes of an alert and
  // of an early end are each the only entry.
  const unsigned long cause = ERR_peek_error();
  const int reason = ERR_GET_LIB(cause) == ERR_LIB_SSL ? ERR_GET_REASON(cause) : 0;
  Condition condition{Outcome::protocol, openssl_error_text()};
  if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    condition = {Outcome::eof, "connection ended without close_notify"};
  } else if (is_about_certificates(reason)) {
    condition.outcome = Outcome::certificate;
    const long verdict = SSL_get_verify_result(ssl);
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verdict != X509_V_OK) {
      condition.text = std::string("certificate refused: ") + X509_verify_cert_error_string(verdict);
    }
  }
  return condition;
}

}  // namespace

Condition classify(const SSL* ssl, int result) {
  switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_NONE:
      return {Outcome::done, {}};
    case SSL_ERROR_WANT_READ:
      return {Outcome::want_read, {}};
    case SSL_ERROR_WANT_WRITE:
      return {Outcome::want_write, {}};
    case SSL_ERROR_ZERO_RETURN:
      return {Outcome::closed, {}};
    case SSL_ERROR_SYSCALL:
      ERR_clear_error();
      return {Outcome::eof, "connection failed below TLS"};
    default:
      return failure(ssl);
  }
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::done:
      return "done";
    case Outcome::want_read:
      return "want_read";
    case Outcome::want_write:
      return "want_write";
    case Outcome::closed:
      return "closed";
    case Outcome::eof:
      return "eof";
    case Outcome::certificate:
      return "certificate";
    case Outcome::protocol:
      return "protocol";
  }
  return "protocol";
}

std::string openssl_error_text() {
  OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, nullptr);  // once
  const char* data = nullptr;
  int flags = 0;
  const unsigned long cause = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags);
  std::string text = "unknown OpenSSL error";
  if (cause != 0) {
    const char* reason = ERR_reason_error_string(cause);
    text = reason != nullptr ? reason : "OpenSSL error " + std::to_string(ERR_GET_REASON(cause));
    if ((flags & ERR_TXT_STRING) != 0 && data != nullptr && *data != '\0')
      text.append(" (").append(data) += ')';
  }
  ERR_clear_error();
  return text;
}

}  // namespace weir::tls
