#include "core/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace weir {
namespace {

/// Something to suspend on that the test resumes by hand.
struct Gate {
  std::coroutine_handle<> waiting;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) { waiting = handle; }
  void await_resume() const noexcept {}
};

Task<int> number(int value) {
  co_return value;
}

Task<int> sum(int count) {
  int total = 0;
  for (int i = 0; i < count; ++i) total += co_await number(1);
  co_return total;
}

Task<std::unique_ptr<std::string>> move_only() {
  co_return std::make_unique<std::string>("moved");
}

Task<> fail() {
  throw std::runtime_error("no");
  co_return;
}

Task<int> wait_at(Gate& gate, int value) {
  co_await gate;
  co_return value;
}

template <class T>
Detached run(Task<T> task, T& result, bool& done) {
  result = co_await task;
  done = true;
}

TEST(Task, IsLazyAndGivesItsValue) {
  int result = 0;
  bool done = false;
  run(sum(3), result, done);
  EXPECT_TRUE(done);
  EXPECT_EQ(result, 3);
}

TEST(Task, ALongChainOfFinishedTasksUsesNoStack) {
  int result = 0;
  bool done = false;
  run(sum(1'000'000), result, done);
  EXPECT_EQ(result, 1'000'000);
}

TEST(Task, MovesItsResult) {
  std::unique_ptr<std::string> result;
  bool done = false;
  run(move_only(), result, done);
  EXPECT_EQ(*result, "moved");
}

TEST(Task, SuspendsAndResumes) {
  Gate gate;
  int result = 0;
  bool done = false;
  run(wait_at(gate, 7), result, done);
  EXPECT_FALSE(done);
  gate.waiting.resume();
  EXPECT_TRUE(done);
  EXPECT_EQ(result, 7);
}

Task<int> catching() {
  try {
    co_await fail();
  } catch (const std::runtime_error&) {
    co_return 1;
  }
  co_return 0;
}

TEST(Task, PassesExceptionsToTheAwaiter) {
  int result = 0;
  bool done = false;
  run(catching(), result, done);
  EXPECT_EQ(result, 1);
}

TEST(Task, AnUnstartedTaskIsFreed) {
  auto alive = std::make_shared<int>(0);
  auto hold = [](std::shared_ptr<int> held) -> Task<> {
    (void)held;
    co_return;
  };
  {
    Task<> never = hold(alive);
    EXPECT_EQ(alive.use_count(), 2);
  }
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(FramePool, GivesFramesBackOut) {
  void* first = FramePool::allocate(100);
  FramePool::release(first, 100);
  void* second = FramePool::allocate(120);  // the same size class

  if (FramePool::pools) {
    EXPECT_EQ(first, second);
  }

  FramePool::release(second, 120);
}

TEST(FramePool, LargeFramesComeFromTheHeap) {
  void* frame = FramePool::allocate(FramePool::pooled_bytes_max + 1);
  ASSERT_NE(frame, nullptr);
  FramePool::release(frame, FramePool::pooled_bytes_max + 1);
}

}  // namespace
}  // namespace weir
