// The fingerprint of a configuration. The one use of OpenSSL in this layer. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace weir::config {

/// The first 16 hex digits of the SHA-256 of `text`.
std::string short_sha256(std::string_view text);

}  // namespace weir::config
