// Groups of the TLS key exchange, by the names of the library that runs. Any thread.
#pragma once

#include <openssl/ssl.h>

#include <string>
#include <vector>

namespace weir::tls {

/// Names that set_groups() takes here and TLS 1.3 can use, sorted.
std::vector<std::string> group_names();

/// Sets what is offered and accepted, preferred first. Empty: X25519MLKEM768 where the library has it (with a share for
/// X25519 beside it, so that a server without it costs no round trip), then X25519, P-256 and P-384. False: the library
/// refused, and its error queue says why.
bool set_groups(SSL_CTX* ctx, const std::vector<std::string>& names);

}  // namespace weir::tls
