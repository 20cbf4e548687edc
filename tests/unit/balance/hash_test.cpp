#include <gtest/gtest.h>

#include "balance/key.hpp"
#include "core/rng.hpp"
#include "unit/balance/choosing.hpp"

namespace weir::balance {
namespace {

TEST(Hash, AKeyKeepsItsEndpoint) {
  Endpoints endpoints({1, 1, 1, 1, 1});
  for (std::uint64_t key = 0; key < 200; ++key) {
    const std::size_t first = chosen(hash, endpoints, key_of(key));
    endpoints[first].in_flight = 7;  // fewer than hash_load_free change nothing
    EXPECT_EQ(chosen(hash, endpoints, key_of(key)), first);
    endpoints[first].in_flight = 0;
  }
}

TEST(Hash, TheSameEndpointsInAnotherOrderAndProcess) {
  // These values must never change: keys would move between a Weir and its next version.
  Endpoints endpoints({1, 1, 1, 1});
  std::string picked;
  for (std::uint64_t key = 0; key < 16; ++key) {
    picked += std::to_string(chosen(hash, endpoints, key_of(key * 0x9e3779b97f4a7c15u)));
  }
  EXPECT_EQ(picked, "0332230212020212");
}

TEST(Hash, ATooFullEndpointIsPassedOverForAlwaysTheSame) {
  Endpoints endpoints({1, 1, 1, 1});
  const std::size_t first = chosen(hash, endpoints, key_of(99));
  for (std::size_t i = 0; i < 4; ++i) endpoints[i].in_flight = i == first ? 100 : 20;
  const std::size_t next = chosen(hash, endpoints, key_of(99));
  EXPECT_NE(next, first);
  EXPECT_EQ(chosen(hash, endpoints, key_of(99), {first}), next) << "the second of the key's own order";
}

TEST(Hash, NoneGoesAboveFiveQuarters) {
  Endpoints endpoints({1, 1, 2});
  Shared shared;
  PickRequest request = asking();
  request.key = 4711;  // one key for all
  for (int i = 0; i < 400; ++i) acquire(config::Balance::hash, shared, endpoints.candidates(), request);
  const auto loads = endpoints.loads();
  EXPECT_LE(loads[0], 125u + 1);
  EXPECT_LE(loads[1], 125u + 1);
  EXPECT_LE(loads[2], 250u + 1);
}

class Keys : public testing::Test {
 protected:
  static std::uint64_t key(config::HashKey::Kind kind, const std::string& name,
                           const std::vector<http::Field>& fields, const char* ip = "10.0.0.1",
                           std::string_view path = "/a") {
    return KeyRule({kind, name}).key_of(fields, *IpAddress::parse(ip), path);
  }
};

using Kind = config::HashKey::Kind;

TEST_F(Keys, ByAddress) {
  EXPECT_EQ(key(Kind::client_ip, "", {}), key(Kind::client_ip, "", {}, "10.0.0.1", "/b"));
  EXPECT_NE(key(Kind::client_ip, "", {}), key(Kind::client_ip, "", {}, "10.0.0.2"));
  EXPECT_NE(key(Kind::client_ip, "", {}, "::1"), key(Kind::client_ip, "", {}, "::2"));
}

TEST_F(Keys, ByHeader) {
  const std::vector<http::Field> fields{{http::FieldId::host, "Host", "h"},
                                        {http::FieldId::unknown, "x-user", "ann"},
                                        {http::FieldId::authorization, "Authorization", "b"}};
  const std::vector<http::Field> other{{http::FieldId::unknown, "X-User", "bob"}};
  EXPECT_EQ(key(Kind::header, "X-User", fields), key(Kind::header, "X-USER", fields, "10.0.0.2"));
  EXPECT_NE(key(Kind::header, "X-User", fields), key(Kind::header, "X-User", other));
  EXPECT_NE(key(Kind::header, "Authorization", fields), key(Kind::client_ip, "", {}));
}

TEST_F(Keys, ByCookieAndPath) {
  const std::vector<http::Field> fields{{http::FieldId::cookie, "Cookie", "a=1; id=42"}};
  const std::vector<http::Field> other{{http::FieldId::cookie, "Cookie", "id=42; a=2"}};
  EXPECT_EQ(key(Kind::cookie, "id", fields), key(Kind::cookie, "id", other, "10.0.0.2"));
  EXPECT_NE(key(Kind::cookie, "a", fields), key(Kind::cookie, "a", other));
  EXPECT_EQ(key(Kind::path, "", {}), key(Kind::path, "", fields, "10.0.0.2"));
  EXPECT_NE(key(Kind::path, "", {}), key(Kind::path, "", {}, "10.0.0.1", "/b"));
}

TEST_F(Keys, WhatIsMissingOrEmptyIsTheAddress) {
  const std::vector<http::Field> empty{{http::FieldId::unknown, "X-User", ""},
                                       {http::FieldId::cookie, "Cookie", "id="}};
  const std::uint64_t address = key(Kind::client_ip, "", {});
  EXPECT_EQ(key(Kind::header, "X-User", {}), address);
  EXPECT_EQ(key(Kind::header, "X-User", empty), address);
  EXPECT_EQ(key(Kind::cookie, "id", {}), address);
  EXPECT_EQ(key(Kind::cookie, "id", empty), address);
}

}  // namespace
}  // namespace weir::balance
