#include "listen/proxy_protocol.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/rng.hpp"

namespace weir::listen {
namespace {

using namespace std::string_literals;

SocketAddress address(const char* text) {
  return SocketAddress::parse(text).value();
}

/// A v2 header: `payload` is the address block and TLVs; the length field is right unless `length` says
/// otherwise.
std::string v2(unsigned command, unsigned family, const std::string& payload, int length = -1) {
  const auto size = static_cast<unsigned>(length < 0 ? static_cast<int>(payload.size()) : length);
  std::string header = "\r\n\r\n\0\r\nQUIT\n"s;
  for (const unsigned byte : {command, family, size >> 8, size & 0xff}) header += static_cast<char>(byte);
  return header + payload;
}

const std::string v4_block =
    "\xc0\x00\x02\x01\xc6\x33\x64\x02\xdc\x04\x01\xbb"s;              // 192.0.2.1:56324 198.51.100.2:443
const std::string v6_ip = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0"s;  // 2001:db8::, last byte missing
const std::string v6_block = v6_ip + "\x01" + v6_ip + "\x02" + "\x00\x50\x01\xbb"s;

struct Good {
  const char* name;
  std::string bytes;
  const char* source;  // null: no address
  const char* destination;
};

std::vector<Good> good_headers() {
  const std::string mapped = "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x01\x02\x03"s;
  return {
      {"v1 tcp4", "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n", "192.0.2.1:56324", "198.51.100.2:443"},
      {"v1 extremes", "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535",
       "255.255.255.255:65535"},
      {"v1 zeros", "PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0:0", "0.0.0.0:0"},
      {"v1 tcp6", "PROXY TCP6 2001:db8::1 ::1 4711 8443\r\n", "[2001:db8::1]:4711", "[::1]:8443"},
      {"v1 tcp6 longest",
       "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe 65535 "
       "65535\r\n",
       "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe]:65535"},
      {"v1 mapped", "PROXY TCP6 ::ffff:10.1.2.3 1:2:3:4:5:6:1.2.3.4 1 2\r\n", "10.1.2.3:1",
       "[1:2:3:4:5:6:102:304]:2"},
      {"v1 unknown", "PROXY UNKNOWN\r\n", nullptr, nullptr},
      {"v1 unknown with text", "PROXY UNKNOWN ffff::1 anything at all\r\n", nullptr, nullptr},
      {"v1 unknown longest", "PROXY UNKNOWN " + std::string(91, 'x') + "\r\n", nullptr, nullptr},
      {"v2 tcp4", v2(0x21, 0x11, v4_block), "192.0.2.1:56324", "198.51.100.2:443"},
      {"v2 tcp4 and tlvs", v2(0x21, 0x11, v4_block + "\x02\x00\x03"s + "abc"), "192.0.2.1:56324",
       "198.51.100.2:443"},
      {"v2 tcp6", v2(0x21, 0x21, v6_block), "[2001:db8::1]:80", "[2001:db8::2]:443"},
      {"v2 tcp6 mapped", v2(0x21, 0x21, mapped + mapped + "\x00\x01\x00\x02"s), "10.1.2.3:1", "10.1.2.3:2"},
      {"v2 longest", v2(0x21, 0x11, v4_block + "\x04\x0f\xe1"s + std::string(4096 - 16 - 12 - 3, 'T')),
       "192.0.2.1:56324", "198.51.100.2:443"},
      {"v2 checksum", v2(0x21, 0x11, v4_block + "\x03\x00\x04\x20\xec\x95\x49"s), "192.0.2.1:56324",
       "198.51.100.2:443"},
      {"v2 checksum among tlvs",
       v2(0x21, 0x11, v4_block + "\x02\x00\x03"s + "abc" + "\x03\x00\x04\x8f\x60\xa1\xd5\x04\x00\x00"s),
       "192.0.2.1:56324", "198.51.100.2:443"},
      {"v2 local with a wrong checksum", v2(0x20, 0x11, v4_block + "\x03\x00\x04\x00\x00\x00\x00"s), nullptr,
       nullptr},
      {"v2 local", v2(0x20, 0x00, ""), nullptr, nullptr},
      {"v2 local with addresses", v2(0x20, 0x11, v4_block), nullptr, nullptr},
      {"v2 local of an unassigned family", v2(0x20, 0xff, "x"), nullptr, nullptr},
      {"v2 unspec", v2(0x21, 0x00, ""), nullptr, nullptr},
      {"v2 unspec with tlvs", v2(0x21, 0x00, "\x04\x00\x00"s), nullptr, nullptr},
      {"v2 unix stream", v2(0x21, 0x31, std::string(216, '/')), nullptr, nullptr},
  };
}

TEST(ProxyProtocol, ReadsEveryKindOfHeader) {
  for (const Good& good : good_headers()) {
    for (const std::string& after : {""s, "GET / HTTP/1.1\r\n"s, "\r\n\r\n\0"s}) {
      const auto header = parse_proxy_header(good.bytes + after);
      ASSERT_TRUE(header) << good.name << ": " << header.error().detail;
      EXPECT_EQ(header->bytes, good.bytes.size()) << good.name;
      ASSERT_EQ(header->has_address, good.source != nullptr) << good.name;
      if (!header->has_address) continue;
      EXPECT_EQ(header->source, address(good.source)) << good.name;
      EXPECT_EQ(header->destination, address(good.destination)) << good.name;
    }
  }
}

TEST(ProxyProtocol, EveryCutOfAHeaderAsksForMore) {
  for (const Good& good : good_headers()) {
    for (std::size_t cut = 0; cut < good.bytes.size(); ++cut) {
      const auto header = parse_proxy_header(std::string_view(good.bytes).substr(0, cut));
      ASSERT_TRUE(header) << good.name << " cut at " << cut << ": " << header.error().detail;
      EXPECT_EQ(header->bytes, 0u) << good.name << " cut at " << cut;
    }
  }
}

/// `right`: how many leading bytes could still have become a header; the next one settles it.
struct Bad {
  std::string bytes;
  std::size_t right;
};

TEST(ProxyProtocol, RefusesAtTheFirstImpossibleByte) {
  const std::string mapped = "::ffff:255.255.255.255";
  const Bad rows[] = {
      {"GET / HTTP/1.1\r\n", 0},
      {"\x16\x03\x01"s, 0},
      {"\0"s, 0},
      {"proxy TCP4", 0},
      {"PROXZ", 4},
      {"PROXY\r\n", 5},
      {"PROXY  TCP4", 6},
      {"PROXY tcp4 ", 6},
      {"PROXY TCP5 ", 9},
      {"PROXY TCP44 ", 10},
      {"PROXY TCP4\r\n", 10},
      {"PROXY UDP4 ", 7},
      {"PROXY UNKNOWNS", 13},
      {"PROXY UNKNOWN\n", 13},
      {"PROXY UNKNOWN a\nb", 15},
      {"PROXY UNKNOWN a\0b"s, 15},
      {"PROXY UNKNOWN a\rb", 16},
      {"PROXY UNKNOWN " + std::string(92, 'x') + "\r\n", 105},
      {"PROXY TCP4  192.0.2.1 ", 11},
      {"PROXY TCP4 a", 11},
      {"PROXY TCP4 256.", 13},
      {"PROXY TCP4 01.2.3.4", 12},
      {"PROXY TCP4 1.2.3.4.5", 18},
      {"PROXY TCP4 1.2.3 ", 16},
      {"PROXY TCP4 1..2", 13},
      {"PROXY TCP4 ::1 ", 11},
      {"PROXY TCP4 1.2.3.4\r\n", 18},
      {"PROXY TCP4 1.2.3.4\t5", 18},
      {"PROXY TCP4 1.2.3.4 5.6.7.8\r\n", 26},
      {"PROXY TCP4 1.2.3.4 5.6.7.8  1 2", 27},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 65536 2", 31},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 080 2", 28},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 +1 2", 27},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", 28},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 \r\n", 29},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", 30},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", 30},
      {"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rX", 31},
      {"PROXY TCP6 1.2.3.4 ", 12},
      {"PROXY TCP6 :1", 12},
      {"PROXY TCP6 :::", 13},
      {"PROXY TCP6 1::2::", 16},
      {"PROXY TCP6 12345", 15},
      {"PROXY TCP6 fe80::1%lo ", 18},
      {"PROXY TCP6 [::1] ", 11},
      {"PROXY TCP6 1:2:3:4:5:6:7:8:", 26},
      {"PROXY TCP6 1:2 ", 14},
      {"\r\n\r\n\0\r\nQUIT\r"s, 11},
      {"\r\n\r\nX", 4},
      {"\r\nGET /", 2},
      {v2(0x11, 0x11, v4_block), 12},  // version 1 in binary
      {v2(0x22, 0x11, v4_block), 12},  // unassigned command
      {v2(0x21, 0x12, v4_block), 13},  // datagrams have no business on a stream listener
      {v2(0x21, 0x22, v6_block), 13},
      {v2(0x21, 0x32, std::string(216, '/')), 13},
      {v2(0x21, 0x10, v4_block), 13},
      {v2(0x21, 0x41, v4_block), 13},
      {v2(0x21, 0x01, v4_block), 13},
      {v2(0x21, 0x11, v4_block, 11), 15},
      {v2(0x21, 0x21, v6_block, 35), 15},
      {v2(0x21, 0x31, "", 215), 15},
      {v2(0x21, 0x11, v4_block, 4096 - 16 + 1), 15},
      {v2(0x20, 0x00, "", 4096), 14},
      {v2(0x20, 0x00, "", 65535), 14},
  };
  for (const Bad& row : rows) {
    for (std::size_t size = 0; size <= row.bytes.size(); ++size) {
      const auto header = parse_proxy_header(std::string_view(row.bytes).substr(0, size));
      if (size <= row.right) {
        ASSERT_TRUE(header) << row.bytes << " of " << size << ": " << header.error().detail;
        EXPECT_EQ(header->bytes, 0u) << row.bytes;
      } else {
        ASSERT_FALSE(header) << row.bytes << " of " << size;
        EXPECT_EQ(header.error().kind, ErrorKind::malformed_request);
        EXPECT_EQ(header.error().origin, Origin::client);
        EXPECT_FALSE(header.error().detail.empty());
      }
    }
  }
}

/// The whole header must be here before any of it can be judged by its checksum.
TEST(ProxyProtocol, RefusesWrongChecksumsAndCutTlvs) {
  const std::pair<const char*, std::string> rows[] = {
      {"wrong checksum", v4_block + "\x03\x00\x04\x20\xec\x95\x48"s},
      {"another address",
       v4_block.substr(0, 3) + "\x02"s + v4_block.substr(4) + "\x03\x00\x04\x20\xec\x95\x49"s},
      {"checksum of three bytes", v4_block + "\x03\x00\x03\x20\xec\x95"s},
      {"checksum of no bytes", v4_block + "\x03\x00\x00"s},
      {"tlv without a length", v4_block + "\x04\x00"s},
      {"tlv past the end", v4_block + "\x04\x00\x02"s + "a"},
  };
  for (const auto& [name, payload] : rows) {
    const std::string bytes = v2(0x21, 0x11, payload);
    EXPECT_TRUE(parse_proxy_header(std::string_view(bytes).substr(0, bytes.size() - 1))) << name;
    const auto header = parse_proxy_header(bytes);
    ASSERT_FALSE(header) << name;
    EXPECT_EQ(header.error().kind, ErrorKind::malformed_request) << name;
  }
}

/// Of an unspecified family anything may stand where addresses would, but TLVs are looked at where it is TLVs.
TEST(ProxyProtocol, AnUnspecifiedFamilyMayCarryAChecksum) {
  const auto header = parse_proxy_header(v2(0x21, 0x00, "\x03\x00\x04\x3e\xc9\x89\x4e"s));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->bytes, 16u + 7);
  EXPECT_FALSE(header->has_address);
  const auto wrong = parse_proxy_header(v2(0x21, 0x00, "\x03\x00\x04\x3e\xc9\x89\x4f"s));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().detail, "PROXY header with a wrong checksum");
  EXPECT_TRUE(parse_proxy_header(v2(0x21, 0x00, "\x03\x00\x04\x3e\xc9\x89\x4f???"s))) << "these are no TLVs";
}

/// Section 2.2: the receiver discards the block of a LOCAL connection. What is not used need not be intact, and a
/// balancer's own health check must not fail for it.
TEST(ProxyProtocol, TheChecksumOfALocalHeaderIsNotLookedAt) {
  for (const std::string& payload :
       {v4_block + "\x03\x00\x04\x20\xec\x95\x48"s, "\x03\x00\x04\x3e\xc9\x89\x4f"s, "\x03\x00\x01?"s}) {
    for (const unsigned family : {0x00U, 0x11U}) {
      const auto header = parse_proxy_header(v2(0x20, family, payload));
      ASSERT_TRUE(header) << header.error().detail;
      EXPECT_EQ(header->bytes, 16u + payload.size());
      EXPECT_FALSE(header->has_address);
    }
  }
}

TEST(ProxyProtocol, TheLengthBoundOfV1HoldsForAddressesToo) {
  const std::string longest = "1111:2222:3333:4444:5555:6666:255.255.255.255";  // 45 characters each
  const std::string header = "PROXY TCP6 " + longest + " " + longest + " 65535 65535\r\n";
  ASSERT_GT(header.size(), proxy_v1_header_bytes_max);
  EXPECT_FALSE(parse_proxy_header(header));
  const std::string fits = "PROXY TCP6 " + longest + " " + longest + " 1 2\r\n";
  ASSERT_EQ(fits.size(), proxy_v1_header_bytes_max + 1);
  EXPECT_FALSE(parse_proxy_header(fits));
}

/// Whatever the bytes: an answer never changes once it is given, and more bytes only ever settle the
/// question.
TEST(ProxyProtocolProperty, AnswersAreFinal) {
  const auto seeds = good_headers();
  Rng rng(20);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = seeds[rng() % seeds.size()].bytes.substr(0, 300);
    for (std::uint64_t edits = 1 + rng() % 3; edits > 0; --edits) {
      const std::size_t at = rng() % bytes.size();
      switch (rng() % 3) {
        case 0:
          bytes[at] = static_cast<char>(rng());
          break;
        case 1:
          bytes.erase(at, 1);
          break;
        default:
          bytes.insert(at, 1, " \r\n0:.9"[rng() % 7]);
          break;
      }
    }
    enum class Answer { more, header, error } before = Answer::more;
    std::size_t length = 0;
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
      const auto header = parse_proxy_header(std::string_view(bytes).substr(0, size));
      const Answer now = !header ? Answer::error : header->bytes == 0 ? Answer::more : Answer::header;
      if (before != Answer::more) {
        ASSERT_EQ(now, before) << bytes << " of " << size;
      }
      if (now == Answer::header) {
        ASSERT_LE(header->bytes, size);
        if (before == Answer::header) {
          ASSERT_EQ(header->bytes, length);
        }
        length = header->bytes;
      }
      before = now;
    }
  }
}

}  // namespace
}  // namespace weir::listen
