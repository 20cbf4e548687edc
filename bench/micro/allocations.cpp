// Replaces the global operator new to count its calls. Aligned and nothrow forms end in these or are not used by the
// measured code.
#include <cstdlib>
#include <new>

#include "measure.hpp"

namespace {

thread_local std::uint64_t calls = 0;

void* counted(std::size_t bytes) {
  ++calls;
  if (void* block = std::malloc(bytes == 0 ? 1 : bytes)) return block;
  throw std::bad_alloc();
}

}  // namespace

std::uint64_t weir::bench::allocations() {
  return calls;
}

void* operator new(std::size_t bytes) {
  return counted(bytes);
}
void* operator new[](std::size_t bytes) {
  return counted(bytes);
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
