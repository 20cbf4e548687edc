#include "http2/send_queue.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "unit/http2/codec_client.hpp"

namespace weir::http2 {
namespace {

struct NamedStream : Stream {
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

/// Of streams that a client has opened, and so with ids: 1, 3, 5 and 7.
class SendQueueOfIds : public testing::Test {
 protected:
  SendQueueOfIds() {
    client.connect();
    for (std::uint32_t id = 1; id <= 7; id += 2) client.tell(headers(id, get_block(), true));
  }
  ~SendQueueOfIds() override {
    for (std::uint32_t id = 1; id <= 7; id += 2) queue.remove(stream(id));
  }
  TestStream& stream(std::uint32_t id) { return client.owner.stream(id); }
  void push(std::initializer_list<std::uint32_t> ids) {
    for (const std::uint32_t id : ids) queue.push(stream(id));
  }
  /// All that are queued, as they would be served to their end.
  std::string order() {
    std::string ids;
    while (!queue.empty()) {
      ids += std::to_string(queue.front().id());
      queue.remove(queue.front());
    }
    return ids;
  }

  Client client;
  SendQueue queue;
};

TEST_F(SendQueueOfIds, GoInTheirOrderHoweverTheyCome) {
  for (const auto& ids :
       {std::initializer_list<std::uint32_t>{1, 3, 5, 7}, {7, 5, 3, 1}, {5, 1, 7, 3}, {3, 7, 1, 5}}) {
    push(ids);
    EXPECT_EQ(order(), "1357");
  }
}

TEST_F(SendQueueOfIds, OneThatComesBackIsNextAgain) {
  push({1, 3, 5});
  queue.remove(stream(1));
  EXPECT_TRUE(queue.is_next(stream(1)));
  EXPECT_FALSE(queue.is_next(stream(7)));
  push({1});
  EXPECT_EQ(order(), "135");
  EXPECT_TRUE(queue.is_next(stream(7)));
}

TEST_F(SendQueueOfIds, IncrementalOnesKeepTheirPlaces) {
  stream(1).priority.incremental = stream(5).priority.incremental = true;
  push({5, 7, 1, 3});
  EXPECT_FALSE(queue.is_next(stream(3))) << "5 has its turn";
  EXPECT_EQ(order(), "5713") << "3 goes before no incremental one that was there";
}

TEST_F(SendQueueOfIds, AMoreUrgentOneIsNext) {
  stream(7).priority.urgency = 1;
  push({1, 3});
  EXPECT_TRUE(queue.is_next(stream(7)));
  push({7});
  EXPECT_FALSE(queue.is_next(stream(1)));
  EXPECT_EQ(order(), "713");
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
