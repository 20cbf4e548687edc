// What a server's SSL keeps of its handshake and never looks at again: 1.4 KiB of each TLS 1.3 connection, the
// ephemeral private key among it. The connection's own worker.
#pragma once

#include <openssl/ssl.h>

namespace weir::tls {

/// Frees it. Call once, when a handshake as server is done. Keeps the session where something may still be asked
/// of it: before TLS 1.3, with a client certificate, with a negotiated fragment length.
void free_handshake_leftovers(SSL* ssl);

}  // namespace weir::tls
