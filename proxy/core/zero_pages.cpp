#include "core/zero_pages.hpp"

#include <sys/mman.h>

namespace weir {

ZeroPages::ZeroPages(std::size_t bytes) {
  void* const mapped =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return;
  data_ = mapped;
  bytes_ = bytes;
}

ZeroPages::~ZeroPages() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

}  // namespace weir
