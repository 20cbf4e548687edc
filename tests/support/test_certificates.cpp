#include "support/test_certificates.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "support/byte_stream.hpp"
#include "support/deadline.hpp"

namespace weir::testing {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
template <class T>
using Handle = std::unique_ptr<T, Free>;

void check(bool good, const char* what) {
  if (!good) throw TestFailure(std::string(what) + ": " + openssl_errors());
}

Handle<EVP_PKEY> make_key(KeyKind kind) {
  constexpr std::size_t rsa_bits = 2048;
  constexpr std::size_t rsa_short_bits = 1024;
  Handle<EVP_PKEY> key;
  if (kind == KeyKind::ec) {
    key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  } else {
    key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", kind == KeyKind::rsa ? rsa_bits : rsa_short_bits));
  }
  check(key != nullptr, "key");
  return key;
}

void add_name(X509_NAME* name, const std::string& common_name) {
  const auto* text = reinterpret_cast<const unsigned char*>(common_name.data());
  check(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, static_cast<int>(common_name.size()), -1,
                                   0),
        "name");
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Handle<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  check(extension != nullptr, value.c_str());
  check(X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

/// Version 3, a random serial number, the key and the times; names and signature come after.
Handle<X509> make_certificate(EVP_PKEY* key, std::chrono::seconds from, std::chrono::seconds until) {
  Handle<X509> certificate(X509_new());
  check(certificate != nullptr, "certificate");
  std::uint64_t serial = 0;
  check(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1, "serial");
  check(X509_set_version(certificate.get(), X509_VERSION_3) == 1, "version");
  check(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1) == 1, "serial");
  check(X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from.count()) != nullptr, "time");
  check(X509_gmtime_adj(X509_getm_notAfter(certificate.get()), until.count()) != nullptr, "time");
  check(X509_set_pubkey(certificate.get(), key) == 1, "public key");
  return certificate;
}

std::string content(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string to_pem(X509* certificate) {
  const Handle<BIO> bio(BIO_new(BIO_s_mem()));
  check(PEM_write_bio_X509(bio.get(), certificate) == 1, "certificate as PEM");
  return content(bio.get());
}

std::string to_pem(EVP_PKEY* key, const EVP_CIPHER* cipher, const char* pass_phrase) {
  const Handle<BIO> bio(BIO_new(BIO_s_mem()));
  const auto* bytes = reinterpret_cast<const unsigned char*>(pass_phrase);
  const int size = pass_phrase != nullptr ? static_cast<int>(std::string(pass_phrase).size()) : 0;
  check(PEM_write_bio_PrivateKey(bio.get(), key, cipher, bytes, size, nullptr, nullptr) == 1, "key as PEM");
  return content(bio.get());
}

std::string alternative_names(const LeafOptions& options) {
  std::string list;
  const auto add = [&list](const std::string& entry) { list += (list.empty() ? "" : ",") + entry; };
  for (const std::string& name : options.dns) add("DNS:" + name);
  for (const std::string& address : options.addresses) add("IP:" + address);
  return list;
}

}  // namespace

TestCa::TestCa(const std::string& common_name) {
  key_.reset(make_key(KeyKind::ec).release());
  certificate_.reset(make_certificate(key_.get(), -std::chrono::hours(48), std::chrono::hours(48)).release());
  X509* ca = certificate_.get();
  add_name(X509_get_subject_name(ca), common_name);
  check(X509_set_issuer_name(ca, X509_get_subject_name(ca)) == 1, "issuer");
  add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(ca, ca, NID_subject_key_identifier, "hash");
  check(X509_sign(ca, key_.get(), EVP_sha256()) > 0, "signature");
  pem_ = to_pem(ca);
}

PemPair TestCa::issue(const LeafOptions& options) const {
  const Handle<EVP_PKEY> key = make_key(options.key);
  const Handle<X509> leaf = make_certificate(key.get(), options.valid_from, options.valid_until);
  if (!options.common_name.empty()) add_name(X509_get_subject_name(leaf.get()), options.common_name);
  check(X509_set_issuer_name(leaf.get(), X509_get_subject_name(certificate_.get())) == 1, "issuer");
  add_extension(leaf.get(), certificate_.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(leaf.get(), certificate_.get(), NID_ext_key_usage, "serverAuth,clientAuth");
  add_extension(leaf.get(), certificate_.get(), NID_authority_key_identifier, "keyid");
  const std::string names = alternative_names(options);
  if (!names.empty()) add_extension(leaf.get(), certificate_.get(), NID_subject_alt_name, names);
  check(X509_sign(leaf.get(), key_.get(), EVP_sha256()) > 0, "signature");
  return {to_pem(leaf.get()), to_pem(key.get(), nullptr, nullptr)};
}

CertificateFiles TestCa::issue_files(const TempDir& directory, const std::string& base,
                                     const LeafOptions& options) const {
  const PemPair pair = issue(options);
  std::string cert = directory.write(base + ".crt", pair.cert);
  return {std::move(cert), directory.write(base + ".key", pair.key)};
}

std::string encrypt_key(const std::string& key_pem) {
  const Handle<BIO> bio(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
  const Handle<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  check(key != nullptr, "key");
  return to_pem(key.get(), EVP_aes_128_cbc(), "a pass phrase");
}

}  // namespace weir::testing
