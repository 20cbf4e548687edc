#include "upstream/name_answer.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace weir::upstream {
namespace {

NamedAddress at(const char* ip, std::uint16_t port = 0, std::uint32_t weight = 0) {
  return {*IpAddress::parse(ip), port, weight};
}

NamedAddress backup(const char* ip, std::uint16_t port, std::uint32_t weight = 1) {
  return {*IpAddress::parse(ip), port, weight, true};
}

NameAnswer answered(std::vector<NamedAddress> addresses) {
  NameAnswer answer;
  answer.addresses = std::move(addresses);
  return answer;
}

using List = std::vector<NamedAddress>;

TEST(NameAnswer, AnAnswerReplacesWhatWasThere) {
  const List before{at("10.0.0.1"), at("10.0.0.2")};
  EXPECT_EQ(next_addresses(before, answered({at("10.0.0.3"), at("10.0.0.2")})).addresses,
            (List{at("10.0.0.2"), at("10.0.0.3")}))
      << "in order, so that the order of an answer means nothing";
  EXPECT_EQ(next_addresses({}, answered({at("10.0.0.1")})).addresses, List{at("10.0.0.1")});
}

TEST(NameAnswer, EveryFailureKeepsTheLastGoodOne) {
  const List before{at("10.0.0.1")};
  for (std::size_t i = 1; i < lookup_kinds; ++i) {
    NameAnswer failed = answered({at("10.0.0.9")});
    failed.result = static_cast<LookUp>(i);
    EXPECT_EQ(next_addresses(before, failed).addresses, before) << to_string(failed.result);
  }
  EXPECT_EQ(next_addresses(before, answered({})).addresses, before);
}

TEST(NameAnswer, DoublesAreOneWithTheirWeightsTogether) {
  EXPECT_EQ(next_addresses({}, answered({at("10.0.0.1"), at("10.0.0.1")})).addresses, List{at("10.0.0.1")});
  const auto next =
      next_addresses({}, answered({at("10.0.0.1", 80, 3), at("10.0.0.1", 81, 5), at("10.0.0.1", 80, 4)}));
  EXPECT_EQ(next.addresses, (List{at("10.0.0.1", 80, 7), at("10.0.0.1", 81, 5)})) << "their ports differ";
}

TEST(NameAnswer, WithoutAWordAboutIpv6ItStays) {
  const List before{at("10.0.0.1"), at("2001:db8::1")};
  NameAnswer half = answered({at("10.0.0.2")});
  EXPECT_EQ(next_addresses(before, half).addresses, List{at("10.0.0.2")});
  half.ipv6_unknown = true;
  EXPECT_EQ(next_addresses(before, half).addresses, (List{at("10.0.0.2"), at("2001:db8::1")}));
  half.addresses.push_back(at("2001:db8::1"));
  EXPECT_EQ(next_addresses(before, half).addresses, (List{at("10.0.0.2"), at("2001:db8::1")})) << "not twice";
}

TEST(NameAnswer, ABackupThatServesAnyhowIsNone) {
  const auto next = next_addresses(
      {}, answered({backup("10.0.0.1", 80, 9), at("10.0.0.1", 80, 2), backup("10.0.0.2", 80, 3),
                    backup("10.0.0.2", 80, 4), at("10.0.0.1", 80, 1), backup("10.0.0.1", 80, 9)}));
  EXPECT_EQ(next.addresses, (List{at("10.0.0.1", 80, 3), backup("10.0.0.2", 80, 7)}));
}

TEST(NameAnswer, WithoutAWordAboutBackupsTheyStay) {
  const List before{at("10.0.0.1", 80, 1), backup("10.0.0.2", 80), backup("10.0.0.3", 80)};
  NameAnswer half = answered({at("10.0.0.4", 80, 1), backup("10.0.0.3", 80, 5)});
  EXPECT_EQ(next_addresses(before, half).addresses, (List{backup("10.0.0.3", 80, 5), at("10.0.0.4", 80, 1)}));
  half.backups_unknown = true;
  EXPECT_EQ(next_addresses(before, half).addresses,
            (List{backup("10.0.0.2", 80), backup("10.0.0.3", 80, 5), at("10.0.0.4", 80, 1)}));
  half.addresses.push_back(at("10.0.0.2", 80, 1));
  EXPECT_EQ(next_addresses(before, half).addresses,
            (List{at("10.0.0.2", 80, 1), backup("10.0.0.3", 80, 5), at("10.0.0.4", 80, 1)}))
      << "what serves now is no backup any more";
}

TEST(NameAnswer, TheBoundCutsBackupsFirst) {
  List many;
  for (unsigned i = 0; i < 20; ++i) many.push_back(backup("10.0.0.1", static_cast<std::uint16_t>(1 + i)));
  for (unsigned i = 0; i < name_addresses_max - 5; ++i) {
    many.push_back(at("10.0.0.2", static_cast<std::uint16_t>(1 + i), 1));
  }
  const auto next = next_addresses({}, answered(many));
  EXPECT_EQ(next.addresses.size(), name_addresses_max);
  EXPECT_EQ(next.left_out, 15U);
  EXPECT_EQ(std::ranges::count(next.addresses, true, &NamedAddress::backup), 5);
  EXPECT_EQ(next_addresses(next.addresses, answered(many)).addresses, next.addresses);
}

TEST(NameAnswer, TheBoundCutsTheSameOnesEachTime) {
  List many;
  for (unsigned i = 0; i < name_addresses_max + 10; ++i) {
    many.push_back(at(("10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256)).c_str()));
  }
  const auto first = next_addresses({}, answered(many));
  EXPECT_EQ(first.addresses.size(), name_addresses_max);
  EXPECT_EQ(first.left_out, 10U);
  std::reverse(many.begin(), many.end());
  EXPECT_EQ(next_addresses(first.addresses, answered(many)).addresses, first.addresses);
}

TEST(NameAnswer, ChangesAreSaidByAddress) {
  EXPECT_EQ(describe_change({at("10.0.0.3")}, {at("10.0.0.4")}), "+10.0.0.4 -10.0.0.3");
  EXPECT_EQ(describe_change({}, {at("10.0.0.4"), at("2001:db8::1", 80, 1)}), "+10.0.0.4 +[2001:db8::1]:80");
  EXPECT_EQ(describe_change({at("10.0.0.4", 80, 1)}, {at("10.0.0.4", 80, 5)}), "10.0.0.4:80(weight 5)");
  EXPECT_EQ(describe_change({at("10.0.0.4")}, {at("10.0.0.4")}), "");
  EXPECT_EQ(describe_change({at("10.0.0.4", 80, 1)}, {backup("10.0.0.4", 80, 5), backup("10.0.0.5", 80)}),
            "10.0.0.4:80(weight 5, backup) +10.0.0.5:80(backup)");
  EXPECT_EQ(describe_change({backup("10.0.0.4", 80)}, {at("10.0.0.4", 80, 1)}), "10.0.0.4:80(no backup)");
  List many;
  for (int i = 0; i < 20; ++i) many.push_back(at(("10.0.0." + std::to_string(i)).c_str()));
  const std::string text = describe_change({}, many);
  EXPECT_TRUE(text.ends_with(" +10.0.0.15 and 4 more")) << text;
}

TEST(NameAnswer, EveryKindHasItsWords) {
  for (std::size_t i = 0; i < lookup_kinds; ++i) {
    EXPECT_FALSE(to_string(static_cast<LookUp>(i)).empty());
    EXPECT_FALSE(explain(static_cast<LookUp>(i)).empty());
  }
  EXPECT_TRUE(is_definite(LookUp::answered) && is_definite(LookUp::nxdomain) && is_definite(LookUp::no_data));
  EXPECT_FALSE(is_definite(LookUp::timeout) || is_definite(LookUp::server_failure));
  EXPECT_FALSE(is_definite(LookUp::malformed));
}

}  // namespace
}  // namespace weir::upstream
