#include "core/frame_pool.hpp"

#include <array>
#include <new>
#include <utility>

namespace weir {
namespace {

struct FreeFrame {
  FreeFrame* next;
};

struct FreeList {
  FreeFrame* head = nullptr;
  std::size_t count = 0;
};

struct ThreadPool {
  std::array<FreeList, FramePool::pooled_bytes_max / FramePool::size_step + 1> classes;

  ~ThreadPool() {
    for (auto& list : classes) {
      while (list.head != nullptr) ::operator delete(std::exchange(list.head, list.head->next));
    }
  }
};

thread_local ThreadPool pool;

constexpr std::size_t class_of(std::size_t bytes) {
  return (bytes + FramePool::size_step - 1) / FramePool::size_step;
}

}  // namespace

void* FramePool::allocate(std::size_t bytes) {
  if (!pools || bytes > pooled_bytes_max) return ::operator new(bytes);
  FreeList& list = pool.classes[class_of(bytes)];
  if (list.head == nullptr) return ::operator new(class_of(bytes) * size_step);
  --list.count;
  return std::exchange(list.head, list.head->next);
}

void FramePool::release(void* frame, std::size_t bytes) noexcept {
  if (pools && bytes <= pooled_bytes_max) {
    FreeList& list = pool.classes[class_of(bytes)];
    if (list.count < kept_per_class_max) {
      list.head = new (frame) FreeFrame{list.head};
      ++list.count;
      return;
    }
  }
  ::operator delete(frame);
}

}  // namespace weir
