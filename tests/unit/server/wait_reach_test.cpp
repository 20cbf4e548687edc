// Waits that may use different endpoints in one queue: none that could go is kept by one that cannot.
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <thread>
#include <vector>

#include "core/rng.hpp"
#include "core/task.hpp"
#include "server/wait_queue.hpp"
#include "support/deadline.hpp"

namespace weir::server {
namespace {

using std::chrono::seconds;

/// Endpoints with so many places each.
struct Pool {
  struct Endpoint {
    std::atomic<int> free{0};
    std::atomic<bool> out{false};
  };
  explicit Pool(std::size_t size) : endpoints(size) {}

  std::vector<Endpoint> endpoints;
  std::atomic<int> looks{0};
};

/// What one request may use, and what it got.
struct Asking {
  Pool* pool = nullptr;
  std::vector<std::size_t> may_use;
  std::size_t got = 0;
};

bool take(Pool::Endpoint& endpoint) {
  int now = endpoint.free.load(std::memory_order_relaxed);
  while (now > 0) {
    if (endpoint.free.compare_exchange_weak(now, now - 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

Place look(void* asking) {
  Asking& self = *static_cast<Asking*>(asking);
  ++self.pool->looks;
  bool any = false;
  for (const std::size_t i : self.may_use) {
    Pool::Endpoint& endpoint = self.pool->endpoints[i];
    if (endpoint.out) continue;
    any = true;
    if (!take(endpoint)) continue;
    self.got = i;
    return Place::got;
  }
  return any ? Place::full : Place::no_endpoint;
}

/// The waits of one worker on the test's own thread. A generation is a pointer; a request that may use endpoints of
/// `tried` only is a retry.
class WaitReach : public ::testing::Test {
 protected:
  struct Result {
    int number;
    WaitEnd end;
    std::size_t endpoint;
    bool operator==(const Result&) const = default;
  };

  /// Request `number` of the generation that knows endpoints 0 .. known - 1.
  Detached wait(int number, std::size_t known, balance::Tried tried = {}, TimePoint deadline = late()) {
    Asking asking{&pool_, {}, 99};
    for (std::size_t i = 0; i < known; ++i) {
      if (!tried.contains(i)) asking.may_use.push_back(i);
    }
    Wait waiting(line_, {&generations_[known], tried}, &look, &asking);
    waits_.resize(std::max<std::size_t>(waits_.size(), static_cast<std::size_t>(number) + 1));
    waits_[static_cast<std::size_t>(number)] = &waiting;
    if (!waiting.enter(100, deadline)) co_return;
    const WaitEnd end = co_await waiting;
    waits_[static_cast<std::size_t>(number)] = nullptr;
    ended_.push_back({number, end, asking.got});
  }
  void TearDown() override {
    for (Wait* const waiting : waits_) {
      if (waiting != nullptr) waiting->give_up(WaitEnd::shutdown);
    }
    turns();
    EXPECT_EQ(queue_->waiting(), 0u);
  }
  void turns() {
    for (int i = 0; i < 12; ++i) reactor_.run_turn();
  }
  void free(std::size_t endpoint, int places = 1) {
    pool_.endpoints[endpoint].free += places;
    queue_->place_freed();
  }
  static TimePoint late() { return Clock::now() + seconds(60); }

  io::Reactor reactor_;
  std::shared_ptr<WaitQueue> queue_ = std::make_shared<WaitQueue>();
  std::shared_ptr<WaitLine> line_ = std::make_shared<WaitLine>(reactor_, queue_);
  Pool pool_{4};
  std::array<char, 8> generations_{};
  std::vector<Result> ended_;
  std::vector<Wait*> waits_;
};

TEST_F(WaitReach, OneThatCanGoDoesNotWaitBehindOneThatCannot) {
  for (int i = 0; i < 5; ++i) wait(i, 1);  // an old generation, which knows endpoint 0 only
  wait(5, 2);
  wait(6, 2);
  turns();
  free(1);
  turns();
  EXPECT_EQ(ended_, (std::vector<Result>{{5, WaitEnd::served, 1}}));
  EXPECT_EQ(queue_->waiting(), 6u);
}

TEST_F(WaitReach, AmongThoseThatCanTheOldestGoesFirst) {
  wait(0, 1);
  wait(1, 2);
  wait(2, 1);
  wait(3, 2);
  turns();
  const std::vector<int> order{0, 1, 2, 3};
  for (const int next : order) {
    free(0);
    turns();
    ASSERT_FALSE(ended_.empty());
    EXPECT_EQ(ended_.back(), (Result{next, WaitEnd::served, 0}));
  }
}

TEST_F(WaitReach, ARetryNeverGetsWhatItTried) {
  wait(0, 2, {0});
  wait(1, 2, {1});
  wait(2, 2);
  turns();
  free(0);
  turns();
  EXPECT_EQ(ended_, (std::vector<Result>{{1, WaitEnd::served, 0}}));
  free(0);
  turns();
  EXPECT_EQ(ended_.back(), (Result{2, WaitEnd::served, 0}));
  free(1);
  turns();
  EXPECT_EQ(ended_.back(), (Result{0, WaitEnd::served, 1}));
}

TEST_F(WaitReach, ARoundAsksEachReachOnceInVain) {
  for (int i = 0; i < 60; ++i) wait(i, i < 30 ? 1 : 2);
  turns();
  pool_.looks = 0;
  free(2);  // without a call
  turns();
  EXPECT_EQ(pool_.looks, 2);
  pool_.looks = 0;
  free(1);
  turns();
  EXPECT_EQ(pool_.looks, 3) << "the old reach, the one that is served, and the next one of its reach";
}

TEST_F(WaitReach, SeveralPlacesServeAsManyOfWhicheverReach) {
  for (int i = 0; i < 80; ++i) wait(i, i % 2 == 0 ? 1 : 2);
  turns();
  pool_.endpoints[0].free = 30;
  pool_.endpoints[1].free = 20;
  queue_->place_freed();
  turns();
  EXPECT_EQ(ended_.size(), 50u);
  EXPECT_EQ(queue_->waiting(), 30u);
}

TEST_F(WaitReach, TheFirstOfItsReachIsCalledOnceMore) {
  wait(0, 1);
  turns();
  pool_.endpoints[1].free = 1;  // came free between the refusal and the wait
  wait(1, 2);
  turns();
  EXPECT_EQ(ended_, (std::vector<Result>{{1, WaitEnd::served, 1}}));
}

TEST_F(WaitReach, OneThatLeavesOrIsLatePassesItsCallOn) {
  wait(0, 2);
  wait(1, 2, {0});
  turns();
  free(1);
  waits_[0]->give_up(WaitEnd::client_left);
  turns();
  EXPECT_EQ(ended_, (std::vector<Result>{{0, WaitEnd::client_left, 99}, {1, WaitEnd::served, 1}}));
}

TEST_F(WaitReach, ACallThatComesTooLateGoesOnElsewhere) {
  io::Reactor elsewhere;
  const auto other = std::make_shared<WaitLine>(elsewhere, queue_);
  const auto mine = std::exchange(line_, other);
  wait(0, 2);
  line_ = mine;
  wait(1, 2);
  turns();
  free(1);
  waits_[0]->give_up(WaitEnd::timeout);
  turns();
  EXPECT_TRUE(ended_.empty());
  elsewhere.run_turn();
  turns();
  EXPECT_EQ(ended_, (std::vector<Result>{{0, WaitEnd::timeout, 99}, {1, WaitEnd::served, 1}}));
}

TEST_F(WaitReach, OneWithoutAnEndpointEnds) {
  wait(0, 2, {0});
  wait(1, 2, {0});
  wait(2, 2);
  turns();
  EXPECT_TRUE(ended_.empty());
  pool_.endpoints[1].out = true;
  line_->look_again();
  turns();
  EXPECT_EQ(ended_, (std::vector<Result>{{0, WaitEnd::no_endpoint, 99}, {1, WaitEnd::no_endpoint, 99}}));
  pool_.endpoints[0].out = true;
  line_->look_again();
  turns();
  EXPECT_EQ(ended_.back(), (Result{2, WaitEnd::no_endpoint, 99}));
  EXPECT_EQ(queue_->waiting(), 0u);
}

TEST_F(WaitReach, NewcomersGoBehindTheirLikeAndDuringARound) {
  EXPECT_FALSE(queue_->goes_behind({&generations_[1], {}}, 10));
  wait(0, 1);
  EXPECT_TRUE(queue_->goes_behind({&generations_[1], {}}, 10));
  EXPECT_FALSE(queue_->goes_behind({&generations_[2], {}}, 10)) << "all who wait were asked";
  free(2);
  EXPECT_TRUE(queue_->goes_behind({&generations_[2], {}}, 10)) << "the place may be for who waits";
  EXPECT_FALSE(queue_->goes_behind({&generations_[2], {}}, 1)) << "it could only be refused";
  turns();
  EXPECT_FALSE(queue_->goes_behind({&generations_[2], {}}, 10));
  EXPECT_TRUE(queue_->goes_behind({&generations_[1], {}}, 1));
}

/// One worker on a thread of its own. Each request may use some of the endpoints, takes a place, holds it for a few
/// turns and gives it back; some clients leave while they wait.
class Crowd {
 public:
  Crowd(std::shared_ptr<WaitQueue> queue, Pool& pool, int requests, std::uint64_t seed,
        std::atomic<int>& late)
      : queue_(std::move(queue)), pool_(pool), left_(requests), rng_(seed), late_(late) {
    thread_ = std::thread([this] {
      line_ = std::make_shared<WaitLine>(reactor_, queue_);
      const int count = left_;
      for (int i = 0; i < count; ++i) request();
      reactor_.run();
    });
  }
  ~Crowd() { thread_.join(); }

 private:
  Detached request() {
    const int hold_turns = static_cast<int>(rng_() % 7);
    const std::size_t skipped = rng_() % (pool_.endpoints.size() + 1);
    const bool leaves = rng_() % 4 == 0;
    for (int i = 0; i < hold_turns; ++i) co_await io::Yield(reactor_);
    Asking asking{&pool_, {}, 0};
    Reach reach{&pool_, {}};
    if (skipped < pool_.endpoints.size()) reach.tried.add(skipped);
    for (std::size_t i = 0; i < pool_.endpoints.size(); ++i) {
      if (i != skipped) asking.may_use.push_back(i);
    }
    bool has_place =
        (queue_->waiting() == 0 || !queue_->goes_behind(reach, 1'000'000)) && look(&asking) == Place::got;
    if (!has_place) {
      Wait wait(line_, reach, &look, &asking);
      wait.enter(1'000'000, Clock::now() + seconds(100));
      if (leaves) leave_soon(wait);
      const WaitEnd end = co_await wait;
      has_place = end == WaitEnd::served;
      if (end == WaitEnd::timeout) ++late_;
      if (leaves) leaving_ = nullptr;
    }
    for (int i = 0; i < hold_turns; ++i) co_await io::Yield(reactor_);
    if (has_place) {
      ++pool_.endpoints[asking.got].free;
      queue_->place_freed();
    }
    if (--left_ == 0) reactor_.stop();
  }
  /// The last one that wants to leaves a few turns later, whatever has become of its wait.
  Detached leave_soon(Wait& wait) {
    leaving_ = &wait;
    for (int i = 0; i < 3; ++i) co_await io::Yield(reactor_);
    if (leaving_ == &wait) wait.give_up(WaitEnd::client_left);
  }

  io::Reactor reactor_;
  const std::shared_ptr<WaitQueue> queue_;
  std::shared_ptr<WaitLine> line_;
  Pool& pool_;
  int left_;
  Rng rng_;
  std::atomic<int>& late_;
  Wait* leaving_ = nullptr;
  std::thread thread_;
};

/// Nothing calls look_again() here: a lost wake-up would wait for its deadline.
TEST(WaitReachThreads, NoWakeUpIsLost) {
  for (std::uint64_t round = 0; round < 20; ++round) {
    const auto queue = std::make_shared<WaitQueue>();
    Pool pool(3);
    for (auto& endpoint : pool.endpoints) endpoint.free = 1;
    std::atomic<int> late{0};
    {
      Crowd a(queue, pool, 400, round * 3 + 1, late), b(queue, pool, 300, round * 3 + 2, late),
          c(queue, pool, 1, round * 3 + 3, late);
    }
    EXPECT_EQ(late, 0);
    EXPECT_EQ(queue->waiting(), 0u);
    for (auto& endpoint : pool.endpoints) EXPECT_EQ(endpoint.free, 1);
  }
}

}  // namespace
}  // namespace weir::server
