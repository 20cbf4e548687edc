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
