// Heads and trailers that are held: the bound of a connection, and that of its worker on large ones.
#include "server/head_room.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace weir::server {
namespace {

constexpr std::size_t kib = 1024;

TEST(HeadRoom, AConnectionHoldsItsShare) {
  HeldHeads worker;
  HeadRoom room(worker, 10 * kib);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(room.has_room(kib)) << i;
    room.add(kib);
  }
  EXPECT_FALSE(room.has_room(1));
  EXPECT_TRUE(room.has_room(0));
  room.remove(kib);
  EXPECT_TRUE(room.has_room(kib));
  EXPECT_FALSE(room.has_room(kib + 1));
}

TEST(HeadRoom, UsualHeadsTakeNothingOfTheWorker) {
  HeldHeads worker;
  std::deque<HeadRoom> rooms;
  for (int i = 0; i < 1'000; ++i) {
    HeadRoom& room = rooms.emplace_back(worker, 432 * kib);
    for (int head = 0; head < 100; ++head) {
      ASSERT_TRUE(room.has_room(HeldHeads::usual_bytes));
      room.add(HeldHeads::usual_bytes);
    }
  }
  EXPECT_EQ(worker.bytes(), 0U);
}

TEST(HeadRoom, ManyConnectionsWithLargeHeadsHoldLittle) {
  HeldHeads worker;
  std::deque<HeadRoom> rooms;
  std::size_t held = 0;
  for (int i = 0; i < 200; ++i) {
    HeadRoom& room = rooms.emplace_back(worker, 432 * kib);
    for (int head = 0; head < 100 && room.has_room(4 * kib); ++head) room.add(4 * kib);
    EXPECT_GE(room.held(), HeadRoom::own_bytes) << "each has some";
    held += room.held();
  }
  EXPECT_LE(worker.bytes(), HeldHeads::bytes_max + 200 * HeadRoom::own_bytes);
  EXPECT_LT(held, 20 * kib * kib) << "200 x 400 KiB were asked for";
}

TEST(HeadRoom, OneConnectionWithLargeHeadsIsServedAsEver) {
  HeldHeads worker;
  HeadRoom room(worker, 432 * kib);
  for (int head = 0; head < 100; ++head) {
    ASSERT_TRUE(room.has_room(4 * kib)) << head;
    room.add(4 * kib);
  }
}

TEST(HeadRoom, WhatIsGivenBackIsThereAgain) {
  HeldHeads worker;
  HeadRoom room(worker, 432 * kib);
  const std::vector<std::size_t> heads{0, 1, 500, kib, kib + 1, 3'000, 32 * kib, 12'000};
  for (int round = 0; round < 100; ++round) {
    for (const std::size_t bytes : heads) room.add(bytes);
    for (const std::size_t bytes : heads) room.remove(bytes);
  }
  EXPECT_EQ(room.held(), 0U);
  EXPECT_EQ(worker.bytes(), 0U);
}

}  // namespace
}  // namespace weir::server
