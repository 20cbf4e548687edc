#include "tls/groups.hpp"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include <strings.h>
#include <algorithm>

#include "tls/context.hpp"

namespace weir::tls {
namespace {

// OpenSSL 3.5 and newer: '*' asks for a key share of the group, '/' ends what is alike in rank.
constexpr const char* hybrid_first = "*X25519MLKEM768/*X25519:P-256:P-384";
constexpr const char* classical = "X25519:P-256:P-384";

bool set_list(SSL_CTX* ctx, std::string list) {
  return SSL_CTX_set1_groups_list(ctx, list.data()) == 1;  // OpenSSL's macro casts the const away
}

std::string text_of(const OSSL_PARAM params[], const char* key) {
  const OSSL_PARAM* const found = OSSL_PARAM_locate_const(params, key);
  const char* text = nullptr;
  if (found == nullptr || OSSL_PARAM_get_utf8_string_ptr(found, &text) != 1 || text == nullptr) return "";
  return text;
}

/// A group of a provider's: its TLS name, in the spelling of its own where only case differs (X25519, not x25519).
int note_group(const OSSL_PARAM params[], void* out) {
  int newest = 0;  // 0: no bound
  const OSSL_PARAM* const bound = OSSL_PARAM_locate_const(params, OSSL_CAPABILITY_TLS_GROUP_MAX_TLS);
  if (bound != nullptr && OSSL_PARAM_get_int(bound, &newest) == 1 && newest != 0 && newest < TLS1_3_VERSION)
    return 1;
  std::string name = text_of(params, OSSL_CAPABILITY_TLS_GROUP_NAME);
  const std::string own = text_of(params, OSSL_CAPABILITY_TLS_GROUP_NAME_INTERNAL);
  if (strcasecmp(name.c_str(), own.c_str()) == 0) name = own;
  if (!name.empty()) static_cast<std::vector<std::string>*>(out)->push_back(std::move(name));
  return 1;
}

int ask_provider(OSSL_PROVIDER* provider, void* out) {
  return OSSL_PROVIDER_get_capabilities(provider, "TLS-GROUP", &note_group, out);
}

}  // namespace

std::vector<std::string> group_names() {
  const SslCtxPtr ctx(SSL_CTX_new(TLS_server_method()));
  std::vector<std::string> names;
  if (!ctx) return names;
  OSSL_PROVIDER_do_all(nullptr, &ask_provider, &names);
  std::erase_if(names, [&ctx](const std::string& name) { return !set_list(ctx.get(), name); });
  ERR_clear_error();
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool set_groups(SSL_CTX* ctx, const std::vector<std::string>& names) {
  if (!names.empty()) return set_list(ctx, fmt::format("{}", fmt::join(names, ":")));
  if (set_list(ctx, hybrid_first)) return true;
  ERR_clear_error();
  return set_list(ctx, classical);
}

}  // namespace weir::tls
