// How many connections an acceptor takes before those that are open get their turn.
#include "listen/acceptor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "support/loop.hpp"
#include "support/raw_client.hpp"

namespace weir::listen {
namespace {

using ::testing::Each;
using ::testing::Le;

/// Connections that wait in the kernel's queue before a worker accepts.
class Queued {
 public:
  explicit Queued(int count) {
    auto opened = open_listener(*SocketAddress::parse("127.0.0.1:0"), bound_);
    EXPECT_TRUE(opened.has_value());
    listening_ = std::move(*opened);
    for (int i = 0; i < count; ++i) clients_.emplace_back(bound_.port);
  }
  io::FileDescriptor take_listening() { return std::move(listening_); }

 private:
  SocketAddress bound_;
  io::FileDescriptor listening_;
  std::vector<weir::testing::RawClient> clients_;
};

/// What each turn of the loop accepted, the acceptor's own start first, until nothing was left.
std::vector<int> accepted_by_turn(int per_turn, int count) {
  Queued queued(count);
  weir::testing::Loop loop;
  int accepted = 0;
  std::vector<int> turns;
  auto acceptor = std::make_unique<Acceptor>(
      loop.reactor(), queued.take_listening(), [&](io::FileDescriptor, const SocketAddress&) { ++accepted; },
      per_turn, [](int, bool) { ADD_FAILURE() << "there are descriptors enough"; });
  turns.push_back(accepted);
  const weir::testing::Deadline deadline;
  while (accepted < count && !deadline.has_passed()) {
    const int before = accepted;
    loop.reactor().run_turn();
    turns.push_back(accepted - before);
  }
  EXPECT_EQ(accepted, count);
  acceptor.reset();
  loop.reactor().run_turn();  // in which its coroutine ends
  return turns;
}

void expect_at_most(int per_turn, int count) {
  const std::vector<int> turns = accepted_by_turn(per_turn, count);
  EXPECT_EQ(turns.front(), per_turn);
  EXPECT_THAT(turns, Each(Le(per_turn)));
}

TEST(Acceptor, TakesNoMoreThanItsBoundInATurnAndTheRestInLaterOnes) {
  expect_at_most(accepts_per_turn, accepts_per_turn + 10);
  expect_at_most(3, 11);
}

TEST(Acceptor, ThoseThatBeginWithAHandshakeComeOneByOne) {
  expect_at_most(tls_accepts_per_turn, 5);
}

}  // namespace
}  // namespace weir::listen
