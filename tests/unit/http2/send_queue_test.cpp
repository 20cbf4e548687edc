#include "http2/send_queue.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace weir::http2 {
namespace {

struct NamedStream : ServerStream {
  NamedStream(char letter, Priority wish) : name(letter) { priority = wish; }
  char name;
};

/// The next `turns` fronts.
std::string order(SendQueue& queue, int turns) {
  std::string names;
  for (int i = 0; i < turns && !queue.empty(); ++i) {
    names += static_cast<NamedStream&>(queue.front()).name;
    queue.rotate();
  }
  return names;
}

TEST(SendQueue, LowerUrgencyFirst) {
  SendQueue queue;
  NamedStream a('a', {7, false}), b('b', {0, false}), c('c', {3, false});
  for (NamedStream* stream : {&a, &b, &c}) queue.push(*stream);
  std::string names;
  while (!queue.empty()) {
    names += static_cast<NamedStream&>(queue.front()).name;
    queue.remove(queue.front());
  }
  EXPECT_EQ(names, "bca");
}

TEST(SendQueue, FirstInFirstOut) {
  SendQueue queue;
  NamedStream a('a', {}), b('b', {});
  queue.push(a);
  queue.push(b);
  EXPECT_EQ(order(queue, 3), "aaa");
  queue.remove(a);
  EXPECT_EQ(order(queue, 2), "bb");
}

TEST(SendQueue, IncrementalStreamsTakeTurns) {
  SendQueue queue;
  NamedStream a('a', {3, true}), b('b', {3, true}), c('c', {3, true}), late('l', {4, true});
  for (NamedStream* stream : {&late, &a, &b, &c}) queue.push(*stream);
  EXPECT_EQ(order(queue, 7), "abcabca");
  queue.remove(c);
  EXPECT_EQ(order(queue, 4), "baba");
}

TEST(SendQueue, OthersHoldTheFrontUntilTheyAreDone) {
  SendQueue queue;
  NamedStream a('a', {3, true}), b('b', {3, false}), c('c', {3, true});
  for (NamedStream* stream : {&a, &b, &c}) queue.push(*stream);
  EXPECT_EQ(order(queue, 4), "abbb");
  queue.remove(b);
  EXPECT_EQ(order(queue, 4), "caca");
}

TEST(SendQueue, PushAndRemoveTwiceChangeNothing) {
  SendQueue queue;
  NamedStream a('a', {}), b('b', {});
  queue.push(a);
  queue.push(b);
  queue.push(a);
  EXPECT_TRUE(a.queued());
  queue.remove(a);
  queue.remove(a);
  EXPECT_FALSE(a.queued());
  EXPECT_EQ(order(queue, 1), "b");
  queue.remove(b);
  EXPECT_TRUE(queue.empty());
}

TEST(SendQueue, Reprioritise) {
  SendQueue queue;
  NamedStream a('a', {}), b('b', {}), c('c', {});
  queue.push(a);
  queue.push(b);
  b.priority.urgency = 1;
  queue.reprioritise(b);
  EXPECT_EQ(order(queue, 1), "b");
  b.priority.urgency = 6;
  EXPECT_EQ(order(queue, 1), "b");  // nobody said so yet
  queue.reprioritise(b);
  EXPECT_EQ(order(queue, 1), "a");
  queue.reprioritise(c);
  EXPECT_FALSE(c.queued());
  queue.remove(a);
  queue.remove(b);
  EXPECT_TRUE(queue.empty());
}

TEST(SendQueue, UrgencyBeyondTheLevelsIsTheLast) {
  SendQueue queue;
  NamedStream a('a', {200, false});
  queue.push(a);
  EXPECT_EQ(order(queue, 1), "a");
  queue.remove(a);
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace weir::http2
