#include "limit/micro_lock.hpp"

namespace weir::limit {
namespace {

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

void MicroLock::lock_slowly() {
  std::atomic_ref<std::uint32_t> word(word_);
  for (int look = 0; look < looks_max; ++look) {
    std::uint32_t expected = free;
    if (word.load(std::memory_order_relaxed) == free && word.compare_exchange_weak(expected, held)) return;
    relax();
  }
  while (word.exchange(held_with_sleepers) != free) word.wait(held_with_sleepers);
}

}  // namespace weir::limit
