#include "http/authority.hpp"

#include <gtest/gtest.h>

namespace weir::http {
namespace {

TEST(Authority, SplitsHostAndPort) {
  const auto plain = parse_authority("example.com");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host, "example.com");
  EXPECT_FALSE(plain->port);

  const auto with_port = parse_authority("example.com:0443");
  ASSERT_TRUE(with_port);
  EXPECT_EQ(with_port->host, "example.com");
  EXPECT_EQ(with_port->port, 443);

  for (const char* text : {"app.test:", "[::1]:"}) {
    const auto empty_port = parse_authority(text);
    ASSERT_TRUE(empty_port) << text;
    EXPECT_FALSE(empty_port->port);
    EXPECT_EQ(empty_port->host.size(), std::string_view(text).size() - 1);
  }

  const auto v6 = parse_authority("[::1]:8080");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "[::1]");
  EXPECT_EQ(v6->port, 8080);
}

TEST(Authority, RegisteredNamesHaveTheAlphabetOfTheRfc) {
  const std::string_view allowed =
      "-._~!$&'()*+;=0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = std::string("a") + static_cast<char>(byte);
    EXPECT_EQ(parse_authority(text).has_value(),
              byte == ':' || (byte != 0 && allowed.find(static_cast<char>(byte)) != allowed.npos))
        << byte;
  }
}

TEST(Authority, RefusesEverythingElse) {
  for (const char* text :
       {"",        ":",   ":80",  "a,",   "h:65536",    "h:99999",        "h:123456", "h:8o", "h:-1",
        "h:80:80", "u@h", "[::1", "::1]", "[]",         "[:::]",          "[::1]80",  "a,b",  "[g::]",
        "a%4",     "a%",  "a%4x", ".a",   "[::1][::1]", "[::ffff:1.2.3]", "h ",       " h"}) {
    EXPECT_FALSE(parse_authority(text)) << text;
  }
}

TEST(Authority, LoopbackNames) {
  for (const char* name : {"localhost", "LocalHost", "localhost.", "x.localhost", "a.b.LOCALHOST."}) {
    EXPECT_TRUE(is_loopback_name(name)) << name;
  }
  for (const char* name : {"", ".", "local", "localhost..", ".localhost", "xlocalhost", "x-localhost",
                           "localhost.x", "localhost.localdomain", "127.0.0.1"}) {
    EXPECT_FALSE(is_loopback_name(name)) << name;
  }
}

}  // namespace
}  // namespace weir::http
