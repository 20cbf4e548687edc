#include "io/waiter.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "support/loop.hpp"

namespace weir::io {
namespace {

using testing::Loop;
using namespace std::chrono_literals;

struct Fixture {
  Loop loop;
  Waiter waiter{loop.reactor()};
  std::vector<IoStatus> ends;

  Task<> wait(Duration time) {
    const TimePoint until = loop.reactor().now() + time;
    const IoStatus end = co_await waiter.until(until);
    ends.push_back(end);
  }
  Task<> wait_for_ever() {
    const IoStatus end = co_await waiter.until(TimePoint::max());
    ends.push_back(end);
  }
  Detached start(Task<> task) { co_await task; }
};

TEST(Waiter, SaysWhatItWasNotifiedOf) {
  Fixture f;
  for (const IoStatus why : {IoStatus::ok, IoStatus::peer_gone, IoStatus::shutdown}) {
    f.start(f.wait_for_ever());
    EXPECT_TRUE(f.waiter.is_waiting());
    f.waiter.notify(why);
    EXPECT_FALSE(f.waiter.is_waiting());
    EXPECT_TRUE(f.ends.empty()) << "within the call";
    f.loop.reactor().run_turn();
    EXPECT_EQ(f.ends, (std::vector<IoStatus>{why}));
    f.ends.clear();
  }
}

TEST(Waiter, EndsAtItsDeadline) {
  Fixture f;
  f.loop.run(f.wait(20ms));
  f.loop.run(f.wait(-1s));
  EXPECT_EQ(f.ends, (std::vector<IoStatus>{IoStatus::timeout, IoStatus::timeout}));
}

/// Whoever waits looks first at what it waits for.
TEST(Waiter, WhatCameBeforeTheWaitIsNotKept) {
  Fixture f;
  f.waiter.notify();
  f.loop.run(f.wait(10ms));
  EXPECT_EQ(f.ends, (std::vector<IoStatus>{IoStatus::timeout}));
}

TEST(Waiter, OneEndIsOneEnd) {
  Fixture f;
  f.start(f.wait_for_ever());
  f.waiter.notify(IoStatus::reset);
  f.waiter.notify(IoStatus::ok);  // nobody waits any more, though nobody has run either
  f.loop.reactor().run_turn();
  f.loop.reactor().run_turn();
  EXPECT_EQ(f.ends, (std::vector<IoStatus>{IoStatus::reset}));
}

TEST(Waiter, TheDeadlineOfAWaitThatIsOverEndsNoLaterOne) {
  Fixture f;
  f.start(f.wait(10ms));
  f.waiter.notify();
  f.loop.reactor().run_turn();
  const TimePoint before = Clock::now();
  f.loop.run(f.wait(60ms));
  EXPECT_GE(Clock::now() - before, 50ms);
  EXPECT_EQ(f.ends, (std::vector<IoStatus>{IoStatus::ok, IoStatus::timeout}));
}

TEST(Waiter, WithoutADeadlineItOutlivesThoseBefore) {
  Fixture f;
  f.start(f.wait(10ms));
  f.waiter.notify();
  f.loop.reactor().run_turn();
  f.start(f.wait_for_ever());
  Fixture clock;
  clock.loop.run(clock.wait(40ms));
  f.loop.reactor().run_turn();
  EXPECT_TRUE(f.waiter.is_waiting());
  EXPECT_EQ(f.ends, (std::vector<IoStatus>{IoStatus::ok}));
  f.waiter.notify();
  f.loop.reactor().run_turn();
}

}  // namespace
}  // namespace weir::io
