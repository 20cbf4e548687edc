#include "upstream/srv_answer.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/rng.hpp"

namespace weir::upstream {
namespace {

using namespace std::chrono_literals;

std::string u16(unsigned value) {
  return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}
std::string u32(std::uint32_t value) {
  return u16(value >> 16) + u16(value & 0xffff);
}
std::string label(const std::string& text) {
  return static_cast<char>(text.size()) + text;
}
const std::string root(1, '\0');

/// `_http._tcp.app` asked for; the name starts at offset 12.
std::string head(unsigned answers) {
  return u16(7) + u16(0x8180) + u16(1) + u16(answers) + u16(0) + u16(0) + label("_http") + label("_tcp") +
         label("app") + root + u16(33) + u16(1);
}
const std::string same_name = u16(0xc00c);
const std::string app = u16(0xc000 + 12 + 6 + 5);  // the last label of the question

std::string record(unsigned type, std::uint32_t ttl, const std::string& data, unsigned record_class = 1) {
  return same_name + u16(type) + u16(record_class) + u32(ttl) + u16(static_cast<unsigned>(data.size())) +
         data;
}
std::string srv(unsigned priority, unsigned weight, unsigned port, const std::string& target,
                std::uint32_t ttl = 60) {
  return record(33, ttl, u16(priority) + u16(weight) + u16(port) + target);
}

std::optional<SrvAnswer> parse(const std::string& message) {
  return parse_srv_answer({reinterpret_cast<const std::uint8_t*>(message.data()), message.size()});
}

TEST(SrvAnswer, RecordsWithTheirTargetsAndTheShortestTimeToLive) {
  const auto answer = parse(head(2) + srv(10, 5, 8080, label("Blue") + app, 300) +
                            srv(20, 0, 8081, label("green") + label("internal") + root, 20));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->records,
            (std::vector<ServiceRecord>{{10, 5, 8080, "blue.app"}, {20, 0, 8081, "green.internal"}}));
  EXPECT_EQ(answer->ttl, 20s);
}

TEST(SrvAnswer, OtherRecordsAreStrangersButAnAliasCounts) {
  const auto answer = parse(head(4) + record(5, 9, label("other") + root) + record(16, 1, "text") +
                            record(33, 1, "chaos", 3) + srv(0, 1, 80, label("a") + app, 60));
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->records.size(), 1U);
  EXPECT_EQ(answer->ttl, 9s);
}

TEST(SrvAnswer, ServicesThatAreNotOfferedAreLeftOut) {
  const auto answer = parse(head(3) + srv(0, 0, 0, label("a") + app) + srv(0, 0, 80, root) +
                            srv(0, 0, 80, label("not a host") + app));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->records.empty());
}

TEST(SrvAnswer, ATimeToLiveWithTheTopBitIsNone) {
  const auto answer = parse(head(1) + srv(0, 0, 80, label("a") + app, 0x80000000u));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->ttl, 0s);
  EXPECT_EQ(parse(head(0))->ttl, 0s) << "of no record at all";
}

TEST(SrvAnswer, EveryCutIsRefused) {
  const std::string whole = head(2) + srv(10, 5, 8080, label("blue") + app) + srv(1, 2, 3, label("b") + app);
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    EXPECT_FALSE(parse(whole.substr(0, bytes))) << bytes;
  }
  EXPECT_TRUE(parse(whole));
}

TEST(SrvAnswer, PointersOnlyLeadBackwards) {
  const auto at_record = static_cast<unsigned>(head(1).size() + 12 + 6);  // where the target starts
  EXPECT_FALSE(parse(head(1) + srv(0, 0, 80, u16(0xc000 + at_record)))) << "to itself";
  EXPECT_FALSE(parse(head(1) + srv(0, 0, 80, u16(0xc000 + at_record + 2) + root))) << "forwards";
  EXPECT_FALSE(parse(head(1) + srv(0, 0, 80, label("a") + u16(0xc000 + at_record)))) << "in a circle";
}

TEST(SrvAnswer, ARecordIsAsLongAsItSays) {
  const std::string target = label("a") + app;
  EXPECT_FALSE(parse(head(1) + record(33, 1, u16(0) + u16(0) + u16(80) + target + "x")));
  EXPECT_FALSE(parse(head(1) + record(33, 1, "x")));
  EXPECT_FALSE(
      parse(head(1) + record(33, 1, u16(0) + u16(0) + u16(80) + "\x40" + std::string(64, 'a') + root)))
      << "a label of 64";
}

TEST(SrvAnswer, TheRecordsAreBounded) {
  std::string message = head(srv_records_max + 5);
  for (std::size_t i = 0; i < srv_records_max + 5; ++i) {
    message += srv(0, 0, static_cast<unsigned>(1 + i), label("a") + app);
  }
  const auto answer = parse(message);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->records.size(), srv_records_max);
}

TEST(SrvAnswer, NoiseNeverDoesHarm) {
  Rng rng(3);
  const std::string whole = head(2) + srv(10, 5, 8080, label("blue") + app) + srv(1, 2, 3, label("b") + app);
  for (int i = 0; i < 50'000; ++i) {
    std::string noisy = whole;
    for (int flips = 0; flips < 4; ++flips) noisy[rng() % noisy.size()] = static_cast<char>(rng());
    const auto answer = parse(noisy);
    ASSERT_TRUE(!answer || answer->records.size() <= srv_records_max);
  }
}

TEST(Ranked, HigherPrioritiesAreBackups) {
  const auto used = ranked({{20, 1, 80, "b"}, {10, 1, 80, "a"}, {10, 2, 81, "a"}, {30, 9, 80, "c"}});
  EXPECT_EQ(used, (std::vector<ServiceRecord>{
                      {10, 1, 80, "a"}, {10, 2, 81, "a"}, {20, 1, 80, "b", true}, {30, 9, 80, "c", true}}));
  EXPECT_TRUE(ranked({}).empty());
}

TEST(Ranked, WeightsComeIntoTheRangeOfEndpoints) {
  EXPECT_EQ(ranked({{0, 0, 80, "a"}, {0, 5, 80, "b"}}),
            (std::vector<ServiceRecord>{{0, 1, 80, "a"}, {0, 5, 80, "b"}}));
  EXPECT_EQ(ranked({{0, 60000, 80, "a"}, {0, 30000, 80, "b"}, {0, 1, 80, "c"}}),
            (std::vector<ServiceRecord>{{0, 1000, 80, "a"}, {0, 500, 80, "b"}, {0, 1, 80, "c"}}))
      << "alike, so that the shares stay";
  EXPECT_EQ(ranked({{0, 1000, 80, "a"}, {0, 1, 80, "b"}})[0].weight, 1000U);
  EXPECT_EQ(ranked({{0, 7, 80, "a"}, {1, 60000, 80, "b"}, {2, 30000, 80, "c"}, {2, 0, 80, "d"}}),
            (std::vector<ServiceRecord>{
                {0, 7, 80, "a"}, {1, 1000, 80, "b", true}, {2, 500, 80, "c", true}, {2, 1, 80, "d", true}}))
      << "backups among themselves";
}

}  // namespace
}  // namespace weir::upstream
