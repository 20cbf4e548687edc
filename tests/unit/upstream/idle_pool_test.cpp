#include "upstream/idle_pool.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

namespace weir::upstream {
namespace {

using std::chrono::seconds;
using Connection = std::unique_ptr<int>;

constexpr TimePoint start{seconds(100)};

class IdlePoolTest : public testing::Test {
 protected:
  int put(int id, TimePoint expires_at, std::size_t max_idle = 10) {
    const auto back = pool_.put(std::make_unique<int>(id), expires_at, max_idle);
    return back ? **back : 0;
  }
  int take(TimePoint now) {
    const auto taken = pool_.take(now);
    return taken ? **taken : 0;
  }

  IdlePool<Connection> pool_;
};

TEST_F(IdlePoolTest, EmptyGivesNothing) {
  EXPECT_EQ(take(start), 0);
  EXPECT_EQ(pool_.expire(start), 0u);
  EXPECT_EQ(pool_.next_expiry(), std::nullopt);
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
  EXPECT_EQ(pool_.next_expiry(), start + seconds(4));
  EXPECT_EQ(pool_.expire(start + seconds(5)), 2u);
  EXPECT_EQ(pool_.next_expiry(), start + seconds(60));
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
    pool.put(Closing([&] { sizes.push_back(pool.size()); }), start + seconds(i), 10);
  }
  pool.remove([](const Closing&) { return true; });
  pool.expire(start + seconds(1));
  pool.clear();
  EXPECT_EQ(sizes, (std::vector<std::size_t>{2, 1, 0}));
}

}  // namespace
}  // namespace weir::upstream
