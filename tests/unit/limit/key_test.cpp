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

config::RateLimit by_cookie(config::OnMissingKey on_missing = config::OnMissingKey::refuse) {
  config::RateLimit limit;
  limit.key = {{Kind::cookie, "id"}};
  limit.on_missing_key = on_missing;
  return limit;
}

Asker with_cookies(const std::vector<std::string_view>& lines) {
  Asker asker;
  for (const std::string_view line : lines) asker.fields.push_back(field("Cookie", line));
  return asker;
}

// A client with one valid cookie must not make many keys of it.
TEST(KeyRule, OneCookieIsOneKeyHoweverItIsWritten) {
  const auto key = with_cookies({"id=a-b"}).key(by_cookie()).hash;
  for (const char* line : {"x=1; id=a-b", "id = a-b ", "id=\"a-b\"", "id = \"a-b\" ;", "id=a-b; id=a-b",
                           "id=a-b; id=\"a-b\"", "id=; id=a-b", "id=%61-b", "id=a%2Db", "id=a%2db",
                           "id=\"%61%2d%62\"", "id=a-b; ID=other; xid=1; id2=2", ";;id=a-b;"}) {
    const auto other = with_cookies({line}).key(by_cookie());
    EXPECT_EQ(other.outcome, Outcome::found) << line;
    EXPECT_EQ(other.hash, key) << line;
  }
  EXPECT_EQ(with_cookies({"x=1", "id=a-b", "id=a-b"}).key(by_cookie()).hash, key);
  for (const char* line :
       {"id=a-c", "id=a-", "id=A-B", "id=a%2", "id=a%2-b", "id=a-b%", "id=%", "id=%zz-b"}) {
    const auto other = with_cookies({line}).key(by_cookie());
    EXPECT_EQ(other.outcome, Outcome::found) << line;
    EXPECT_NE(other.hash, key) << line;
  }
  EXPECT_NE(with_cookies({"id=%2541"}).key(by_cookie()).hash, with_cookies({"id=A"}).key(by_cookie()).hash);
}

TEST(KeyRule, ACookieThatIsNone) {
  for (const char* line : {"", ";", "id", "id=", "id= ", "id=\"\"", "ID=9", "xid=9", "=id", "a=id=9"}) {
    EXPECT_EQ(with_cookies({line}).key(by_cookie(config::OnMissingKey::pass)).outcome, Outcome::pass) << line;
  }
}

// Endpoints differ in which of several they take, so neither may be the key, and the limit may not be off either.
TEST(KeyRule, SeveralValuesAreLimitedByAddress) {
  const std::vector<Asker> askers{with_cookies({"id=a; id=b"}),       with_cookies({"id=a", "id=b"}),
                                  with_cookies({"id=b; id=a; id=a"}), with_cookies({"id=\"a\\142\""}),
                                  with_cookies({"id=\"a"}),           with_cookies({"id=a\"b"})};
  for (const Asker& asker : askers) {
    EXPECT_EQ(asker.key(by_cookie()).outcome, Outcome::refuse);
    for (const auto on_missing : {config::OnMissingKey::client_ip, config::OnMissingKey::pass}) {
      const auto key = asker.key(by_cookie(on_missing));
      EXPECT_EQ(key.outcome, Outcome::found);
      EXPECT_EQ(key.hash, askers[0].key(by_cookie(on_missing)).hash);
    }
  }
  EXPECT_EQ(askers[0].key(by_cookie(config::OnMissingKey::pass)).hash, Asker().key(config::RateLimit()).hash);
}

TEST(KeyRule, SeveralHeadersAreLimitedByAddress) {
  config::RateLimit limit;
  limit.key = {{Kind::header, "X-Api-Key"}};
  Asker one, same, other;
  one.fields = {field("X-Api-Key", "k1")};
  same.fields = {field("X-Api-Key", "k1"), field("x-api-key", ""), field("x-api-key", "k1")};
  other.fields = {field("X-Api-Key", "k1"), field("x-api-key", "k2")};
  EXPECT_EQ(same.key(limit).hash, one.key(limit).hash);
  EXPECT_EQ(other.key(limit).hash, Asker().key(limit).hash);
  limit.on_missing_key = config::OnMissingKey::pass;
  EXPECT_EQ(other.key(limit).outcome, Outcome::found);
  limit.on_missing_key = config::OnMissingKey::refuse;
  EXPECT_EQ(other.key(limit).outcome, Outcome::refuse);
  limit.key = {{Kind::header, "Authorization"}};
  other.fields = {field("Authorization", "k1"), field("authorization", "k2")};
  EXPECT_EQ(other.key(limit).outcome, Outcome::refuse) << "a known field";
}

}  // namespace
}  // namespace weir::limit
