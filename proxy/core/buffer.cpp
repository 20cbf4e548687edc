#include "core/buffer.hpp"

#include <cstring>
#include <new>
#include <utility>

namespace weir {

BufferPool::Block BufferPool::acquire(std::size_t bytes) {
  auto* free = bytes == small_bytes ? &small_ : bytes == large_bytes ? &large_ : nullptr;
  Block block;
  if (free == nullptr || free->empty()) {
    block = std::make_unique_for_overwrite<char[]>(bytes);
  } else {
    block = std::move(free->back());
    free->pop_back();
  }
  if (bytes == large_bytes) ++lent_large_;
  return block;
}

void BufferPool::release(Block block, std::size_t bytes) {
  if (bytes == large_bytes) --lent_large_;
  try {
    if (bytes == small_bytes && small_.size() < kept_small_max) small_.push_back(std::move(block));
    if (bytes == large_bytes && large_.size() < kept_large_max) large_.push_back(std::move(block));
  } catch (const std::bad_alloc&) {
    // Not kept, then: giving a block back must not fail.
  }
}

void ReadBuffer::reserve(std::size_t bytes) {
  if (capacity_ >= bytes) return;
  auto block = pool_.acquire(bytes);
  const std::string_view old = unread();
  if (!old.empty()) std::memcpy(block.get(), old.data(), old.size());
  const std::size_t kept = old.size();
  drop();
  block_ = std::move(block);
  capacity_ = bytes;
  end_ = kept;
}

void ReadBuffer::fit() {
  const std::string_view rest = unread();
  const std::size_t bytes = rest.size();
  if (bytes == 0) return drop();
  if (bytes == capacity_) return;
  auto block = pool_.acquire(bytes);
  std::memcpy(block.get(), rest.data(), bytes);
  drop();
  block_ = std::move(block);
  capacity_ = end_ = bytes;
}

void ReadBuffer::compact() {
  const std::string_view rest = unread();
  if (begin_ > 0 && !rest.empty()) std::memmove(block_.get(), rest.data(), rest.size());
  begin_ = 0;
  end_ = rest.size();
  pinned_ = 0;
}

void ReadBuffer::give_back() {
  pool_.release(std::move(block_), capacity_);
  capacity_ = begin_ = end_ = pinned_ = 0;
}

}  // namespace weir
