// Certificates, private keys and CA bundles from PEM files. Every failure names the file and says what is
// wrong with it in words an operator can act on. Blocking file reads: control thread only. Expiry is no error
// here, because an outage is worse than an expired certificate: it is a warning, an event and a metric.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "config/model.hpp"
#include "core/error.hpp"
#include "tls/handles.hpp"

namespace weir::tls {

inline constexpr std::size_t pem_file_bytes_max = 8 * 1024 * 1024;  // a system's whole CA bundle is 200 KiB
inline constexpr std::size_t chain_length_max = 16;                 // certificates in one chain file

struct Certificate {
  X509Ptr leaf;
  X509ChainPtr chain;  // what follows the leaf in the file; may be empty
  PrivateKeyPtr key;
  std::vector<std::string> names;  // subjectAltName DNS entries, lower case, sorted, without duplicates
  std::string subject;             // CN or the first DNS name
  std::chrono::system_clock::time_point not_before, not_after;
};

/// Errors: internal, with file and reason: missing, not PEM, encrypted key, key of another certificate.
Result<Certificate> load_certificate(const config::CertificatePair& pair);

struct CaBundle {
  X509StorePtr store;                     // trusts every certificate of the file, intermediates included
  X509NamesPtr subjects;                  // to be sent as acceptable issuers
  std::array<std::uint8_t, 32> digest{};  // SHA-256 of the file
};

/// Errors: internal; at least one certificate must be in the file.
Result<CaBundle> load_ca(const std::string& path);

/// Puts certificate, chain and key into `ctx`. Errors: internal, e.g. a key below the security level.
Result<void> use_certificate(SSL_CTX* ctx, const Certificate& certificate, const std::string& path);

/// Whole file, at most `bytes_max`. Errors: internal, `PATH: reason`.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

}  // namespace weir::tls
