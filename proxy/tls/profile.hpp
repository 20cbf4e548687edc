// What every TLS context of ours has in common, towards clients and towards endpoints. Control thread.
#pragma once

#include <string>
#include <vector>

#include "config/model.hpp"
#include "core/error.hpp"
#include "tls/context.hpp"

namespace weir::tls {

/// A context with versions, ciphers, groups (of tls/groups.hpp), options and memory modes set. Errors: internal.
Result<SslCtxPtr> make_context(const SSL_METHOD* method, config::TlsVersion min_version,
                               const std::vector<std::string>& groups = {});

/// ALPN names as the wire has them (RFC 7301 3.1): each with its length in front. Names are 1 to 255 bytes.
std::string alpn_wire(const std::vector<std::string>& names);

}  // namespace weir::tls
