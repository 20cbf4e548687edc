// Read buffers: blocks from a worker's pool, so that an idle connection holds none and a busy one reuses a
// warm one. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace weir {

/// Free blocks of a few sizes. Blocks of other sizes come from and go to the heap.
class BufferPool {
 public:
  static constexpr std::size_t small_bytes = 18 * 1024;   // a head, or a body of 16 KiB behind one
  static constexpr std::size_t large_bytes = 128 * 1024;  // long bodies
  static constexpr std::size_t kept_small_max = 128;      // 2.25 MiB
  static constexpr std::size_t kept_large_max = 16;       // 2 MiB
  /// Of large blocks in use at once: 8 MiB. Beyond it long bodies are read in small ones.
  static constexpr std::size_t lent_large_max = 64;

  using Block = std::unique_ptr<char[]>;
  Block acquire(std::size_t bytes);
  void release(Block block, std::size_t bytes);
  /// Whether a long body may have a large block. acquire() itself refuses nothing.
  bool may_lend_large() const { return lent_large_ < lent_large_max; }

 private:
  std::vector<Block> small_, large_;
  std::size_t lent_large_ = 0;
};

/// A growing window [begin, end) of unread bytes inside one block. Empty and without a block until reserve().
class ReadBuffer {
 public:
  explicit ReadBuffer(BufferPool& pool) : pool_(pool) {}
  ~ReadBuffer() { drop(); }
  ReadBuffer(const ReadBuffer&) = delete;
  ReadBuffer& operator=(const ReadBuffer&) = delete;

  std::string_view unread() const { return {block_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  bool has_block() const { return block_ != nullptr; }
  std::size_t capacity() const { return capacity_; }
  /// Whether a large block is there to be had, or is its own.
  bool may_be_large() const { return capacity_ == BufferPool::large_bytes || pool_.may_lend_large(); }

  /// Where the next read may write, and how much.
  char* free_begin() { return block_.get() + end_; }
  std::size_t free_bytes() const { return capacity_ - end_; }
  void produced(std::size_t bytes) { end_ += bytes; }
  void consume(std::size_t bytes) { begin_ += bytes; }

  /// Makes sure that there is a block of at least `bytes`; unread bytes move to the front of a new one. Views
  /// into the old block end.
  void reserve(std::size_t bytes);
  /// Keeps the first `bytes` of the block where they are (a parsed head that is still looked at) and lets
  /// everything behind them be reused once it is consumed.
  void pin(std::size_t bytes) { pinned_ = bytes; }
  bool pinned() const { return pinned_ > 0; }
  /// When all is consumed: starts again behind the pinned bytes.
  void rewind() {
    if (empty()) begin_ = end_ = pinned_;
  }
  /// Moves unread bytes to a block of their size; without any there is none. Views into the old block end.
  void fit();
  /// Moves unread bytes to the front (nothing is pinned any more).
  void compact();
  /// Gives the block back. Unread bytes are lost.
  void drop() {
    if (block_ != nullptr) give_back();
  }

 private:
  void give_back();

  BufferPool& pool_;
  BufferPool::Block block_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t pinned_ = 0;
};

}  // namespace weir
