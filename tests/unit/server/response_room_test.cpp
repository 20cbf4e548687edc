#include "server/response_room.hpp"

#include <gtest/gtest.h>

namespace weir::server {
namespace {

constexpr std::size_t kib = 1024;

class ResponseRoomTest : public ::testing::Test {
 protected:
  void fill(std::size_t left) { worker_.add(HeldResponses::bytes_max - left - worker_.bytes()); }

  HeldResponses worker_;
  ResponseRoom room_{worker_};
};

TEST_F(ResponseRoomTest, LendsWhatIsWantedWhileTheWorkerHoldsLittle) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(room_.lend(48 * kib), 48 * kib);
  EXPECT_EQ(room_.lent(), 4800 * kib);
  EXPECT_EQ(worker_.bytes(), 4800 * kib);
  room_.settle(4800 * kib);
  EXPECT_EQ(room_.lent(), 0U);
  EXPECT_EQ(worker_.bytes(), 0U);
}

TEST_F(ResponseRoomTest, PastTheBoundItLendsHalfOfWhatIsLeftOfItsOwn) {
  fill(48 * kib - 1);
  EXPECT_EQ(room_.lend(60 * kib), 60 * kib);
  EXPECT_EQ(room_.lend(60 * kib), 34 * kib);
  EXPECT_EQ(room_.lend(60 * kib), 17 * kib);
  EXPECT_EQ(room_.lend(kib), kib);
  room_.settle(60 * kib);
  EXPECT_EQ(room_.lend(60 * kib), 38 * kib);
}

TEST_F(ResponseRoomTest, OneThatHasLentMoreThanItsOwnLendsNothingThen) {
  room_.lend(ResponseRoom::own_bytes + kib);
  fill(0);
  EXPECT_EQ(room_.lend(60 * kib), 0U);
  ResponseRoom another(worker_);
  EXPECT_EQ(another.lend(60 * kib), 60 * kib) << "each has its own";
  another.settle(60 * kib);
}

TEST_F(ResponseRoomTest, WhatIsHeldUsesTheBoundAndWhatWasTakenDoesNot) {
  room_.hold(HeldResponses::bytes_max);
  EXPECT_EQ(room_.lend(256 * kib), 64 * kib);
  room_.release(HeldResponses::bytes_max);
  EXPECT_EQ(room_.lend(256 * kib), 256 * kib);
}

}  // namespace
}  // namespace weir::server
