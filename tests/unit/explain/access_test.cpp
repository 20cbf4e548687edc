// What `weir explain` says of access lists: which block decides, and that the decision is the request path's.
#include "explain/access.hpp"

#include "core/cidr_set.hpp"
#include "core/rng.hpp"
#include "unit/explain/fixture.hpp"

namespace weir::control {
namespace {

using testing::HasSubstr;

std::vector<Cidr> blocks(std::initializer_list<const char*> texts) {
  std::vector<Cidr> parsed;
  for (const char* text : texts) parsed.push_back(Cidr::parse(text).value());
  return parsed;
}

const config::AccessList& office() {
  static const config::AccessList list{"office", blocks({"10.0.0.0/8", "10.1.2.0/24", "192.0.2.1"}),
                                       blocks({"10.1.0.0/16", "192.0.2.1"})};
  return list;
}

TEST(ExplainAccess, NamesTheBlockThatDecides) {
  const std::pair<const char*, const char*> cases[] = {
      {"10.9.9.9", "10.9.9.9 is allowed by 10.0.0.0/8"},
      {"10.1.9.9", "10.1.9.9 is denied by 10.1.0.0/16"},
      {"10.1.2.3", "10.1.2.3 is allowed by 10.1.2.0/24"},
      {"192.0.2.1", "192.0.2.1 is denied by 192.0.2.1/32"},
      {"203.0.113.1", "203.0.113.1 is not allowed"},
  };
  for (const auto& [client, text] : cases) {
    const AccessFinding finding = explain_access(office(), *IpAddress::parse(client));
    EXPECT_EQ(finding.text, text);
    EXPECT_EQ(finding.admits, finding.text.find("allowed by") != std::string::npos) << client;
  }
  const AccessFinding finding =
      explain_access({"abuse", {}, blocks({"10.0.0.0/8"})}, *IpAddress::parse("203.0.113.1"));
  EXPECT_TRUE(finding.admits);
  EXPECT_EQ(finding.text, "203.0.113.1 is not denied");
}

TEST(ExplainAccess, SaysWhatTheRequestPathDoes) {
  const CidrSet set(office().allow, office().deny, false);
  Rng rng(7);
  for (int i = 0; i < 2000; ++i) {
    IpAddress client;
    client.bytes = {10, static_cast<std::uint8_t>(rng() % 3), static_cast<std::uint8_t>(rng() % 4),
                    static_cast<std::uint8_t>(rng())};
    EXPECT_EQ(explain_access(office(), client).admits, set.contains(client)) << client.to_string();
  }
}

TEST_F(ExplainTest, AccessListsAndTheBound) {
  config_.access_lists = {office(), {"abuse", {}, blocks({"203.0.113.0/24"})}};
  config_.routes[3].access = {1};
  config_.routes[3].max_in_flight = 7;
  const auto denied = json("GET", "http://h/site");
  EXPECT_EQ(denied.at("outcome"), "access_denied");
  EXPECT_EQ(denied.at("answer").at("status"), 403);
  EXPECT_EQ(denied.at("answer").at("reason"), "refused by access list abuse");
  EXPECT_EQ(denied.at("access").at(0).at("admits"), false);
  EXPECT_THAT(text("GET", "http://h/site"),
              HasSubstr("\n  access abuse: 203.0.113.7 is denied by 203.0.113.0/24\n"));
  client_ = "198.51.100.1";
  const auto admitted = json("GET", "http://h/site");
  EXPECT_EQ(admitted.at("outcome"), "proxy");
  EXPECT_EQ(admitted.at("max_in_flight"), 7);
  EXPECT_THAT(text("GET", "http://h/site"),
              HasSubstr("\n  access abuse: 198.51.100.1 is not denied\n  at most 7 requests at once\n"));
}

TEST_F(ExplainTest, AccessIsAskedAboutTheForwardedClient) {
  config_.access_lists = {office()};
  config_.routes[3].access = {0};
  config_.trusted_proxies = blocks({"203.0.113.0/24"});
  EXPECT_EQ(json("GET", "http://h/site").at("outcome"), "access_denied");
  EXPECT_EQ(json("GET", "http://h/site", {"X-Forwarded-For: 10.2.3.4"}).at("outcome"), "proxy");
  config_.trusted_proxies.clear();
  EXPECT_EQ(json("GET", "http://h/site", {"X-Forwarded-For: 10.2.3.4"}).at("outcome"), "access_denied");
}

}  // namespace
}  // namespace weir::control
