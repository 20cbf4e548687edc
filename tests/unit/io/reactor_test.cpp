#include "io/reactor.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "support/loop.hpp"

namespace weir::io {
namespace {

using testing::Loop;
using namespace std::chrono_literals;

TEST(Reactor, RunsPostedWorkInOrder) {
  Reactor reactor;
  std::vector<int> seen;
  for (int i = 0; i < 3; ++i) reactor.post([&seen, i] { seen.push_back(i); });
  reactor.stop();
  reactor.run();
  EXPECT_EQ(seen, (std::vector<int>{0, 1, 2}));
}

TEST(Reactor, TakesWorkFromOtherThreads) {
  Reactor reactor;
  int count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        reactor.post([&] {
          if (++count == 4000) reactor.stop();
        });
      }
    });
  }
  reactor.run();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(count, 4000);
}

TEST(Reactor, WorkPostedByWorkRunsLater) {
  Reactor reactor;
  bool ran = false;
  reactor.post([&] {
    reactor.post([&] {
      ran = true;
      reactor.stop();
    });
    EXPECT_FALSE(ran);
  });
  reactor.run();
  EXPECT_TRUE(ran);
}

Task<> sleep_in_order(Reactor& reactor, std::vector<int>& order, int id, Duration wait, Signal& done) {
  co_await Sleep(reactor, reactor.now() + wait);
  order.push_back(id);
  if (order.size() == 3) done.set();
}

Detached start(Task<> task) {
  co_await task;
}

Task<> three_sleepers(Reactor& reactor, std::vector<int>& order) {
  Signal done(reactor);
  start(sleep_in_order(reactor, order, 3, 60ms, done));
  start(sleep_in_order(reactor, order, 1, 0ms, done));
  start(sleep_in_order(reactor, order, 2, 30ms, done));
  co_await done;
}

TEST(Reactor, SleepersWakeInOrder) {
  Loop loop;
  std::vector<int> order;
  loop.run(three_sleepers(loop.reactor(), order));
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

Task<> yield_often(Reactor& reactor, int& count) {
  for (int i = 0; i < 1000; ++i) {
    co_await Yield(reactor);
    ++count;
  }
}

TEST(Reactor, YieldComesBackEachTurn) {
  Loop loop;
  int count = 0;
  loop.run(yield_often(loop.reactor(), count));
  EXPECT_EQ(count, 1000);
}

TEST(Reactor, AYieldLetsTheNextLookAtTheEventsGoFirst) {
  Reactor reactor;
  int count = 0;
  reactor.post([&] { start(yield_often(reactor, count)); });
  reactor.run_turn();
  EXPECT_EQ(count, 0) << "it began in this turn";
  reactor.run_turn();
  EXPECT_EQ(count, 1);
  for (int i = 0; i < 1000; ++i) reactor.run_turn();
  EXPECT_EQ(count, 1000);
}

/// Notes that its turn has come, and then does what a test says.
struct NotedEnd final : TurnEnd {
  explicit NotedEnd(std::vector<int>& seen, int number = 0) : seen_(seen), number_(number) {}
  void at_turn_end() noexcept override {
    seen_.push_back(number_);
    if (then) then();
  }
  std::function<void()> then;

 private:
  std::vector<int>& seen_;
  const int number_;
};

TEST(TurnEnd, ComesOnceATurnHoweverOftenItIsAskedFor) {
  Reactor reactor;
  std::vector<int> seen;
  NotedEnd first(seen, 1), second(seen, 2);
  for (int i = 0; i < 3; ++i) {
    reactor.at_turn_end(first);
    reactor.at_turn_end(second);
  }
  EXPECT_TRUE(seen.empty());
  reactor.run_turn();
  EXPECT_EQ(seen, (std::vector<int>{1, 2}));
  reactor.run_turn();
  EXPECT_EQ(seen.size(), 2U) << "nobody has asked again";
  reactor.at_turn_end(second);
  reactor.run_turn();
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 2}));
}

Task<> wait_and_note(Signal& signal, std::vector<int>& seen, int number) {
  co_await signal;
  seen.push_back(number);
}

TEST(TurnEnd, ComesAfterWhatIsReadyAndBeforeWhatItMakesReady) {
  Reactor reactor;
  std::vector<int> seen;
  Signal before(reactor), after(reactor);
  NotedEnd end(seen, 2);
  end.then = [&] { after.set(); };
  start(wait_and_note(before, seen, 1));
  start(wait_and_note(after, seen, 3));
  reactor.at_turn_end(end);
  reactor.post([&] { before.set(); });
  reactor.run_turn();
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3}));
}

TEST(TurnEnd, AskedForByItselfItComesInTheNextTurnWithoutAWait) {
  Reactor reactor;
  std::vector<int> seen;
  NotedEnd again(seen, 1), other(seen, 2);
  again.then = [&] {
    reactor.at_turn_end(seen.size() < 5 ? again : other);
    if (seen.size() >= 5) reactor.stop();
  };
  reactor.at_turn_end(again);
  reactor.run_turn();
  EXPECT_EQ(seen.size(), 1U);
  const TimePoint before = Clock::now();
  reactor.run();
  EXPECT_LT(Clock::now() - before, 20s) << "no event of the kernel ends its wait";
  EXPECT_GE(seen.size(), 5U);
}

TEST(TurnEnd, WhatIsGoneIsNotCalled) {
  Reactor reactor;
  std::vector<int> seen;
  NotedEnd first(seen, 1);
  auto second = std::make_unique<NotedEnd>(seen, 2);
  {
    NotedEnd never(seen, 3);
    reactor.at_turn_end(never);
  }
  first.then = [&] { second.reset(); };
  reactor.at_turn_end(first);
  reactor.at_turn_end(*second);
  reactor.run_turn();
  EXPECT_EQ(seen, (std::vector<int>{1}));
}

Task<> wait_for(Signal& signal, bool& woken) {
  co_await signal;
  woken = true;
}

TEST(Signal, MayBeSetBeforeAndAfterTheWaitBegins) {
  Loop loop;
  bool woken = false;
  Signal early(loop.reactor());
  early.set();
  loop.run(wait_for(early, woken));
  EXPECT_TRUE(woken);

  woken = false;
  Signal late(loop.reactor());
  loop.reactor().post([&] { late.set(); });
  loop.run(wait_for(late, woken));
  EXPECT_TRUE(woken);
}

}  // namespace
}  // namespace weir::io
