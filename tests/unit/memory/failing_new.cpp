#include "unit/memory/failing_new.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace weir::testing {
namespace {

thread_local std::int64_t granted = FailingNew::for_good, refused_left = 0, refused = 0;
thread_local bool always = false;
std::atomic<bool> elsewhere{false};
std::atomic<std::int64_t> refused_elsewhere{0};

bool may_have() {
  if (always) return true;
  if (elsewhere.load(std::memory_order_relaxed)) {
    refused_elsewhere.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  if (granted > 0) {
    --granted;
    return true;
  }
  if (refused_left == 0) return true;
  --refused_left;
  ++refused;
  return false;
}

void* take(std::size_t bytes, std::size_t alignment) {
  if (!may_have()) throw std::bad_alloc();
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* const block = alignment <= alignof(std::max_align_t) ? std::malloc(bytes == 0 ? 1 : bytes)
                                                             : std::aligned_alloc(alignment, rounded);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

FailingNew::FailingNew(std::int64_t after, std::int64_t times) {
  granted = after;
  refused_left = times;
  refused = 0;
}
FailingNew::~FailingNew() {
  granted = for_good;
  refused_left = 0;
}
std::int64_t FailingNew::failed() {
  return refused;
}

NoMemoryElsewhere::NoMemoryElsewhere() {
  always = true;
  refused_elsewhere = 0;
  elsewhere = true;
}
NoMemoryElsewhere::~NoMemoryElsewhere() {
  elsewhere = false;
  always = false;
}
std::int64_t NoMemoryElsewhere::failed() const {
  return refused_elsewhere;
}

}  // namespace weir::testing

void* operator new(std::size_t bytes) {
  return weir::testing::take(bytes, alignof(std::max_align_t));
}
void* operator new[](std::size_t bytes) {
  return weir::testing::take(bytes, alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return weir::testing::take(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return weir::testing::take(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept {
  std::free(block);
}
void operator delete[](void* block) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
  std::free(block);
}
void operator delete[](void* block, std::size_t) noexcept {
  std::free(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
  std::free(block);
}
void operator delete[](void* block, std::align_val_t) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
  std::free(block);
}
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept {
  std::free(block);
}
