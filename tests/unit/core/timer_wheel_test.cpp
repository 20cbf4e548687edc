#include "core/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

namespace weir {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Recorder {
  Timer timer{[](void* owner) { ++static_cast<Recorder*>(owner)->fired; }, this};
  int fired = 0;
};

class TimerWheelTest : public testing::Test {
 protected:
  TimePoint start{seconds(1000)};
  TimerWheel wheel{start};
};

TEST_F(TimerWheelTest, FiresNeverEarlyAndWithinOneTick) {
  Recorder a;
  wheel.arm(a.timer, start + milliseconds(25));
  wheel.advance(start + milliseconds(24));
  EXPECT_EQ(a.fired, 0);
  wheel.advance(start + milliseconds(35));
  EXPECT_EQ(a.fired, 1);
  EXPECT_FALSE(a.timer.armed());
  wheel.advance(start + seconds(60));
  EXPECT_EQ(a.fired, 1);
}

TEST_F(TimerWheelTest, DeadlineBeyondOneTurnFiresOnTime) {
  Recorder a;
  wheel.arm(a.timer, start + seconds(75));
  for (int s = 1; s < 75; ++s) {
    wheel.advance(start + seconds(s));
    ASSERT_EQ(a.fired, 0) << s;
  }
  wheel.advance(start + seconds(75) + milliseconds(10));
  EXPECT_EQ(a.fired, 1);
}

TEST_F(TimerWheelTest, MovingADeadlineOnDoesNotFireAtTheOldOne) {
  Recorder a;
  wheel.arm(a.timer, start + milliseconds(50));
  wheel.arm(a.timer, start + milliseconds(500));
  wheel.advance(start + milliseconds(499));
  EXPECT_EQ(a.fired, 0);
  wheel.advance(start + milliseconds(510));
  EXPECT_EQ(a.fired, 1);
}

TEST_F(TimerWheelTest, MovingADeadlineForwardFiresAtTheNewOne) {
  Recorder a;
  wheel.arm(a.timer, start + seconds(30));
  wheel.arm(a.timer, start + milliseconds(20));
  wheel.advance(start + milliseconds(30));
  EXPECT_EQ(a.fired, 1);
}

TEST_F(TimerWheelTest, DisarmedAndDestroyedTimersDoNotFire) {
  Recorder a;
  wheel.arm(a.timer, start + milliseconds(20));
  a.timer.disarm();
  {
    Recorder b;
    wheel.arm(b.timer, start + milliseconds(20));
  }
  wheel.advance(start + seconds(1));
  EXPECT_EQ(a.fired, 0);
}

TEST_F(TimerWheelTest, ALongPauseFiresEverythingDue) {
  std::vector<std::unique_ptr<Recorder>> timers;
  for (int i = 0; i < 500; ++i) {
    timers.push_back(std::make_unique<Recorder>());
    wheel.arm(timers.back()->timer, start + milliseconds(i * 37));
  }
  wheel.advance(start + seconds(3600));
  for (const auto& timer : timers) EXPECT_EQ(timer->fired, 1);
}

TEST_F(TimerWheelTest, NextDueIsNeverLateAndMaxWhenEmpty) {
  EXPECT_EQ(wheel.next_due(), TimePoint::max());
  Recorder a;
  wheel.arm(a.timer, start + milliseconds(123));
  EXPECT_GE(wheel.next_due(), start + milliseconds(123));
  EXPECT_LE(wheel.next_due(), start + milliseconds(133));
  wheel.advance(wheel.next_due());
  EXPECT_EQ(a.fired, 1);
}

struct Rearming {
  Timer timer{[](void* owner) {
                auto& self = *static_cast<Rearming*>(owner);
                ++self.fired;
                self.wheel->arm(self.timer, self.next);
              },
              this};
  TimerWheel* wheel = nullptr;
  TimePoint next;
  int fired = 0;
};

TEST_F(TimerWheelTest, AFiringTimerMayArmItselfAgain) {
  Rearming a;
  a.wheel = &wheel;
  a.next = start;  // in the past: due at the next tick, not in the same one for ever
  wheel.arm(a.timer, start + milliseconds(10));
  wheel.advance(start + milliseconds(10));
  EXPECT_EQ(a.fired, 1);
  wheel.advance(start + milliseconds(20));
  EXPECT_EQ(a.fired, 2);
}

TEST_F(TimerWheelTest, RandomScheduleKeepsTheBounds) {
  std::mt19937_64 random(42);
  struct Entry {
    Recorder recorder;
    TimePoint deadline;
  };
  std::vector<std::unique_ptr<Entry>> entries;
  TimePoint now = start;
  for (int step = 0; step < 3000; ++step) {
    auto entry = std::make_unique<Entry>();
    entry->deadline = now + milliseconds(random() % 30'000);
    wheel.arm(entry->recorder.timer, entry->deadline);
    entries.push_back(std::move(entry));
    now += milliseconds(random() % 50);
    wheel.advance(now);
    for (const auto& e : entries) {
      if (e->deadline > now) {
        ASSERT_EQ(e->recorder.fired, 0);
      } else if (e->deadline + TimerWheel::tick <= now) {
        ASSERT_EQ(e->recorder.fired, 1);
      }
    }
    std::erase_if(entries, [](const auto& e) { return e->recorder.fired > 0; });
  }
}

}  // namespace
}  // namespace weir
