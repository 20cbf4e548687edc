#include "upstream/idle_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace weir::upstream {
namespace {

using std::chrono::seconds;
using Connection = std::unique_ptr<int>;

constexpr TimePoint start{seconds(100)};

class IdlePoolTest : public testing::Test {
 protected:
  int put(int id, TimePoint expires_at, std::size_t max_idle = 10) {
    const auto back = pool_.put(std::make_unique<int>(id), {expires_at, expires_at}, max_idle);
    return back ? **back : 0;
  }
  int take(TimePoint now) {
    const auto taken = pool_.take(now, true);
    return taken ? **taken : 0;
  }

  IdlePool<Connection> pool_;
};

TEST_F(IdlePoolTest, EmptyGivesNothing) {
  EXPECT_EQ(take(start), 0);
  EXPECT_EQ(pool_.expire(start), 0u);
}

TEST_F(IdlePoolTest, LastInFirstOut) {
  for (const int id : {1, 2, 3}) put(id, start + seconds(60));
  EXPECT_EQ(take(start), 3);
  EXPECT_EQ(take(start), 2);
  EXPECT_EQ(take(start), 1);
  EXPECT_EQ(take(start), 0);
}

TEST_F(IdlePoolTest, TheExpiredAreNotTaken) {
  put(1, start + seconds(1));
  EXPECT_EQ(take(start + seconds(1)), 0);
  EXPECT_EQ(pool_.size(), 1u) << "expire closes it";
}

TEST_F(IdlePoolTest, AShorterTimeoutOfTheLastDoesNotHideAnOlderOne) {
  put(1, start + seconds(60));
  put(2, start + seconds(1));
  EXPECT_EQ(take(start + seconds(30)), 1);
}

TEST(IdleTimeTest, AnEarlierEndHoldsForAllRequests) {
  const IdleTime own = IdleTime::from(start, seconds(60));
  EXPECT_EQ(own.until(start + seconds(5)).expires_at, start + seconds(5));
  EXPECT_EQ(own.until(start + seconds(5)).firm_until, start + seconds(5));
  EXPECT_EQ(own.until(TimePoint::max()).expires_at, own.expires_at);
  EXPECT_EQ(own.until(TimePoint::max()).firm_until, own.firm_until);
}

TEST_F(IdlePoolTest, WhatCannotBeSentAgainTakesNoneInItsLastMoments) {
  pool_.put(std::make_unique<int>(1), IdleTime::from(start, seconds(5)), 10);
  EXPECT_FALSE(pool_.take(start + seconds(4), false));
  const auto taken = pool_.take(start + seconds(4), true);
  ASSERT_TRUE(taken);
  pool_.put(std::make_unique<int>(2), IdleTime::from(start, seconds(5)), 10);
  EXPECT_TRUE(pool_.take(start + Milliseconds(3999), false));
}

TEST_F(IdlePoolTest, OneThatIsNotInItsLastMomentsIsFoundBehindOneThatIs) {
  pool_.put(std::make_unique<int>(1), IdleTime::from(start, seconds(60)), 10);
  pool_.put(std::make_unique<int>(2), IdleTime::from(start, seconds(1)), 10);
  const auto taken = pool_.take(start + Milliseconds(700), false);
  ASSERT_TRUE(taken);
  EXPECT_EQ(**taken, 1);
}

TEST(IdleTimes, LastMomentsAreASecondOrHalf) {
  EXPECT_EQ(last_moments(seconds(60)), seconds(1));
  EXPECT_EQ(last_moments(seconds(2)), seconds(1));
  EXPECT_EQ(last_moments(seconds(1)), Milliseconds(500));
  EXPECT_EQ(last_moments(seconds(0)), seconds(0));
}

TEST(IdleTimes, TheEndpointsHintEndsAConnectionEarlier) {
  struct Row {
    Milliseconds idle_timeout;
    std::optional<seconds> hint;
    Milliseconds response_took;
    Milliseconds firm_until, expires_at;  // after the response's head
  };
  using ms = Milliseconds;
  for (const Row& row : {Row{ms(60'000), {}, ms(0), ms(59'000), ms(60'000)},
                         Row{ms(60'000), {}, ms(100), ms(59'100), ms(60'100)},
                         Row{ms(60'000), seconds(5), ms(0), ms(3000), ms(4000)},
                         Row{ms(60'000), seconds(5), ms(4500), ms(3000), ms(4000)},
                         Row{ms(60'000), seconds(1), ms(0), ms(250), ms(500)},
                         Row{ms(60'000), seconds(0), ms(0), ms(0), ms(0)},
                         Row{ms(2'000), seconds(75), ms(0), ms(1000), ms(2000)}}) {
    const IdleTime time = idle_time(start, start + row.response_took, row.idle_timeout, row.hint);
    EXPECT_EQ(time.firm_until, start + row.firm_until);
    EXPECT_EQ(time.expires_at, start + row.expires_at);
  }
}

TEST_F(IdlePoolTest, PastTheBoundTheOldestGoes) {
  EXPECT_EQ(put(1, start, 2), 0);
  EXPECT_EQ(put(2, start, 2), 0);
  EXPECT_EQ(put(3, start, 2), 1);
  EXPECT_EQ(pool_.size(), 2u);
}

TEST_F(IdlePoolTest, ABoundOfZeroKeepsNothing) {
  EXPECT_EQ(put(1, start + seconds(60), 0), 1);
  EXPECT_EQ(pool_.size(), 0u);
}

TEST_F(IdlePoolTest, ALoweredBoundDoesNotGrow) {
  for (const int id : {1, 2, 3}) put(id, start + seconds(60), 3);
  EXPECT_EQ(put(4, start + seconds(60), 1), 1);
  EXPECT_EQ(pool_.size(), 3u);
}

TEST_F(IdlePoolTest, RemovesTheOneThatItsEndpointClosed) {
  for (const int id : {1, 2, 3}) put(id, start + seconds(60));
  EXPECT_TRUE(pool_.remove([](const Connection& connection) { return *connection == 2; }));
  EXPECT_FALSE(pool_.remove([](const Connection& connection) { return *connection == 2; }));
  EXPECT_EQ(take(start), 3);
  EXPECT_EQ(take(start), 1);
}

TEST_F(IdlePoolTest, ExpireClosesWhatIsOverInAnyOrder) {
  put(1, start + seconds(5));
  put(2, start + seconds(60));
  put(3, start + seconds(4));
  EXPECT_EQ(pool_.expire(start + seconds(5)), 2u);
  EXPECT_EQ(take(start), 2);
}

TEST_F(IdlePoolTest, ClearClosesAll) {
  put(1, start + seconds(60));
  put(2, start + seconds(60));
  pool_.clear();
  EXPECT_EQ(pool_.size(), 0u);
}

/// Runs something when it is destroyed, as closing a connection may.
struct Closing {
  std::function<void()> closed;
  explicit Closing(std::function<void()> what) : closed(std::move(what)) {}
  Closing(Closing&& other) noexcept : closed(std::exchange(other.closed, nullptr)) {}
  Closing& operator=(Closing&& other) noexcept {
    std::swap(closed, other.closed);
    return *this;
  }
  ~Closing() {
    if (closed) closed();
  }
};

TEST(IdlePoolClosing, MayLookAtThePool) {
  IdlePool<Closing> pool;
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 3; ++i) {
    pool.put(Closing([&] { sizes.push_back(pool.size()); }), IdleTime{start + seconds(i), start + seconds(i)},
             10);
  }
  pool.remove([](const Closing&) { return true; });
  pool.expire(start + seconds(1));
  pool.clear();
  EXPECT_EQ(sizes, (std::vector<std::size_t>{2, 1, 0}));
}

/// What `keepalive.max_idle` need not bound: as the last one in is the first one out, no more stay than were in use at
/// once in the last idle time.
TEST_F(IdlePoolTest, AsManyStayAsWereInUseAtOnce) {
  constexpr seconds idle_time{60};
  std::mt19937 random(11);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
  std::vector<Connection> in_use;
  std::deque<std::pair<TimePoint, std::size_t>> used;  // how many were in use, and until when
  TimePoint now = start;
  std::size_t wanted = 0, opened = 0;
  for (int step = 0; step < 30'000; ++step) {
    if (step % 500 == 0) wanted = 1 + below(below(20) == 0 ? 400 : 30);
    now += std::chrono::milliseconds{below(100)};
    used.emplace_back(now, in_use.size());
    if (in_use.size() < wanted && below(3) != 0) {
      auto kept = pool_.take(now, true);
      opened += kept ? 0 : 1;
      in_use.push_back(kept ? *std::move(kept) : std::make_unique<int>(step));
    } else if (!in_use.empty()) {
      std::swap(in_use[below(in_use.size())], in_use.back());
      ASSERT_FALSE(pool_.put(std::move(in_use.back()), IdleTime::from(now, idle_time), 100'000));
      in_use.pop_back();
    }
    used.emplace_back(now, in_use.size());
    (void)pool_.expire(now);
    while (used.front().first < now - idle_time) used.pop_front();
    const auto most = std::ranges::max_element(used, {}, &std::pair<TimePoint, std::size_t>::second);
    ASSERT_LE(pool_.size() + in_use.size(), most->second) << step;
  }
  EXPECT_LT(opened, 2'000U) << "most requests find a kept one";
}

}  // namespace
}  // namespace weir::upstream
