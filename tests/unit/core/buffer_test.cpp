#include "core/buffer.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace weir {
namespace {

void put(ReadBuffer& buffer, std::string_view text) {
  ASSERT_LE(text.size(), buffer.free_bytes());
  std::memcpy(buffer.free_begin(), text.data(), text.size());
  buffer.produced(text.size());
}

TEST(ReadBuffer, HoldsNoBlockUntilReservedAndNoneAfterDrop) {
  BufferPool pool;
  ReadBuffer buffer(pool);
  EXPECT_FALSE(buffer.has_block());
  EXPECT_EQ(buffer.free_bytes(), 0u);
  buffer.reserve(BufferPool::small_bytes);
  EXPECT_EQ(buffer.free_bytes(), BufferPool::small_bytes);
  buffer.drop();
  EXPECT_FALSE(buffer.has_block());
}

TEST(ReadBuffer, GrowingKeepsUnreadBytes) {
  BufferPool pool;
  ReadBuffer buffer(pool);
  buffer.reserve(BufferPool::small_bytes);
  put(buffer, "abcdef");
  buffer.consume(2);
  buffer.reserve(BufferPool::large_bytes);
  EXPECT_EQ(buffer.unread(), "cdef");
  EXPECT_EQ(buffer.free_bytes(), BufferPool::large_bytes - 4);
}

TEST(ReadBuffer, RewindStartsBehindThePinnedHead) {
  BufferPool pool;
  ReadBuffer buffer(pool);
  buffer.reserve(BufferPool::small_bytes);
  put(buffer, "headbody");
  const char* head = buffer.unread().data();
  buffer.consume(4);
  buffer.pin(4);
  buffer.rewind();
  EXPECT_EQ(buffer.unread(), "body") << "unread bytes are not thrown away";
  buffer.consume(4);
  buffer.rewind();
  put(buffer, "more");
  EXPECT_EQ(buffer.unread(), "more");
  EXPECT_EQ(std::string_view(head, 8), "headmore");
}

TEST(ReadBuffer, CompactMovesTheRestToTheFront) {
  BufferPool pool;
  ReadBuffer buffer(pool);
  buffer.reserve(BufferPool::small_bytes);
  put(buffer, std::string(100, 'x') + "next");
  buffer.consume(100);
  buffer.compact();
  EXPECT_EQ(buffer.unread(), "next");
  EXPECT_EQ(buffer.free_bytes(), BufferPool::small_bytes - 4);
}

TEST(BufferPool, ReusesBlocksOfItsSizes) {
  BufferPool pool;
  auto block = pool.acquire(BufferPool::small_bytes);
  const char* where = block.get();
  pool.release(std::move(block), BufferPool::small_bytes);
  EXPECT_EQ(pool.acquire(BufferPool::small_bytes).get(), where);
}

TEST(BufferPool, LendsABoundedNumberOfLargeBlocks) {
  BufferPool pool;
  std::vector<std::unique_ptr<ReadBuffer>> buffers;
  for (std::size_t i = 0; i < BufferPool::lent_large_max; ++i) {
    buffers.push_back(std::make_unique<ReadBuffer>(pool));
    EXPECT_TRUE(buffers.back()->may_be_large());
    buffers.back()->reserve(BufferPool::large_bytes);
  }
  ReadBuffer one_more(pool);
  EXPECT_FALSE(one_more.may_be_large());
  EXPECT_TRUE(buffers.front()->may_be_large()) << "it is already";
  one_more.reserve(BufferPool::small_bytes);
  EXPECT_FALSE(one_more.may_be_large());
  buffers.pop_back();
  EXPECT_TRUE(one_more.may_be_large());
}

}  // namespace
}  // namespace weir
