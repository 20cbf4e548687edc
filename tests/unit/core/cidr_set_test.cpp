#include "core/cidr_set.hpp"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace weir {
namespace {

IpAddress ip(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(IpAddress{});
}

std::vector<Cidr> blocks(std::initializer_list<std::string_view> texts) {
  std::vector<Cidr> parsed;
  for (const std::string_view text : texts) {
    const auto cidr = Cidr::parse(text);
    EXPECT_TRUE(cidr) << text;
    if (cidr) parsed.push_back(*cidr);
  }
  return parsed;
}

struct Case {
  const char* address;
  bool in;
};

void expect(const CidrSet& set, std::initializer_list<Case> cases) {
  for (const Case& each : cases) EXPECT_EQ(set.contains(ip(each.address)), each.in) << each.address;
}

TEST(CidrSet, WithoutBlocksEverythingIsOtherwise) {
  expect(CidrSet({}, {}, true),
         {{"0.0.0.0", true}, {"255.255.255.255", true}, {"::", true}, {"ffff::", true}});
  expect(CidrSet({}, {}, false), {{"0.0.0.0", false}, {"255.255.255.255", false}, {"::", false}});
}

TEST(CidrSet, BordersBelongToTheirBlock) {
  const CidrSet set(blocks({"10.0.0.0/8"}), {}, false);
  expect(set, {{"9.255.255.255", false},
               {"10.0.0.0", true},
               {"10.255.255.255", true},
               {"11.0.0.0", false},
               {"0.0.0.0", false},
               {"255.255.255.255", false}});
}

TEST(CidrSet, TheLongestPrefixDecides) {
  const CidrSet set(blocks({"10.0.0.0/8", "10.1.2.0/24"}), blocks({"10.1.0.0/16", "10.1.2.3"}), false);
  expect(set, {{"10.0.255.255", true},
               {"10.1.0.0", false},
               {"10.1.1.255", false},
               {"10.1.2.2", true},
               {"10.1.2.3", false},
               {"10.1.2.4", true},
               {"10.1.3.0", false},
               {"10.2.0.0", true}});
}

TEST(CidrSet, ABlockGivenBothWaysIsOut) {
  const CidrSet set(blocks({"192.0.2.0/24", "0.0.0.0/0"}), blocks({"192.0.2.0/24"}), true);
  expect(set, {{"192.0.2.1", false}, {"192.0.1.255", true}, {"192.0.3.0", true}});
}

TEST(CidrSet, TheWholeRangeAndSingleAddresses) {
  expect(CidrSet(blocks({"0.0.0.0/0"}), {}, false),
         {{"0.0.0.0", true}, {"255.255.255.255", true}, {"::1", false}});
  expect(CidrSet({}, blocks({"255.255.255.255", "0.0.0.0"}), true),
         {{"0.0.0.0", false}, {"0.0.0.1", true}, {"255.255.255.254", true}, {"255.255.255.255", false}});
  expect(CidrSet(blocks({"::/0"}), blocks({"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}), false),
         {{"::", true},
          {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", true},
          {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
          {"1.2.3.4", false}});
}

TEST(CidrSet, FamiliesAreApartAndMappedAddressesAreFour) {
  const CidrSet set(blocks({"2001:db8::/32", "10.0.0.0/8"}), blocks({"2001:db8:0:1::/64"}), false);
  expect(set, {{"2001:db8::1", true},
               {"2001:db8:0:1::1", false},
               {"2001:db8:0:2::", true},
               {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", false},
               {"2001:db9::", false},
               {"::ffff:10.1.1.1", true},
               {"::ffff:11.1.1.1", false},
               {"a00::", false}});
}

TEST(CidrSet, BlocksThatSayNothingNewTakeNoMemory) {
  const CidrSet one(blocks({"10.0.0.0/8"}), {}, false);
  const CidrSet many(blocks({"10.0.0.0/8", "10.0.0.0/8", "10.1.0.0/16", "10.128.0.0/9", "10.2.3.4"}), {},
                     false);
  EXPECT_EQ(one.bytes(), 2 * sizeof(std::uint32_t));
  EXPECT_EQ(many.bytes(), one.bytes());
  const CidrSet neighbours(blocks({"10.0.0.0/9", "10.128.0.0/9"}), {}, false);
  EXPECT_EQ(neighbours.bytes(), one.bytes());
  expect(neighbours, {{"10.127.255.255", true}, {"10.128.0.0", true}, {"11.0.0.0", false}});
}

TEST(CidrSet, AHundredThousandBlocksStayWithinTheirMemory) {
  std::vector<Cidr> v4(100'000), v6(100'000);
  for (std::uint32_t i = 0; i < v4.size(); ++i) {
    // Every second address or /64: nothing merges.
    const std::uint32_t at = 2 * i;
    for (unsigned byte = 0; byte < 4; ++byte) {
      v4[i].network.bytes[byte] = static_cast<std::uint8_t>(at >> (24 - 8 * byte));
      v6[i].network.bytes[4 + byte] = v4[i].network.bytes[byte];
    }
    v4[i].prefix_bits = 32;
    v6[i].network.v6 = true;
    v6[i].prefix_bits = 64;
  }
  EXPECT_LE(CidrSet({}, v4, true).bytes(), 8 * v4.size());
  EXPECT_LE(CidrSet(v6, {}, false).bytes(), 32 * v6.size());
}

}  // namespace
}  // namespace weir
