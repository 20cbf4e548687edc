// Session tickets of a server context: AES-256-CBC + HMAC-SHA256 under TicketKeys, so that a session resumes
// on every worker, in every generation and on every replica with the same key files. Nothing is kept here.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "core/error.hpp"
#include "tls/ticket_keys.hpp"

namespace weir::tls {

/// Makes `ctx` issue and accept tickets under `keys`, which lives at least as long as the context. Whether a
/// ticket may resume is decided by the session id context too (server_context.cpp). Errors: internal.
Result<void> enable_tickets(SSL_CTX* ctx, std::shared_ptr<TicketKeys> keys);

}  // namespace weir::tls
