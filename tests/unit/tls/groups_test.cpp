#include "tls/groups.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include <algorithm>

#include "tls/context.hpp"

namespace weir::tls {
namespace {

using ::testing::Contains;
using ::testing::Not;

SslCtxPtr bare_context() {
  return SslCtxPtr(SSL_CTX_new(TLS_server_method()));
}

TEST(Groups, NamesAreTheLibrarysAndEachIsTaken) {
  const auto names = group_names();
  EXPECT_THAT(names, Contains("X25519"));
  EXPECT_THAT(names, Contains("P-256"));
  EXPECT_THAT(names, Not(Contains("sect163k1")));  // nothing that ended with TLS 1.2
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  for (const std::string& name : names) {
    const SslCtxPtr ctx = bare_context();
    EXPECT_TRUE(set_groups(ctx.get(), {name})) << name;
  }
}

TEST(Groups, TheDefaultIsAlwaysTaken) {
  const SslCtxPtr ctx = bare_context();
  EXPECT_TRUE(set_groups(ctx.get(), {}));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(Groups, AnUnknownNameIsRefused) {
  const SslCtxPtr ctx = bare_context();
  EXPECT_FALSE(set_groups(ctx.get(), {"X25519", "no-such-group"}));
  ERR_clear_error();
}

}  // namespace
}  // namespace weir::tls
