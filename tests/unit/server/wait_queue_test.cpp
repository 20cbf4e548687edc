#include "server/wait_queue.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "core/task.hpp"
#include "server/snapshot.hpp"
#include "support/deadline.hpp"

namespace weir::server {
namespace {

using std::chrono::seconds;

/// What requests wait for: `max` places.
struct Places {
  explicit Places(std::uint32_t most) : max(most) {}
  bool take() {
    std::uint32_t now = taken.load(std::memory_order_relaxed);
    while (now < max) {
      if (taken.compare_exchange_weak(now, now + 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  void give_back(WaitQueue& queue) {
    taken.fetch_sub(1, std::memory_order_relaxed);
    queue.place_freed();
  }
  std::atomic<std::uint32_t> max;
  std::atomic<std::uint32_t> taken{0};
};

Place take_place(void* places) {
  return static_cast<Places*>(places)->take() ? Place::got : Place::full;
}

Reach reach_of(const Places& places) {
  return {&places, {}};
}

/// One worker's part, on the test's own thread.
class WaitQueueTest : public ::testing::Test {
 protected:
  struct Result {
    int number;
    WaitEnd end;
    bool operator==(const Result&) const = default;
  };

  Detached wait(int number, TimePoint deadline, std::uint32_t max = 100) {
    Wait waiting(line_, reach_of(places_), &take_place, &places_);
    if (number == watched_) wait_ = &waiting;
    if (!waiting.enter(max, deadline)) {
      ++full_;
      co_return;
    }
    const WaitEnd end = co_await waiting;
    ended_.push_back({number, end});
  }
  void turns() {
    for (int i = 0; i < 5; ++i) reactor_.run_turn();
  }
  TimePoint late() const { return Clock::now() + seconds(60); }

  io::Reactor reactor_;
  std::shared_ptr<WaitQueue> queue_ = std::make_shared<WaitQueue>();
  std::shared_ptr<WaitLine> line_ = std::make_shared<WaitLine>(reactor_, queue_);
  Places places_{1};
  std::vector<Result> ended_;
  int watched_ = -1;
  Wait* wait_ = nullptr;
  int full_ = 0;
};

TEST_F(WaitQueueTest, TheOldestIsServedFirst) {
  ASSERT_TRUE(places_.take());
  for (int i = 0; i < 3; ++i) wait(i, late());
  EXPECT_EQ(queue_->waiting(), 3u);
  turns();
  EXPECT_TRUE(ended_.empty());
  for (int i = 0; i < 3; ++i) {
    places_.give_back(*queue_);
    turns();
    ASSERT_EQ(ended_.size(), static_cast<std::size_t>(i) + 1);
    EXPECT_EQ(ended_.back(), (Result{i, WaitEnd::served}));
  }
  EXPECT_EQ(queue_->waiting(), 0u);
}

TEST_F(WaitQueueTest, OneThatIsAloneLooksOnceMore) {
  wait(0, late());  // the place came free between the refusal and this
  EXPECT_EQ(ended_, (std::vector<Result>{{0, WaitEnd::served}}));
}

// A reload brought the limits: requests of the generation before, which has none, free places all the same.
TEST_F(WaitQueueTest, AGenerationWithoutLimitsFreesPlacesToo) {
  upstream::EndpointState endpoint("app", "127.0.0.1:1", SocketAddress{}, 0);
  UpstreamRuntime before;
  before.queue = queue_;
  before.candidates.push_back({&endpoint});
  ASSERT_FALSE(before.rules.limits);
  endpoint.in_flight = 2;
  before.release(0);
  ASSERT_TRUE(places_.take());
  wait(0, late());
  --places_.taken;
  turns();
  EXPECT_TRUE(ended_.empty());
  before.release(0);
  turns();
  EXPECT_EQ(ended_, (std::vector<Result>{{0, WaitEnd::served}}));
}

TEST_F(WaitQueueTest, IsBounded) {
  ASSERT_TRUE(places_.take());
  wait(0, late(), 2);
  wait(1, late(), 2);
  wait(2, late(), 2);
  EXPECT_EQ(full_, 1);
  EXPECT_EQ(queue_->waiting(), 2u);
  places_.give_back(*queue_);
  turns();
  wait(3, late(), 2);
  EXPECT_EQ(full_, 1);
  places_.give_back(*queue_);
  turns();
  places_.give_back(*queue_);
  turns();
  EXPECT_EQ(ended_.size(), 3u);
}

TEST_F(WaitQueueTest, TimePasses) {
  ASSERT_TRUE(places_.take());
  wait(0, Clock::now());
  wait(1, late());
  weir::testing::eventually("the deadline passes", [&] {
    turns();
    return ended_.size() == 1;
  });
  EXPECT_EQ(ended_.back(), (Result{0, WaitEnd::timeout}));
  EXPECT_EQ(queue_->waiting(), 1u);
  places_.give_back(*queue_);
  turns();
  EXPECT_EQ(ended_.back(), (Result{1, WaitEnd::served}));
}

TEST_F(WaitQueueTest, OneThatLeavesPassesItsCallOn) {
  ASSERT_TRUE(places_.take());
  watched_ = 0;
  wait(0, late());
  wait(1, late());
  places_.give_back(*queue_);  // the call is on its way ...
  wait_->give_up(WaitEnd::client_left);
  turns();
  EXPECT_EQ(ended_, (std::vector<Result>{{0, WaitEnd::client_left}, {1, WaitEnd::served}}));
}

TEST_F(WaitQueueTest, PlacesWithoutACallAreFound) {
  ASSERT_TRUE(places_.take());
  wait(0, late());
  places_.taken = 0;
  turns();
  EXPECT_TRUE(ended_.empty());
  line_->look_again();
  turns();
  EXPECT_EQ(ended_, (std::vector<Result>{{0, WaitEnd::served}}));
}

TEST_F(WaitQueueTest, ACallReachesAnotherWorker) {
  ASSERT_TRUE(places_.take());
  io::Reactor elsewhere;
  const auto other = std::make_shared<WaitLine>(elsewhere, queue_);
  const auto mine = std::exchange(line_, other);
  wait(0, late());
  line_ = mine;
  places_.give_back(*queue_);
  turns();
  EXPECT_TRUE(ended_.empty());
  elsewhere.run_turn();
  elsewhere.run_turn();
  EXPECT_EQ(ended_, (std::vector<Result>{{0, WaitEnd::served}}));
}

TEST_F(WaitQueueTest, SeveralFreePlacesWakeAsMany) {
  ASSERT_TRUE(places_.take());
  for (int i = 0; i < 4; ++i) wait(i, late());
  // As when an endpoint recovers: several places at once, one call.
  places_.max = 4;
  line_->look_again();
  turns();
  EXPECT_EQ(ended_, (std::vector<Result>{{0, WaitEnd::served}, {1, WaitEnd::served}, {2, WaitEnd::served}}));
  places_.give_back(*queue_);
  turns();
  EXPECT_EQ(ended_.size(), 4u);
}

/// One worker of its own thread whose requests take a place, hold it for a while and give it back.
class Crowd {
 public:
  Crowd(std::shared_ptr<WaitQueue> queue, Places& places, int requests, std::atomic<int>& timeouts)
      : queue_(std::move(queue)), places_(places), left_(requests), timeouts_(timeouts) {
    thread_ = std::thread([this] {
      line_ = std::make_shared<WaitLine>(reactor_, queue_);
      const int count = left_;
      for (int i = 0; i < count; ++i) request(i % 7);
      reactor_.run();
    });
  }
  ~Crowd() { thread_.join(); }

 private:
  Detached request(int hold_turns) {
    for (int i = 0; i < hold_turns; ++i) co_await io::Yield(reactor_);
    bool has_place = queue_->waiting() == 0 && places_.take();
    if (!has_place) {
      Wait wait(line_, reach_of(places_), &take_place, &places_);
      wait.enter(1'000'000, Clock::now() + seconds(100));
      const WaitEnd end = co_await wait;
      has_place = end == WaitEnd::served;
    }
    if (!has_place) ++timeouts_;
    for (int i = 0; i < hold_turns; ++i) co_await io::Yield(reactor_);
    if (has_place) places_.give_back(*queue_);
    if (--left_ == 0) reactor_.stop();
  }

  io::Reactor reactor_;
  const std::shared_ptr<WaitQueue> queue_;
  std::shared_ptr<WaitLine> line_;
  Places& places_;
  int left_;
  std::atomic<int>& timeouts_;
  std::thread thread_;
};

/// Nothing calls look_again() here: a lost wake-up would wait for its deadline.
TEST(WaitQueueThreads, NoWakeUpIsLost) {
  for (int round = 0; round < 20; ++round) {
    const auto queue = std::make_shared<WaitQueue>();
    Places places(1 + static_cast<std::uint32_t>(round) % 3);
    std::atomic<int> timeouts{0};
    { Crowd a(queue, places, 400, timeouts), b(queue, places, 300, timeouts), c(queue, places, 1, timeouts); }
    EXPECT_EQ(timeouts, 0);
    EXPECT_EQ(queue->waiting(), 0u);
    EXPECT_EQ(places.taken, 0u);
  }
}

}  // namespace
}  // namespace weir::server
