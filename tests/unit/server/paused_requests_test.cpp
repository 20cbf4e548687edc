#include "server/paused_requests.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "core/task.hpp"
#include "support/deadline.hpp"

namespace weir::server {
namespace {

using std::chrono::seconds;

/// One worker's part, on the test's own thread.
class PausedRequestsTest : public ::testing::Test {
 protected:
  struct Result {
    int number;
    PauseEnd end;
    bool operator==(const Result&) const = default;
  };

  Detached wait(int number, TimePoint deadline, route::PauseGate& gate) {
    PauseWait waiting(paused_, gate);
    if (number == watched_) wait_ = &waiting;
    waiting.enter(deadline);
    const PauseEnd end = co_await waiting;
    ended_.push_back({number, end});
  }
  void wait(int number) { wait(number, late(), gate_); }
  void turns() {
    for (int i = 0; i < 5; ++i) reactor_.run_turn();
  }
  void run_until_ended(std::size_t count) {
    for (const testing::Deadline deadline; ended_.size() < count && Clock::now() < deadline.at();)
      reactor_.run_turn();
    ASSERT_EQ(ended_.size(), count);
  }
  TimePoint late() const { return Clock::now() + seconds(60); }

  io::Reactor reactor_;
  PausedRequests paused_{reactor_};
  route::PauseGate gate_, other_;
  std::vector<Result> ended_;
  int watched_ = -1;
  PauseWait* wait_ = nullptr;
};

TEST_F(PausedRequestsTest, AllWaitUntilTheGateOpensAndLeaveInTheirOrder) {
  gate_.close(10);
  for (int i = 0; i < 3; ++i) wait(i);
  paused_.look_again();
  turns();
  EXPECT_TRUE(ended_.empty());
  EXPECT_EQ(paused_.waiting_at(gate_), 3u);
  gate_.open();
  paused_.look_again();
  turns();
  EXPECT_EQ(ended_,
            (std::vector<Result>{{0, PauseEnd::let_go}, {1, PauseEnd::let_go}, {2, PauseEnd::let_go}}));
  EXPECT_EQ(paused_.waiting_at(gate_), 0u);
}

TEST_F(PausedRequestsTest, AnotherGateStaysClosed) {
  gate_.close(10);
  other_.close(10);
  wait(0, late(), gate_);
  wait(1, late(), other_);
  gate_.open();
  paused_.look_again();
  turns();
  EXPECT_EQ(ended_, (std::vector<Result>{{0, PauseEnd::let_go}}));
  EXPECT_EQ(paused_.waiting_at(other_), 1u);
  other_.open();
  paused_.look_again();
  turns();
  EXPECT_EQ(ended_.size(), 2u);
}

// What has just started must not get all of them at once: a lot a tick, all within release_ticks.
TEST_F(PausedRequestsTest, ManyLeaveInLots) {
  constexpr int count = 40;
  gate_.close(count);
  for (int i = 0; i < count; ++i) wait(i);
  gate_.open();
  const TimePoint opened = Clock::now();
  paused_.look_again();
  turns();
  EXPECT_EQ(ended_.size(), PausedRequests::lot_min);
  run_until_ended(count);
  EXPECT_GE(Clock::now() - opened, 4 * PausedRequests::tick - PausedRequests::tick);
  EXPECT_TRUE(std::ranges::is_sorted(ended_, {}, &Result::number));
}

TEST_F(PausedRequestsTest, VeryManyLeaveWithinTheirTime) {
  constexpr int count = 4'000;
  gate_.close(count);
  for (int i = 0; i < count; ++i) wait(i);
  gate_.open();
  paused_.look_again();
  turns();
  EXPECT_EQ(ended_.size(), count / PausedRequests::release_ticks);
  run_until_ended(count);
}

TEST_F(PausedRequestsTest, AGateThatClosesAgainKeepsThoseThatComeThen) {
  gate_.close(10);
  wait(0);
  gate_.open();
  paused_.look_again();
  gate_.close(10);
  wait(1);
  turns();
  EXPECT_EQ(ended_, (std::vector<Result>{{0, PauseEnd::let_go}}));
  gate_.open();
  paused_.look_again();
  turns();
  EXPECT_EQ(ended_.size(), 2u);
}

// `weir pause --wait` after a resume: none of those that had not gone on may reach what is about to stop.
TEST_F(PausedRequestsTest, AGateThatClosesAgainKeepsThoseThatHaveNotGoneOn) {
  constexpr int count = 40, lot = PausedRequests::lot_min;
  gate_.close(2 * count);
  other_.close(count);
  for (int i = 0; i < count; ++i) wait(i);
  for (int i = 0; i < count; ++i) wait(1000 + i, late(), other_);
  gate_.open();
  other_.open();
  paused_.look_again();
  turns();
  EXPECT_EQ(ended_.size(), PausedRequests::lot_min);
  gate_.close(2 * count);
  wait(count);
  run_until_ended(lot + count);
  for (int i = 0; i < count; ++i) EXPECT_EQ(ended_[static_cast<std::size_t>(lot + i)].number, 1000 + i);
  EXPECT_EQ(paused_.waiting_at(gate_), static_cast<std::size_t>(count - lot + 1));
  gate_.open();
  paused_.look_again();
  run_until_ended(2 * count + 1);
  for (int i = lot; i <= count; ++i)
    EXPECT_EQ(ended_[static_cast<std::size_t>(count + i)].number, i) << "the oldest first";
}

TEST_F(PausedRequestsTest, OneThatWaitsOnKeepsItsDeadlineAndItsClient) {
  constexpr int count = 10;
  gate_.close(count);
  watched_ = count - 1;
  for (int i = 0; i < count; ++i) wait(i, i == count - 2 ? Clock::now() + Milliseconds(40) : late(), gate_);
  gate_.open();
  paused_.look_again();
  gate_.close(count);
  run_until_ended(count - 1);
  EXPECT_EQ(ended_.back(), (Result{count - 2, PauseEnd::timeout}));
  wait_->give_up(PauseEnd::client_left);
  turns();
  EXPECT_EQ(ended_.back(), (Result{count - 1, PauseEnd::client_left}));
  EXPECT_EQ(paused_.waiting_at(gate_), 0u);
}

TEST_F(PausedRequestsTest, ADeadlineEndsAWait) {
  gate_.close(10);
  wait(0, Clock::now() + Milliseconds(20), gate_);
  wait(1);
  run_until_ended(1);
  EXPECT_EQ(ended_.back(), (Result{0, PauseEnd::timeout}));
  EXPECT_EQ(paused_.waiting_at(gate_), 1u);
  gate_.open();
  paused_.look_again();
  turns();
}

TEST_F(PausedRequestsTest, AClientThatLeavesEndsItsWaitAndNoOther) {
  gate_.close(10);
  watched_ = 1;
  for (int i = 0; i < 3; ++i) wait(i);
  wait_->give_up(PauseEnd::client_left);
  turns();
  EXPECT_EQ(ended_, (std::vector<Result>{{1, PauseEnd::client_left}}));
  gate_.open();
  paused_.look_again();
  turns();
  EXPECT_EQ(ended_.size(), 3u);
}

TEST_F(PausedRequestsTest, PlacesAreExact) {
  gate_.close(2);
  route::InFlightPlace first, second, third;
  EXPECT_TRUE(gate_.enter(first));
  EXPECT_TRUE(gate_.enter(second));
  EXPECT_FALSE(gate_.enter(third));
  EXPECT_EQ(gate_.waiting(), 2u);
  first.give_back();
  EXPECT_TRUE(gate_.enter(third));
}

}  // namespace
}  // namespace weir::server
