#include "upstream/http2_choice.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace weir::upstream {
namespace {

constexpr Http2ChoiceRules rules{2, 4};
constexpr std::size_t none = Http2Choice::none;

Http2Choice choose(const std::vector<Http2Load>& open, Http2Others others = {}) {
  return choose_http2(rules, open, others);
}

TEST(Http2Choice, TheLeastBusyOneWithAPlaceTakesIt) {
  EXPECT_EQ(choose({}).index, none);
  EXPECT_EQ(choose({{0, 100}}).index, 0U);
  EXPECT_EQ(choose({{3, 100}, {2, 100}, {4, 100}}).index, 1U);
  EXPECT_EQ(choose({{3, 100}, {3, 100}}).index, 0U) << "the first of equals";
  EXPECT_EQ(choose({{1, 1}, {50, 100}}).index, 1U) << "the less busy one is full";
  EXPECT_EQ(choose({{1, 1}, {100, 100}}).index, none);
  EXPECT_EQ(choose({{0, 0}}).index, none) << "an endpoint may allow none at all";
  EXPECT_EQ(choose({{5, 3}}).index, none) << "it has allowed more before";
}

TEST(Http2Choice, RequestsOfOneTurnGoTogether) {
  EXPECT_EQ(choose({{3, 100}, {4, 100, true}}).index, 1U) << "it sends anyway";
  EXPECT_EQ(choose({{0, 100}, {15, 100, true}}).index, 1U);
  EXPECT_EQ(choose({{0, 100}, {16, 100, true}}).index, 0U) << "too far ahead";
  EXPECT_EQ(choose({{0, 100}, {15, 15, true}}).index, 0U) << "it is full";
  EXPECT_EQ(choose({{2, 2}, {15, 100, true}}).index, 1U);
  EXPECT_EQ(choose({{1, 100}, {9, 100, true}, {7, 100, true}}).index, 2U) << "the less busy one that sends";
}

TEST(Http2Choice, ManyOfOneTurnAreSpreadAllTheSame) {
  std::vector<Http2Load> open{{0, 100}, {0, 100}};
  for (int i = 0; i < 100; ++i) {
    Http2Load& taker = open[choose(open).index];
    ++taker.streams;
    taker.sends = true;
  }
  EXPECT_LE(open[0].streams, open[1].streams + http2_gathered_streams);
  EXPECT_LE(open[1].streams, open[0].streams + http2_gathered_streams);
}

TEST(Http2Choice, AnotherOneIsOpenedWhereTheLeastBusyOneIsBusy) {
  EXPECT_FALSE(choose({{8, 100}}).open_another);
  EXPECT_TRUE(choose({{9, 100}}).open_another);
  EXPECT_FALSE(choose({{50, 100}, {8, 100}}).open_another) << "there is one that is not busy";
  EXPECT_FALSE(choose({{20, 100, true}, {8, 100}}).open_another) << "the least busy one counts";
  EXPECT_FALSE(choose({{50, 100}, {50, 100}}).open_another) << "as many as requests are spread over";
  EXPECT_FALSE(choose({{50, 100}}, {.being_made = 1}).open_another) << "it is on its way";
  EXPECT_TRUE(choose({{50, 100}}, {.closing = 2}).open_another) << "those do not help any more";
  EXPECT_FALSE(choose({{50, 100}}, {.closing = 3}).open_another) << "past the bound";
  EXPECT_FALSE(choose({{1, 1}}).open_another) << "a request without a place has one made for itself";
}

TEST(Http2Choice, AConnectionIsMadeForRequestsThatFindNoPlaceOnThoseThatCome) {
  const auto needs = [](std::size_t open, Http2Others others, std::size_t coming, std::size_t waiting) {
    return needs_http2_connection(rules, open, others, coming, waiting);
  };
  EXPECT_TRUE(needs(0, {}, 0, 1));
  EXPECT_FALSE(needs(0, {.being_made = 1}, 100, 2)) << "joined, not multiplied";
  EXPECT_FALSE(needs(0, {.being_made = 1}, 100, 100));
  EXPECT_TRUE(needs(0, {.being_made = 1}, 100, 101));
  EXPECT_TRUE(needs(2, {}, 0, 1)) << "all are full: more than requests are spread over";
  EXPECT_FALSE(needs(4, {}, 0, 1)) << "the bound: it waits for a place";
  EXPECT_FALSE(needs(1, {.being_made = 2, .closing = 1}, 1, 5));
}

}  // namespace
}  // namespace weir::upstream
