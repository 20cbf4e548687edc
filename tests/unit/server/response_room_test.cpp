#include "server/response_room.hpp"

#include <gtest/gtest.h>

namespace weir::server {
namespace {

constexpr std::size_t kib = 1024;

class ResponseRoomTest : public ::testing::Test {
 protected:
  SharedRoom shared_{0};
  RoomBudget room_{shared_};
};

TEST_F(ResponseRoomTest, OneStreamGetsHalfOfWhatIsLeft) {
  EXPECT_EQ(room_.lend(60 * kib), 60 * kib);
  EXPECT_EQ(room_.lend(60 * kib), 34 * kib);
  EXPECT_EQ(room_.lend(60 * kib), 17 * kib);
  EXPECT_EQ(room_.lend(kib), kib);
  room_.give_back(60 * kib);
  EXPECT_EQ(room_.lend(60 * kib), 38 * kib);
}

TEST_F(ResponseRoomTest, NeverLendsMoreThanItHas) {
  std::size_t lent = 0;
  for (int i = 0; i < 1000; ++i) lent += room_.lend(64 * kib);
  EXPECT_LE(lent, RoomBudget::at_first);
  EXPECT_EQ(shared_, 0U);
}

TEST_F(ResponseRoomTest, DoublesWhenTheClientTookAllOfIt) {
  const std::size_t lent = room_.lend(60 * kib);
  room_.note_taken(RoomBudget::at_first - 1);
  EXPECT_EQ(room_.size(), RoomBudget::at_first);
  room_.note_taken(1);
  EXPECT_EQ(room_.size(), 2 * RoomBudget::at_first);
  EXPECT_EQ(shared_, RoomBudget::at_first);
  for (int i = 0; i < 100; ++i) room_.note_taken(RoomBudget::most);
  EXPECT_EQ(room_.size(), RoomBudget::most);
  EXPECT_EQ(shared_, RoomBudget::most - RoomBudget::at_first);
  room_.give_back(lent);
  EXPECT_EQ(room_.size(), RoomBudget::at_first) << "nothing is lent";
  EXPECT_EQ(shared_, 0U);
}

TEST_F(ResponseRoomTest, AllTogetherGrowUpToABound) {
  shared_ = RoomBudget::shared_max - RoomBudget::at_first + 1;
  room_.lend(60 * kib);
  room_.note_taken(RoomBudget::at_first);
  EXPECT_EQ(room_.size(), RoomBudget::at_first);
  shared_ = RoomBudget::shared_max - RoomBudget::at_first;
  room_.note_taken(RoomBudget::at_first);
  EXPECT_EQ(room_.size(), 2 * RoomBudget::at_first);
  EXPECT_EQ(shared_, RoomBudget::shared_max);
}

TEST(RoomBudget, GivesBackWhatItHasOfTheProcess) {
  SharedRoom shared{0};
  {
    RoomBudget room(shared);
    room.lend(1);
    room.note_taken(RoomBudget::at_first);
    EXPECT_GT(shared, 0U);
  }
  EXPECT_EQ(shared, 0U);
}

}  // namespace
}  // namespace weir::server
