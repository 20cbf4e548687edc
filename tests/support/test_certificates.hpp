// Certificates made in the process for one test: a CA, leaves for names and addresses, and every way in which
// one can be wrong. Files end with the test's TempDir. Throws TestFailure with OpenSSL's words.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "support/temp_dir.hpp"

namespace weir::testing {

enum class KeyKind { ec, rsa, rsa_too_short };

struct LeafOptions {
  std::vector<std::string> dns = {"localhost"};
  std::vector<std::string> addresses;  // IP entries of subjectAltName
  std::string common_name;             // empty: no subject at all
  KeyKind key = KeyKind::ec;
  std::chrono::seconds valid_from = -std::chrono::hours(1);  // from now
  std::chrono::seconds valid_until = std::chrono::hours(24);
};

/// Certificate (the leaf only) and key as PEM text.
struct PemPair {
  std::string cert;
  std::string key;
};

struct CertificateFiles {
  std::string cert;
  std::string key;
};

class TestCa {
 public:
  explicit TestCa(const std::string& common_name = "Test CA");
  const std::string& pem() const { return pem_; }
  PemPair issue(const LeafOptions& options = {}) const;
  /// Issues and writes `BASE.crt`, `BASE.key`; returns their paths.
  CertificateFiles issue_files(const TempDir& directory, const std::string& base,
                               const LeafOptions& options = {}) const;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { X509_free(certificate); }
  };
  std::unique_ptr<EVP_PKEY, Free> key_;
  std::unique_ptr<X509, Free> certificate_;
  std::string pem_;
};

/// The same key, protected by a pass phrase.
std::string encrypt_key(const std::string& key_pem);

}  // namespace weir::testing
