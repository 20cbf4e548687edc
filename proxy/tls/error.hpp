// What an OpenSSL call on a connection means: the one place that reads the error queue for it. Depends on
// OpenSSL only. The queue belongs to the thread, so the rules are:
//   1. ERR_clear_error() before SSL_do_handshake, SSL_read_ex, SSL_write_ex, SSL_shutdown: a stale entry of
//      another connection would otherwise be taken for this one's failure (SSL_get_error(3));
//   2. classify() right after a call that did not succeed, on the same thread, before any other OpenSSL call;
//   3. classify() and openssl_error_text() leave the queue empty.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::tls {

enum class Outcome : std::uint8_t {
  done,         // the call succeeded
  want_read,    // again once bytes arrived
  want_write,   // again once bytes left
  closed,       // close_notify: a clean end
  eof,          // the transport ended or failed without close_notify: what came may be truncated
  certificate,  // a certificate was refused, by us or (an alert) by the peer
  protocol,     // anything else: not TLS, no common version, cipher, ALPN protocol or name; a broken record
};

struct Condition {
  Outcome outcome = Outcome::done;
  std::string text;  // one phrase for people for eof, certificate and protocol; never bytes of the peer
};

/// `result` is what the SSL call returned. After anything but done, want_* and closed the SSL is unusable:
/// SSL_shutdown must not be called on it. SSL_shutdown itself: call it once, 0 and 1 both mean "sent"; only
/// a negative result is for classify().
Condition classify(const SSL* ssl, int result);

/// snake_case name for logs and metric labels.
std::string_view to_string(Outcome outcome);

}  // namespace weir::tls
