#include "relay/body_copy.hpp"

#include <new>

namespace weir::relay {
namespace {

constexpr std::size_t kept_bytes_max = 16 * 1024;  // capacity kept for the next body

}  // namespace

void BodyCopy::begin(std::size_t bytes_max) {
  bytes_.clear();
  if (bytes_.capacity() > kept_bytes_max) bytes_ = {};
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
  bytes_ = {};
  forgotten_(owner_);
}

}  // namespace weir::relay
