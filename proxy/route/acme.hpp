// The one path that stays on plain HTTP while everything else is sent to HTTPS: a certificate authority asks there
// for proof of control (RFC 8555 8.3). Pure; any thread.
#pragma once

#include <string_view>

namespace weir::route {

/// `path` in normalised form: dot segments must not lead out of there.
constexpr bool is_acme_challenge(std::string_view path) {
  return path.starts_with("/.well-known/acme-challenge/");
}

}  // namespace weir::route
