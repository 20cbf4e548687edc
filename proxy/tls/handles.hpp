// RAII for the OpenSSL objects that the TLS layer owns (SSL and SSL_CTX: context.hpp), and objects of ours
// that live exactly as long as an SSL_CTX: its callbacks may run for a connection that outlives the
// configuration which made the context. Any thread.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

namespace weir::tls {

template <auto free_function>
struct OpenSslDelete {
  template <class T>
  void operator()(T* object) const {
    free_function(object);
  }
};

using BioPtr = std::unique_ptr<BIO, OpenSslDelete<BIO_free_all>>;
using CipherPtr = std::unique_ptr<EVP_CIPHER, OpenSslDelete<EVP_CIPHER_free>>;
using PrivateKeyPtr = std::unique_ptr<EVP_PKEY, OpenSslDelete<EVP_PKEY_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, OpenSslDelete<SSL_SESSION_free>>;
using X509Ptr = std::unique_ptr<X509, OpenSslDelete<X509_free>>;
using X509StorePtr = std::unique_ptr<X509_STORE, OpenSslDelete<X509_STORE_free>>;

struct X509ChainDelete {
  void operator()(STACK_OF(X509) * chain) const { sk_X509_pop_free(chain, X509_free); }
};
using X509ChainPtr = std::unique_ptr<STACK_OF(X509), X509ChainDelete>;

struct X509NamesDelete {
  void operator()(STACK_OF(X509_NAME) * names) const { sk_X509_NAME_pop_free(names, X509_NAME_free); }
};
using X509NamesPtr = std::unique_ptr<STACK_OF(X509_NAME), X509NamesDelete>;

/// One T owned by an SSL_CTX and freed with it.
template <class T>
class OwnedByContext {
 public:
  /// False when OpenSSL is out of memory; the object is gone then.
  static bool attach(SSL_CTX* ctx, std::unique_ptr<T> object) {
    if (SSL_CTX_set_ex_data(ctx, index(), object.get()) != 1) return false;
    (void)object.release();
    return true;
  }
  /// Null when nothing was attached.
  static T* get(const SSL_CTX* ctx) { return static_cast<T*>(SSL_CTX_get_ex_data(ctx, index())); }

 private:
  static void destroy(void*, void* object, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<T*>(object);
  }
  static int index() {
    static const int value =
        CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, nullptr, nullptr, nullptr, &destroy);
    return value;
  }
};

}  // namespace weir::tls
