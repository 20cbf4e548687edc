#include "http/header_policy.hpp"

#include <gtest/gtest.h>

#include "unit/http/request_with.hpp"

namespace weir::http {
namespace {

using test::field;

std::string appended(const CompiledFields& fields, const std::vector<Field>& received = {}) {
  std::string out;
  fields.append_to(out, received);
  std::string one_by_one;
  fields.for_each_appended(received, [&](FieldId id, std::string_view name, std::string_view value) {
    EXPECT_EQ(id, field(name, value).id);
    one_by_one.append(name).append(": ").append(value).append("\r\n");
  });
  EXPECT_EQ(one_by_one, out);
  return out;
}

config::HeaderPolicy security() {
  config::HeaderPolicy policy;
  policy.name = "security";
  policy.response.set = {{"X-Frame-Options", "DENY"}, {"X-Content-Type-Options", "nosniff"}};
  policy.response.set_on_tls = {{"Strict-Transport-Security", "max-age=31536000"}};
  policy.response.remove = {"Server", "X-Powered-By"};
  return policy;
}

HeaderPolicy compile(const std::vector<config::HeaderPolicy>& policies) {
  std::vector<const config::HeaderPolicy*> pointers;
  pointers.reserve(policies.size());
  for (const auto& policy : policies) pointers.push_back(&policy);
  return HeaderPolicy::compile(pointers);
}

TEST(HeaderPolicy, NoPolicyDoesNothing) {
  const HeaderPolicy none = HeaderPolicy::compile({});
  EXPECT_EQ(appended(none.request), "");
  EXPECT_EQ(appended(none.response_plain), "");
  EXPECT_FALSE(none.response_tls.drops(field("Server", "x")));
  EXPECT_FALSE(none.response_tls.overrides(OwnField::via));
}

TEST(HeaderPolicy, SetsAndRemoves) {
  const HeaderPolicy compiled = compile({security()});
  EXPECT_EQ(appended(compiled.response_plain),
            "X-Frame-Options: DENY\r\nX-Content-Type-Options: nosniff\r\n");
  EXPECT_EQ(appended(compiled.response_tls),
            "X-Frame-Options: DENY\r\nX-Content-Type-Options: nosniff\r\n"
            "Strict-Transport-Security: max-age=31536000\r\n");
  EXPECT_EQ(appended(compiled.request), "");
  for (const auto* name : {"Server", "SERVER", "X-Powered-By", "x-powered-by", "X-Frame-Options",
                           "x-frame-options", "X-CONTENT-TYPE-OPTIONS"}) {
    EXPECT_TRUE(compiled.response_plain.drops(field(name, "x"))) << name;
    EXPECT_FALSE(compiled.request.drops(field(name, "x"))) << name;
  }
  for (const auto* name : {"Servers", "X-Powered-B", "Content-Type", "X-Other", ""}) {
    EXPECT_FALSE(compiled.response_plain.drops(field(name, "x"))) << name;
  }
  EXPECT_TRUE(compiled.response_tls.drops(field("Strict-Transport-Security", "x")));
  EXPECT_FALSE(compiled.response_plain.drops(field("Strict-Transport-Security", "x")));
}

TEST(HeaderPolicy, UnderscoresDoNotSlipPastARule) {
  CompiledFields fields;
  fields.drop("X-Internal-Auth");
  fields.drop("User-Agent");
  EXPECT_TRUE(fields.drops(field("X_Internal_Auth", "x")));
  EXPECT_TRUE(fields.drops(field("x-internal_auth", "x")));
  EXPECT_TRUE(fields.drops(field("User_Agent", "x")));
  EXPECT_FALSE(fields.drops(field("X_Internal", "x")));
  CompiledFields underscored;
  underscored.drop("X_Only");
  EXPECT_TRUE(underscored.drops(field("x_only", "x")));
  EXPECT_FALSE(underscored.drops(field("X-Only", "x")));
}

TEST(HeaderPolicy, WithinOnePolicySetWinsOverRemove) {
  config::HeaderPolicy policy;
  policy.response.set = {{"Server", "weir"}};
  policy.response.set_on_tls = {{"Server", "weir-tls"}};
  policy.response.remove = {"server"};
  const HeaderPolicy compiled = compile({policy});
  EXPECT_TRUE(compiled.response_plain.drops(field("Server", "nginx")));
  EXPECT_EQ(appended(compiled.response_plain), "Server: weir\r\n");
  EXPECT_EQ(appended(compiled.response_tls), "Server: weir-tls\r\n");
}

TEST(HeaderPolicy, LaterPoliciesWin) {
  config::HeaderPolicy later;
  later.response.set = {{"x-frame-options", "SAMEORIGIN"}};
  later.response.remove = {"X-Content-Type-Options"};
  const HeaderPolicy compiled = compile({security(), later});
  EXPECT_EQ(appended(compiled.response_plain), "x-frame-options: SAMEORIGIN\r\n");
  EXPECT_TRUE(compiled.response_plain.drops(field("X-Content-Type-Options", "x")));

  const HeaderPolicy reversed = compile({later, security()});
  EXPECT_EQ(appended(reversed.response_plain),
            "X-Frame-Options: DENY\r\nX-Content-Type-Options: nosniff\r\n");
}

TEST(HeaderPolicy, SetIfAbsentYieldsToWhatIsThere) {
  CompiledFields fields;
  fields.set_if_absent("Content-Security-Policy", "default-src 'self'");
  fields.set_if_absent("Cache-Control", "private");
  EXPECT_FALSE(fields.drops(field("Cache-Control", "x")));
  EXPECT_EQ(appended(fields), "Content-Security-Policy: default-src 'self'\r\nCache-Control: private\r\n");
  EXPECT_EQ(appended(fields, {field("cache-control", "no-cache")}),
            "Content-Security-Policy: default-src 'self'\r\n");
  EXPECT_EQ(appended(fields, {field("content-security-policy", ""), field("Cache-Control", "")}), "");
}

TEST(HeaderPolicy, SetIfAbsentAmongOtherRules) {
  CompiledFields fields;
  fields.set("X-A", "set");
  fields.set_if_absent("x-a", "absent");
  EXPECT_EQ(appended(fields), "X-A: set\r\n") << "set before: never absent";

  fields.set_if_absent("X-B", "one");
  fields.set_if_absent("x-b", "two");
  EXPECT_EQ(appended(fields), "X-A: set\r\nx-b: two\r\n") << "later wins";
  fields.set("X-B", "set");
  EXPECT_EQ(appended(fields, {field("X-B", "received")}), "X-A: set\r\nX-B: set\r\n");
  fields.drop("X-B");
  EXPECT_EQ(appended(fields), "X-A: set\r\n") << "dropped: not even if absent";

  CompiledFields removed;
  removed.drop("Server");
  removed.set_if_absent("Server", "weir");
  EXPECT_TRUE(removed.drops(field("Server", "nginx")));
  EXPECT_EQ(appended(removed, {field("Server", "nginx")}), "Server: weir\r\n") << "dropped: always absent";
}

TEST(HeaderPolicy, SetIfAbsentOnTlsOnly) {
  config::HeaderPolicy policy;
  policy.response.set_if_absent = {{"X-Frame-Options", "DENY"}, {"X-Odd", "1"}};
  policy.response.set_if_absent_on_tls = {{"Strict-Transport-Security", "max-age=1"}};
  const HeaderPolicy compiled = HeaderPolicy::compile({&policy});
  EXPECT_EQ(appended(compiled.response_plain), "X-Frame-Options: DENY\r\nX-Odd: 1\r\n");
  EXPECT_EQ(appended(compiled.response_tls),
            "Strict-Transport-Security: max-age=1\r\nX-Frame-Options: DENY\r\nX-Odd: 1\r\n");
  EXPECT_EQ(
      appended(compiled.response_tls, {field("strict-transport-security", "max-age=9"), field("x-odd", "2")}),
      "X-Frame-Options: DENY\r\n");
}

TEST(HeaderPolicy, FramingIsNotAPolicysBusiness) {
  CompiledFields fields;
  for (const auto* name :
       {"Connection", "content-length", "Transfer-Encoding", "Upgrade", "TE", "Trailer", "Expect"}) {
    fields.drop(name);
    fields.set(name, "x");
    fields.set_if_absent(name, "x");
    EXPECT_FALSE(fields.drops(field(name, "x"))) << name;
  }
  EXPECT_EQ(appended(fields), "");
}

TEST(HeaderPolicy, OverridesTheFieldsThatWeirWrites) {
  CompiledFields fields;
  fields.set("x-forwarded-proto", "https");
  fields.drop("VIA");
  fields.set_if_absent("X-Request-Id", "never absent");
  EXPECT_TRUE(fields.overrides(OwnField::forwarded_proto));
  EXPECT_TRUE(fields.overrides(OwnField::via));
  EXPECT_FALSE(fields.overrides(OwnField::request_id));
  EXPECT_FALSE(fields.overrides(OwnField::host));
  EXPECT_EQ(appended(fields), "x-forwarded-proto: https\r\n");

  fields.drop("Host");
  EXPECT_FALSE(fields.overrides(OwnField::host)) << "a request without Host is no request";
  fields.set("Host", "internal");
  EXPECT_TRUE(fields.overrides(OwnField::host));
  EXPECT_EQ(appended(fields), "x-forwarded-proto: https\r\nHost: internal\r\n");
}

}  // namespace
}  // namespace weir::http
