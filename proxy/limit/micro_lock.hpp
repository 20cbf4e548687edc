// A lock of four bytes that lives inside what it protects, for a few dozen instructions at a time. Taking a free one is
// one instruction on a cache line that is needed anyway. Who finds it taken looks again for a moment, then
// sleeps in the kernel: its holder may have lost the processor. Zeroed memory is a free lock. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace weir::limit {

class MicroLock {
 public:
  void lock() {
    std::uint32_t expected = free;
    std::atomic_ref<std::uint32_t> word(word_);
    if (!word.compare_exchange_strong(expected, held)) [[unlikely]]
      lock_slowly();
  }
  void unlock() {
    std::atomic_ref<std::uint32_t> word(word_);
    if (word.exchange(free) == held_with_sleepers) [[unlikely]]
      word.notify_one();
  }
  bool is_free() { return std::atomic_ref<std::uint32_t>(word_).load() == free; }

 private:
  enum : std::uint32_t { free, held, held_with_sleepers };
  static constexpr int looks_max = 100;
  void lock_slowly();

  std::uint32_t word_ = free;
};

}  // namespace weir::limit
