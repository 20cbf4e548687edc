#include "tls/certificate.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "tls/context.hpp"

namespace weir::tls {
namespace {

/// Overwrites a file's text when it held a private key.
class Secret {
 public:
  explicit Secret(std::string text) : text_(std::move(text)) {}
  ~Secret() { OPENSSL_cleanse(text_.data(), text_.size()); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Error file_error(const std::string& path, const std::string& reason) {
  return self_error(ErrorKind::internal, path + ": " + reason);
}

BioPtr memory_bio(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

X509Ptr next_certificate(BIO* bio) {
  return X509Ptr(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
}

/// After the last certificate: true when the file ended there, false when a block did not decode.
bool ended_cleanly() {
  const unsigned long error = ERR_peek_last_error();
  const bool no_more = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (no_more) ERR_clear_error();
  return no_more;
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

std::string text_of(const ASN1_STRING* value) {
  const unsigned char* data = ASN1_STRING_get0_data(value);
  const int length = ASN1_STRING_length(value);
  return data != nullptr && length > 0 ? std::string(data, data + length) : std::string();
}

struct GeneralNamesDelete {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

std::vector<std::string> dns_names(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, GeneralNamesDelete> all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> names;
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type == GEN_DNS) names.push_back(lower_case(text_of(name->d.dNSName)));
  }
  return names;
}

std::string common_name(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int position = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (position < 0) return {};
  return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, position)));
}

std::chrono::system_clock::time_point time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

/// An encrypted key asks for its pass phrase here; there is none to give.
int refuse_pass_phrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Result<PrivateKeyPtr> load_key(const std::string& path) {
  auto content = read_file(path, pem_file_bytes_max);
  if (!content) return content.error();
  const Secret secret(std::move(*content));
  const BioPtr bio = memory_bio(secret.text());
  bool asked = false;
  PrivateKeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_pass_phrase, &asked));
  if (key) return key;
  const std::string reason = openssl_error_text();
  if (asked)
    return file_error(path, "the private key is encrypted, which is not supported; store it decrypted");
  if (secret.text().find("PRIVATE KEY-----") == std::string::npos) {
    return file_error(path, "holds no PEM private key");
  }
  return file_error(path, "the private key does not decode: " + reason);
}

/// Leaf and chain of one file into `certificate`.
Result<void> load_chain(const std::string& path, Certificate& certificate) {
  const auto content = read_file(path, pem_file_bytes_max);
  if (!content) return content.error();
  const BioPtr bio = memory_bio(*content);
  certificate.leaf = next_certificate(bio.get());
  if (!certificate.leaf) {
    const bool none = ended_cleanly();
    return file_error(path, none ? "holds no PEM certificate" : "does not decode: " + openssl_error_text());
  }
  certificate.chain.reset(sk_X509_new_null());
  std::size_t length = 1;
  while (X509Ptr issuer = next_certificate(bio.get())) {
    if (++length > chain_length_max) {
      return file_error(path, "more than " + std::to_string(chain_length_max) + " certificates in one chain");
    }
    if (sk_X509_push(certificate.chain.get(), issuer.get()) > 0) (void)issuer.release();
  }
  if (!ended_cleanly()) {
    return file_error(
        path, "certificate " + std::to_string(length + 1) + " does not decode: " + openssl_error_text());
  }
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const auto failed = [&path](int code) { return file_error(path, std::generic_category().message(code)); };
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // never hang on a FIFO
  if (file.get() < 0) return failed(errno);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return failed(errno);
  if (!S_ISREG(facts.st_mode)) return file_error(path, "not a regular file");
  if (static_cast<std::uint64_t>(facts.st_size) > bytes_max) {
    return file_error(path, "larger than " + std::to_string(bytes_max) + " bytes");
  }
  // One allocation of the final size: no copies of a key's text are left behind by growing.
  std::string content(static_cast<std::size_t>(facts.st_size), '\0');
  std::size_t filled = 0;
  while (filled < content.size()) {
    const ssize_t got = ::read(file.get(), content.data() + filled, content.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  content.resize(filled);
  return content;
}

Result<Certificate> load_certificate(const config::CertificatePair& pair) {
  ERR_clear_error();
  Certificate certificate;
  if (const auto chain = load_chain(pair.cert, certificate); !chain) return chain.error();
  auto key = load_key(pair.key);
  if (!key) return key.error();
  certificate.key = std::move(*key);
  if (X509_check_private_key(certificate.leaf.get(), certificate.key.get()) != 1) {
    ERR_clear_error();
    return file_error(pair.key, "the private key does not belong to the certificate in " + pair.cert);
  }
  certificate.names = dns_names(certificate.leaf.get());
  certificate.subject = common_name(certificate.leaf.get());
  if (certificate.subject.empty() && !certificate.names.empty())
    certificate.subject = certificate.names.front();
  certificate.not_before = time_of(X509_get0_notBefore(certificate.leaf.get()));
  certificate.not_after = time_of(X509_get0_notAfter(certificate.leaf.get()));
  std::sort(certificate.names.begin(), certificate.names.end());
  certificate.names.erase(std::unique(certificate.names.begin(), certificate.names.end()),
                          certificate.names.end());
  return certificate;
}

Result<CaBundle> load_ca(const std::string& path) {
  ERR_clear_error();
  const auto content = read_file(path, pem_file_bytes_max);
  if (!content) return content.error();
  CaBundle bundle;
  bundle.store.reset(X509_STORE_new());
  bundle.subjects.reset(sk_X509_NAME_new_null());
  if (!bundle.store || !bundle.subjects) return file_error(path, openssl_error_text());
  const BioPtr bio = memory_bio(*content);
  std::size_t count = 0;
  while (const X509Ptr ca = next_certificate(bio.get())) {
    ++count;
    X509_NAME* subject = X509_NAME_dup(X509_get_subject_name(ca.get()));
    if (X509_STORE_add_cert(bundle.store.get(), ca.get()) != 1 || subject == nullptr ||
        sk_X509_NAME_push(bundle.subjects.get(), subject) <= 0) {
      X509_NAME_free(subject);
      return file_error(path, openssl_error_text());
    }
  }
  if (!ended_cleanly()) {
    return file_error(
        path, "certificate " + std::to_string(count + 1) + " does not decode: " + openssl_error_text());
  }
  if (count == 0) return file_error(path, "holds no PEM certificate");
  X509_STORE_set_flags(bundle.store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  SHA256(reinterpret_cast<const unsigned char*>(content->data()), content->size(), bundle.digest.data());
  return bundle;
}

Result<void> use_certificate(SSL_CTX* ctx, const Certificate& certificate, const std::string& path) {
  ERR_clear_error();
  constexpr int replace = 1;
  if (SSL_CTX_use_cert_and_key(ctx, certificate.leaf.get(), certificate.key.get(), certificate.chain.get(),
                               replace) != 1) {
    return file_error(path, "cannot be used: " + openssl_error_text());
  }
  return {};
}

std::optional<std::string> validity_warning(const ServerContext::CertificateInfo& certificate,
                                            std::chrono::system_clock::time_point now) {
  const auto text = [&](std::string_view what, std::chrono::system_clock::time_point when) {
    return fmt::format("certificate {} {} {:%Y-%m-%dT%H:%M:%SZ}: clients refuse it", certificate.subject,
                       what, fmt::gmtime(std::chrono::system_clock::to_time_t(when)));
  };
  if (now >= certificate.not_after) return text("expired on", certificate.not_after);
  if (now < certificate.not_before) return text("is not valid before", certificate.not_before);
  return std::nullopt;
}

std::optional<ServerContext::CertificateInfo> read_certificate_info(const config::CertificatePair& pair) {
  const auto certificate = load_certificate(pair);
  if (!certificate) return std::nullopt;
  return ServerContext::CertificateInfo{certificate->subject, certificate->not_before,
                                        certificate->not_after};
}

std::optional<std::string> check_certificate(const config::CertificatePair& pair) {
  const auto certificate = load_certificate(pair);
  if (!certificate) return certificate.error().detail;
  const SslCtxPtr trial(SSL_CTX_new(TLS_server_method()));
  if (!trial) return openssl_error_text();
  if (const auto used = use_certificate(trial.get(), *certificate, pair.cert); !used)
    return used.error().detail;
  return std::nullopt;
}

std::optional<std::string> check_ca(const std::string& path) {
  const auto bundle = load_ca(path);
  if (!bundle) return bundle.error().detail;
  return std::nullopt;
}

}  // namespace weir::tls
