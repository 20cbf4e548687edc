#include "core/ip.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "core/rng.hpp"

namespace weir {
namespace {

IpAddress ip(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(IpAddress{});
}

Cidr cidr(std::string_view text) {
  const auto parsed = Cidr::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Cidr{});
}

TEST(IpAddress, ReadsAndWrites) {
  const std::pair<const char*, const char*> good[] = {
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"192.0.2.1", "192.0.2.1"},
      {"::", "::"},
      {"::1", "::1"},
      {"2001:DB8::1", "2001:db8::1"},
      {"2001:db8:0:0:0:0:0:1", "2001:db8::1"},
      {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
      {"::ffff:1.2.3.4", "1.2.3.4"},
      {"::FFFF:0102:0304", "1.2.3.4"},
      {"64:ff9b::1.2.3.4", "64:ff9b::102:304"},
  };
  for (const auto& [in, out] : good) EXPECT_EQ(ip(in).to_string(), out) << in;
}

TEST(IpAddress, RefusesWhatIsNotAnAddress) {
  const std::string_view bad[] = {
      "",
      " ",
      "1.2.3",
      "1.2.3.4.5",
      "1.2.3.256",
      "01.2.3.4",
      "1.2.3.4 ",
      " 1.2.3.4",
      "1.2.3.-4",
      "0x7f.1",
      "2130706433",
      "1.2.3.4:80",
      "[::1]",
      ":::",
      "1::2::3",
      "12345::",
      "::1%lo",
      "1:2:3:4:5:6",
      "localhost",
      "1:2:3:4:5:6:7:8:9",
      "::1.2.3",
      "::g",
      "::ffff:1.2.3.400",
      std::string_view("1.2.3.4\0", 8),
      std::string_view("::1\0x", 5),
      "0000:0000:0000:0000:0000:ffff:255.255.255.2555",
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
  };
  for (const auto text : bad) EXPECT_FALSE(IpAddress::parse(text)) << text;
}

TEST(IpAddress, TextRoundTripsForRandomAddresses) {
  Rng rng(5);
  for (int i = 0; i < 20'000; ++i) {
    IpAddress address;
    address.v6 = rng() & 1;
    for (std::size_t b = 0; b < (address.v6 ? 16u : 4u); ++b) {
      address.bytes[b] = rng() % 4 == 0 ? 0 : static_cast<std::uint8_t>(rng());
    }
    char text[46];
    const std::string_view written(text, address.write(text));
    EXPECT_EQ(written, address.to_string());
    EXPECT_EQ(ip(written), address) << written;
  }
}

TEST(IpAddress, SocketFormFoldsMapped) {
  sockaddr_storage storage{};
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
  v6.sin6_family = AF_INET6;
  inet_pton(AF_INET6, "::ffff:10.1.2.3", &v6.sin6_addr);
  EXPECT_EQ(IpAddress::from_sockaddr(storage), ip("10.1.2.3"));
  inet_pton(AF_INET6, "fe80::1", &v6.sin6_addr);
  EXPECT_EQ(IpAddress::from_sockaddr(storage), ip("fe80::1"));
}

TEST(IpAddress, AnUnknownFamilyIsTheUnspecifiedAddress) {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  EXPECT_EQ(IpAddress::from_sockaddr(storage), IpAddress{});
}

TEST(IpAddress, FamiliesNeverCompareEqual) {
  EXPECT_NE(ip("0.0.0.0"), ip("::"));
  EXPECT_NE(ip("1.2.3.4"), ip("102:304::"));
  EXPECT_LT(ip("1.2.3.4"), ip("1.2.3.5"));
}

TEST(IpAddress, Loopback) {
  for (const auto* text : {"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(ip(text).is_loopback()) << text;
  }
  for (const auto* text : {"128.0.0.1", "126.255.255.255", "::", "::2", "1::1", "0.0.0.0"}) {
    EXPECT_FALSE(ip(text).is_loopback()) << text;
  }
}

TEST(Cidr, ReadsAndWrites) {
  const std::pair<const char*, const char*> good[] = {
      {"10.0.0.0/8", "10.0.0.0/8"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"192.0.2.7", "192.0.2.7/32"},
      {"192.0.2.7/32", "192.0.2.7/32"},
      {"::/0", "::/0"},
      {"2001:db8::/32", "2001:db8::/32"},
      {"::1", "::1/128"},
      {"10.128.0.0/9", "10.128.0.0/9"},
  };
  for (const auto& [in, out] : good) EXPECT_EQ(cidr(in).to_string(), out) << in;
}

TEST(Cidr, RefusesWhatIsNotABlock) {
  const char* bad[] = {"",
                       "10.0.0.0/",
                       "10.0.0.0/33",
                       "10.0.0.1/8",
                       "10.0.0.0/08",
                       "10.0.0.0/-1",
                       "10.0.0/8",
                       "/8",
                       "10.0.0.0/8/8",
                       "2001:db8::1/32",
                       "::/129",
                       "10.0.0.0/+8",
                       "::ffff:0.0.0.0/96",
                       "::ffff:1.2.3.4",
                       "10.0.0.0/8 ",
                       "10.0.0.0/ 8",
                       "any",
                       "10.0.0.0/4294967304"};
  for (const auto* text : bad) EXPECT_FALSE(Cidr::parse(text)) << text;
}

TEST(Cidr, Contains) {
  struct Case {
    const char* block;
    const char* address;
    bool inside;
  };
  const Case cases[] = {
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.128.0.0/9", "10.128.0.0", true},
      {"10.128.0.0/9", "10.127.255.255", false},
      {"192.0.2.7/32", "192.0.2.7", true},
      {"192.0.2.7/32", "192.0.2.6", false},
      {"192.0.2.6/31", "192.0.2.7", true},
      {"0.0.0.0/0", "203.0.113.9", true},
      {"0.0.0.0/0", "::1", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "1.2.3.4", false},
      {"2001:db8::/33", "2001:db8:7fff::", true},
      {"2001:db8::/33", "2001:db8:8000::", false},
      {"::1/128", "::1", true},
      {"::1/128", "::", false},
      {"10.0.0.0/8", "::ffff:10.1.1.1", true},  // folded: one client, one address
  };
  for (const auto& c : cases)
    EXPECT_EQ(cidr(c.block).contains(ip(c.address)), c.inside) << c.block << " " << c.address;
}

TEST(Cidr, ContainsAgreesWithBitByBitComparison) {
  Rng rng(8);
  for (int i = 0; i < 20'000; ++i) {
    const bool v6 = rng() & 1;
    const unsigned width = v6 ? 128 : 32;
    Cidr block;
    block.network.v6 = v6;
    block.prefix_bits = static_cast<std::uint8_t>(rng() % (width + 1));
    IpAddress address;
    address.v6 = v6;
    for (unsigned bit = 0; bit < width; ++bit) {
      const auto mask = static_cast<std::uint8_t>(0x80u >> (bit % 8));
      if (bit < block.prefix_bits && (rng() & 1)) {
        block.network.bytes[bit / 8] |= mask;
        address.bytes[bit / 8] |= mask;
      }
      if (bit >= block.prefix_bits && (rng() & 1)) address.bytes[bit / 8] |= mask;
    }
    EXPECT_TRUE(block.contains(address));
    if (block.prefix_bits > 0) {
      const unsigned flipped = static_cast<unsigned>(rng() % block.prefix_bits);
      address.bytes[flipped / 8] ^= static_cast<std::uint8_t>(0x80u >> (flipped % 8));
      EXPECT_FALSE(block.contains(address));
    }
  }
}

TEST(SocketAddress, ReadsAndWrites) {
  for (const auto* text : {"127.0.0.1:80", "0.0.0.0:0", "[::1]:65535", "[2001:db8::1]:443"}) {
    const auto parsed = SocketAddress::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->to_string(), text);
  }
  EXPECT_EQ(SocketAddress::parse("[::ffff:1.2.3.4]:5")->to_string(), "1.2.3.4:5");
}

TEST(SocketAddress, RefusesTheRest) {
  const char* bad[] = {
      "",          "127.0.0.1", "127.0.0.1:",     "127.0.0.1:65536", "127.0.0.1:080", "::1:80",
      "[::1]",     "[::1]:",    "[127.0.0.1]:80", "localhost:80",    ":80",           "[]:80",
      "[::1:80",   "::1]:80",   "127.0.0.1:-1",   "127.0.0.1:80 ",   "127.0.0.1:+80", "[::1]x:80",
      "[[::1]]:80"};
  for (const auto* text : bad) EXPECT_FALSE(SocketAddress::parse(text)) << text;
}

TEST(SocketAddress, KernelFormRoundTrips) {
  for (const auto* text : {"127.0.0.1:8080", "[2001:db8::7]:443"}) {
    const auto address = SocketAddress::parse(text).value();
    sockaddr_storage storage;
    const socklen_t length = address.to_sockaddr(storage);
    EXPECT_EQ(length, address.ip.v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
    EXPECT_EQ(storage.ss_family, address.ip.v6 ? AF_INET6 : AF_INET);
    EXPECT_EQ(SocketAddress::from_sockaddr(storage), address);
  }
}

}  // namespace
}  // namespace weir
