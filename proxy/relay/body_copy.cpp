#include "relay/body_copy.hpp"

#include <new>

#include "core/kept_text.hpp"

namespace weir::relay {

void BodyCopy::begin(std::size_t bytes_max) {
  empty_text(bytes_);
  bytes_max_ = bytes_max;
  complete_ = true;
}

void BodyCopy::add(std::span<const iovec> runs, std::size_t bytes) noexcept {
  if (!complete_) return;
  try {
    if (bytes <= bytes_max_ - bytes_.size()) {
      for (const iovec& run : runs) bytes_.append(static_cast<const char*>(run.iov_base), run.iov_len);
      return;
    }
  } catch (const std::bad_alloc&) {
    // As if it had been too large.
  }
  complete_ = false;
  free_text(bytes_);
  forgotten_(owner_);
}

}  // namespace weir::relay
