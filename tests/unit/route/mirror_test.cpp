#include "route/mirror.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "config/shares.hpp"

namespace weir::route {
namespace {

constexpr std::uint32_t whole = config::mirror_share_whole;

std::vector<std::uint64_t> copied_turns(std::uint32_t share, std::uint64_t count) {
  std::vector<std::uint64_t> turns;
  for (std::uint64_t turn = 0; turn < count; ++turn) {
    if (is_copied(share, turn)) turns.push_back(turn);
  }
  return turns;
}

TEST(Mirror, NothingAndEverything) {
  EXPECT_TRUE(copied_turns(0, 1000).empty());
  EXPECT_EQ(copied_turns(whole, 1000).size(), 1000U);
}

TEST(Mirror, TurnsAreSpreadOut) {
  EXPECT_EQ(copied_turns(whole / 2, 6), (std::vector<std::uint64_t>{1, 3, 5}));
  EXPECT_EQ(copied_turns(whole / 4, 9), (std::vector<std::uint64_t>{3, 7}));
  EXPECT_EQ(copied_turns(whole / 100, 300), (std::vector<std::uint64_t>{99, 199, 299}));
  EXPECT_EQ(copied_turns(*config::parse_percent("0.5"), 600), (std::vector<std::uint64_t>{199, 399, 599}));
  EXPECT_EQ(copied_turns(1, whole), (std::vector<std::uint64_t>{whole - 1}));
}

TEST(Mirror, ATurnFarAwayIsAsGoodAsTheFirst) {
  const std::uint64_t far = ~std::uint64_t{0} / whole * whole - whole;
  for (std::uint64_t turn = 0; turn < 1000; ++turn) {
    EXPECT_EQ(is_copied(123'456, far + turn), is_copied(123'456, turn));
  }
}

TEST(Mirror, OutcomesHaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < mirror_outcome_count; ++i) {
    names.insert(to_string(static_cast<MirrorOutcome>(i)));
  }
  EXPECT_EQ(names.size(), mirror_outcome_count);
  EXPECT_FALSE(names.contains(""));
}

class MirrorBarTest : public ::testing::Test {
 protected:
  MirrorBarTest() {
    mirror_.upstream = 1;
    mirror_.body_bytes = 100;
  }
  MirrorBar bar(std::size_t upstream = 0) const { return mirror_bar(mirror_, upstream, head_); }

  config::Mirror mirror_;
  http::RequestHead head_;
};

TEST_F(MirrorBarTest, AnOrdinaryRequestIsCopied) {
  EXPECT_EQ(bar(), MirrorBar::none);
  head_.fields.push_back({http::FieldId::unknown, "X-Weir", "1"});
  EXPECT_EQ(bar(), MirrorBar::none);
}

TEST_F(MirrorBarTest, NotWhatGoesThereItself) {
  EXPECT_EQ(bar(1), MirrorBar::goes_there);
}

TEST_F(MirrorBarTest, NotATunnel) {
  head_.upgrade = "WebSocket";
  EXPECT_EQ(bar(), MirrorBar::upgrade);
  head_.upgrade = "h2c";  // an offer that Weir passes over
  EXPECT_EQ(bar(), MirrorBar::none);
}

TEST_F(MirrorBarTest, NotACopy) {
  head_.fields.push_back({http::FieldId::unknown, "x-weir-mirror", ""});
  EXPECT_EQ(bar(), MirrorBar::copy);
}

TEST_F(MirrorBarTest, NotALargeBody) {
  head_.body = {http::BodyKind::length, 100};
  EXPECT_EQ(bar(), MirrorBar::none);
  head_.body.length = 101;
  EXPECT_EQ(bar(), MirrorBar::body);
  head_.body = {http::BodyKind::chunked, 0};  // not known yet
  EXPECT_EQ(bar(), MirrorBar::none);
  mirror_.body_bytes = 0;
  head_.body = {http::BodyKind::length, 0};
  EXPECT_EQ(bar(), MirrorBar::none);
}

}  // namespace
}  // namespace weir::route
