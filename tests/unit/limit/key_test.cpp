#include "limit/key.hpp"

#include <gtest/gtest.h>

#include <set>

namespace weir::limit {
namespace {

using Kind = config::RateLimitKey::Kind;
using Outcome = KeyRule::Outcome;

http::Field field(std::string_view name, std::string_view value) {
  return {boost::beast::http::string_to_field(name), name, value};
}

/// A request, and the keys that rules make of it.
struct Asker {
  IpAddress ip = *IpAddress::parse("192.0.2.7");
  std::string host = "example.com", path = "/a", route = "api";
  std::vector<http::Field> fields;

  KeyRule::Key key(const config::RateLimit& limit, SipKey secret = {1, 2}) const {
    return KeyRule(limit).key_of({ip, host, path, route, fields}, secret);
  }
  std::uint64_t hash(std::vector<config::RateLimitKey> parts) const {
    config::RateLimit limit;
    limit.key = std::move(parts);
    const auto made = key(limit);
    EXPECT_EQ(made.outcome, Outcome::found);
    return made.hash;
  }
};

Asker from(const char* ip) {
  Asker asker;
  asker.ip = *IpAddress::parse(ip);
  return asker;
}

TEST(KeyRule, ClientsAreTheirAddresses) {
  const config::RateLimit limit;
  EXPECT_EQ(from("192.0.2.7").key(limit).hash, from("192.0.2.7").key(limit).hash);
  EXPECT_NE(from("192.0.2.7").key(limit).hash, from("192.0.2.8").key(limit).hash);
  EXPECT_EQ(from("192.0.2.7").key(limit).hash, from("::ffff:192.0.2.7").key(limit).hash);
}

TEST(KeyRule, Ipv6ClientsShareByPrefix) {
  struct Row {
    unsigned prefix;
    const char *one, *other;
    bool same;
  };
  for (const Row& row :
       {Row{64, "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true},
        Row{64, "2001:db8:1:2::1", "2001:db8:1:3::1", false},
        Row{56, "2001:db8:1:201::1", "2001:db8:1:2ff::1", true},
        Row{56, "2001:db8:1:2ff::1", "2001:db8:1:3ff::1", false},
        Row{63, "2001:db8:1:2::1", "2001:db8:1:3::1", true},
        Row{63, "2001:db8:1:2::1", "2001:db8:1:4::1", false}, Row{1, "4000::", "7fff::", true},
        Row{1, "4000::", "8000::", false}, Row{128, "2001:db8::1", "2001:db8::1", true},
        Row{128, "2001:db8::1", "2001:db8::2", false}}) {
    config::RateLimit limit;
    limit.ipv6_prefix = row.prefix;
    const bool same = from(row.one).key(limit).hash == from(row.other).key(limit).hash;
    EXPECT_EQ(same, row.same) << row.prefix << " " << row.one << " " << row.other;
  }
}

TEST(KeyRule, Ipv4IsNotCutByTheIpv6Prefix) {
  config::RateLimit limit;
  limit.ipv6_prefix = 1;
  EXPECT_NE(from("192.0.2.7").key(limit).hash, from("192.0.2.8").key(limit).hash);
}

TEST(KeyRule, EachKindLooksAtItsOwnPart) {
  Asker base;
  base.fields = {field("X-Api-Key", "k1"), field("Cookie", "id=c1")};
  Asker host = base, path = base, route = base, header = base, cookie = base;
  host.host = "other";
  path.path = "/b";
  route.route = "other";
  header.fields[0].value = "k2";
  cookie.fields[1].value = "id=c2";
  const std::vector<std::pair<config::RateLimitKey, const Asker*>> parts{
      {{Kind::host, {}}, &host},
      {{Kind::path, {}}, &path},
      {{Kind::route, {}}, &route},
      {{Kind::header, "x-api-key"}, &header},
      {{Kind::cookie, "id"}, &cookie}};
  for (const auto& [part, different] : parts) {
    for (const auto& [other_part, asker] : parts) {
      EXPECT_EQ(base.hash({part}) == asker->hash({part}), asker != different) << part.name;
    }
  }
}

TEST(KeyRule, PartsDoNotRunIntoEachOther) {
  const std::vector<config::RateLimitKey> host_and_path{{Kind::host, {}}, {Kind::path, {}}};
  Asker one, other;
  one.host = "ab";
  one.path = "/c";
  other.host = "a";
  other.path = "b/c";
  EXPECT_NE(one.hash(host_and_path), other.hash(host_and_path));
  EXPECT_NE(one.hash(host_and_path), one.hash({{Kind::path, {}}, {Kind::host, {}}}));
  one.path = one.host;
  EXPECT_NE(one.hash({{Kind::host, {}}}), one.hash({{Kind::path, {}}}));
}

TEST(KeyRule, TheSecretDecides) {
  const config::RateLimit limit;
  EXPECT_NE(Asker().key(limit, {1, 2}).hash, Asker().key(limit, {1, 3}).hash);
}

TEST(KeyRule, AMissingKey) {
  for (const config::RateLimitKey& part :
       {config::RateLimitKey{Kind::header, "X-Api-Key"}, config::RateLimitKey{Kind::cookie, "id"}}) {
    config::RateLimit limit;
    limit.key = {part};
    limit.on_missing_key = config::OnMissingKey::pass;
    EXPECT_EQ(Asker().key(limit).outcome, Outcome::pass);
    limit.on_missing_key = config::OnMissingKey::refuse;
    EXPECT_EQ(Asker().key(limit).outcome, Outcome::refuse);
    limit.on_missing_key = config::OnMissingKey::client_ip;
    EXPECT_EQ(Asker().key(limit).outcome, Outcome::found);
    EXPECT_NE(from("192.0.2.7").key(limit).hash, from("192.0.2.8").key(limit).hash);
  }
}

TEST(KeyRule, AnEmptyHeaderIsMissing) {
  config::RateLimit limit;
  limit.key = {{Kind::header, "X-Api-Key"}};
  limit.on_missing_key = config::OnMissingKey::refuse;
  Asker asker;
  asker.fields = {field("X-Api-Key", "")};
  EXPECT_EQ(asker.key(limit).outcome, Outcome::refuse);
}

TEST(KeyRule, AnAddressInAHeaderIsNotTheAddress) {
  config::RateLimit limit;
  limit.key = {{Kind::header, "X-Api-Key"}};
  Asker named = from("192.0.2.1"), missing = from("192.0.2.7");
  named.fields = {field("X-Api-Key", std::string_view("\xc0\x00\x02\x07", 4))};
  EXPECT_NE(named.key(limit).hash, missing.key(limit).hash);
}

TEST(CookieValue, FindsTheFirstOfThatName) {
  struct Row {
    std::string_view header, value;
  };
  for (const Row& row :
       {Row{"id=1", "1"}, Row{"a=b; id=2; id=3", "2"}, Row{"xid=1; id=4", "4"}, Row{"id2=1;id=5", "5"},
        Row{"id", ""}, Row{"id=", ""}, Row{"", ""}, Row{";;id=6;", "6"}, Row{"a=b;  id=7=8", "7=8"},
        Row{"ID=9", ""}, Row{"=1; id=a", "a"}}) {
    EXPECT_EQ(cookie_value({field("Cookie", row.header)}, "id"), row.value) << row.header;
  }
  EXPECT_EQ(cookie_value({field("X", "id=1"), field("Cookie", "a=b"), field("Cookie", "id=2")}, "id"), "2");
  EXPECT_EQ(cookie_value({}, "id"), "");
}

}  // namespace
}  // namespace weir::limit
