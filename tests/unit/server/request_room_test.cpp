// Which requests may begin while others stand still: what a connection has for itself, what the worker has for all, and
// what lets a request count no more.
#include "server/request_room.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <random>
#include <vector>

namespace weir::server {
namespace {

using std::chrono::milliseconds;

constexpr TimePoint start{std::chrono::seconds(100)};

/// A connection whose requests say themselves whether they count; those that find no room wait.
class Connection final : public RequestRoom {
 public:
  using RequestRoom::RequestRoom;
  ~Connection() {
    while (counted() > 0) remove();
  }

  /// True: it began at once.
  bool ask(TimePoint now) {
    now_ = now;
    ++waiting_;
    begin_waiting();
    return waiting_ == 0;
  }
  void end_one() {
    remove();
    ++ended_;
  }
  /// So many show that they take what they asked for.
  void prove(std::size_t requests) { proven_ += requests; }
  void take(std::uint64_t bytes) { taken_ += bytes; }
  void stand_still(std::size_t requests) {
    for (std::size_t i = 0; i < requests; ++i) add_standing();
  }
  std::size_t begun() const { return begun_; }
  std::size_t waiting() const { return waiting_; }

  void recount(TimePoint now) override {
    now_ = now;
    for (; proven_ > 0 && counted() > 0; --proven_) remove();
  }
  bool begin_waiting() override {
    while (waiting_ > 0 && has_room(taken_, now_)) {
      add();
      ++begun_;
      --waiting_;
    }
    return waiting_ > 0;
  }

 private:
  TimePoint now_ = start;
  std::size_t begun_ = 0, ended_ = 0, waiting_ = 0, proven_ = 0;
  std::uint64_t taken_ = 0;
};

class RequestRoomTest : public testing::Test {
 protected:
  /// Connections that use up what the worker has.
  void fill() {
    for (std::size_t i = 0; worker_.shared() < HeldRequests::shared_max; ++i) {
      if (i % 100 == 0) crowd_.emplace_back(worker_);
      ASSERT_TRUE(crowd_.back().ask(start)) << i;
    }
  }

  HeldRequests worker_;
  std::deque<Connection> crowd_;
};

TEST_F(RequestRoomTest, AllBeginWhileThereIsRoom) {
  Connection one(worker_);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(one.ask(start)) << i;
  EXPECT_EQ(worker_.shared(), 100 - RequestRoom::own_requests);
}

TEST_F(RequestRoomTest, TheOwnOnesBeginWhateverOthersDo) {
  fill();
  Connection one(worker_);
  for (std::size_t i = 0; i < RequestRoom::own_requests; ++i) EXPECT_TRUE(one.ask(start)) << i;
  EXPECT_FALSE(one.ask(start));
  one.end_one();
  EXPECT_FALSE(one.begin_waiting()) << "it has the room of the one that ended";
  EXPECT_EQ(worker_.shared(), HeldRequests::shared_max) << "own ones take nothing of the others";
}

TEST_F(RequestRoomTest, AClientThatTookMuchNeedsNoRoom) {
  fill();
  Connection one(worker_);
  one.take(RequestRoom::proven_bytes);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(one.ask(start)) << i;
}

TEST_F(RequestRoomTest, NorDoesOneThatTookManyResponses) {
  fill();
  Connection one(worker_);
  for (std::uint32_t i = 1; i < RequestRoom::proven_responses; ++i) one.add_taken();
  for (std::size_t i = 0; i < RequestRoom::own_requests; ++i) EXPECT_TRUE(one.ask(start)) << i;
  EXPECT_FALSE(one.ask(start));
  one.add_taken();
  EXPECT_FALSE(one.begin_waiting());
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(one.ask(start)) << i;
}

TEST_F(RequestRoomTest, ButNotWhileItStandsStillItself) {
  fill();
  Connection one(worker_);
  one.take(RequestRoom::proven_bytes);
  for (std::size_t i = 0; i <= RequestRoom::own_requests; ++i) ASSERT_TRUE(one.ask(start));
  one.stand_still(RequestRoom::own_requests);
  EXPECT_TRUE(one.ask(start)) << "a few may";
  one.stand_still(1);
  EXPECT_FALSE(one.ask(start));
}

TEST_F(RequestRoomTest, WhatIsProvenMakesRoomAtOnce) {
  fill();
  crowd_.front().prove(50);
  Connection one(worker_);
  for (std::size_t i = 0; i < RequestRoom::own_requests + 50; ++i) EXPECT_TRUE(one.ask(start)) << i;
  EXPECT_FALSE(one.ask(start));
}

TEST_F(RequestRoomTest, CountingAnewHasItsPace) {
  fill();
  Connection one(worker_);
  for (std::size_t i = 0; i < RequestRoom::own_requests; ++i) ASSERT_TRUE(one.ask(start));
  EXPECT_FALSE(one.ask(start));
  crowd_.front().prove(50);
  EXPECT_FALSE(one.ask(start)) << "it was looked at just now";
  EXPECT_TRUE(one.ask(start + HeldRequests::look_interval)) << "with the two that waited";
}

TEST_F(RequestRoomTest, WaitingOnesBeginInTurn) {
  fill();
  std::deque<Connection> late;
  for (int i = 0; i < 10; ++i) {
    Connection& one = late.emplace_back(worker_);
    for (std::size_t k = 0; k < RequestRoom::own_requests + 20; ++k) (void)one.ask(start);
    EXPECT_EQ(one.waiting(), 20U);
  }
  crowd_.front().prove(100);
  EXPECT_TRUE(worker_.begin_waiting(start + milliseconds{100}));
  std::size_t waiting = 0;
  for (const Connection& one : late) waiting += one.waiting();
  EXPECT_EQ(waiting, 200U - (100U - RequestRoom::own_requests)) << "no more than there was room for";
  for (Connection& one : late) one.prove(RequestRoom::own_requests + 20);
  EXPECT_FALSE(worker_.begin_waiting(start + milliseconds{200}));
}

TEST_F(RequestRoomTest, AConnectionThatIsGoneLeavesNothing) {
  fill();
  crowd_.clear();
  EXPECT_EQ(worker_.shared(), 0U);
  EXPECT_FALSE(worker_.begin_waiting(start));
}

/// Whatever connections do: no more count than their own and what all share, and each one can always run its own.
TEST_F(RequestRoomTest, TheBoundsHoldUnderAnyTraffic) {
  std::mt19937 random(7);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
  std::deque<Connection> all;
  for (int i = 0; i < 60; ++i) all.emplace_back(worker_);
  TimePoint now = start;
  for (int step = 0; step < 20'000; ++step) {
    Connection& one = all[below(all.size())];
    now += milliseconds{below(5)};
    const std::size_t what = below(10);
    if (what < 6) (void)one.ask(now);
    if (what >= 6 && what < 8 && one.counted() > 0) {
      one.end_one();
      one.begin_waiting();
    }
    if (what == 8) one.prove(below(4));
    if (what == 9) (void)worker_.begin_waiting(now);
    std::size_t beyond = 0;
    for (const Connection& each : all) {
      beyond += each.counted() - std::min(each.counted(), RequestRoom::own_requests);
    }
    ASSERT_EQ(worker_.shared(), beyond);
    ASSERT_LE(worker_.shared(), HeldRequests::shared_max);
  }
  for (int look = 0; look < 10'000 && worker_.begin_waiting(now); ++look) {
    now += HeldRequests::look_interval;
    for (Connection& each : all) each.prove(each.counted());
  }
  for (const Connection& each : all) EXPECT_EQ(each.waiting(), 0U) << "none is forgotten";
}

/// What others make a connection count anew makes room for what waits on it.
TEST_F(RequestRoomTest, WhatWaitsIsFoundThoughNothingOfItCounts) {
  fill();
  Connection one(worker_);
  for (std::size_t i = 0; i <= RequestRoom::own_requests; ++i) (void)one.ask(start);
  ASSERT_EQ(one.waiting(), 1U);
  one.prove(RequestRoom::own_requests);
  one.recount(start);
  ASSERT_EQ(one.counted(), 0U);
  EXPECT_FALSE(worker_.begin_waiting(start));
  EXPECT_EQ(one.waiting(), 0U);
}

}  // namespace
}  // namespace weir::server
