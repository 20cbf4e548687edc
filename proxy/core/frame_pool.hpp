// Memory of coroutine frames: per-thread free lists by size, so that a request that suspends and resumes
// allocates nothing in steady state. A frame must be freed on the thread that made it (workers are
// single-threaded, so theirs are). Under AddressSanitizer the lists are off and every frame is its own heap
// block, so that use after free is seen.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define WEIR_POOL_FRAMES false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEIR_POOL_FRAMES false
#endif
#endif
#ifndef WEIR_POOL_FRAMES
#define WEIR_POOL_FRAMES true
#endif

namespace weir {

class FramePool {
 public:
  static constexpr bool pools = WEIR_POOL_FRAMES;
  static constexpr std::size_t size_step = 64;           // bytes between two size classes
  static constexpr std::size_t pooled_bytes_max = 4096;  // larger frames go to the heap
  static constexpr std::size_t kept_per_class_max = 1024;

  static void* allocate(std::size_t bytes);
  static void release(void* frame, std::size_t bytes) noexcept;
};

}  // namespace weir

#undef WEIR_POOL_FRAMES
