// The buckets of one rate limit, by hashed key, shared by all workers: exact over all of them and bounded.
// Memory is set aside for `keys_max` keys at 64 bytes each and costs nothing until it is touched. A key that
// is not there has a full bucket, so full ones are forgotten first; when none is full the one that is nearest
// to it goes, and is counted. Any thread; time is passed in. Only `change` is for one thread at a time.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "core/sip_hash.hpp"
#include "core/zero_pages.hpp"
#include "limit/bucket.hpp"
#include "limit/micro_lock.hpp"

namespace weir::limit {

/// Four cache lines with the keys whose hash leads here, under one lock. Zeroed memory is an empty one. At
/// keys_max keys it holds four on average, so that room for twelve is enough almost always.
struct alignas(64) BucketGroup {
  static constexpr unsigned slots = 12;

  MicroLock lock;
  std::uint16_t used_ = 0;    // slots in use: the first ones
  std::uint16_t version = 0;  // of the table's TokenBucket that the states belong to
  /// Four at a time, so that the first ones, which are the usual ones, share two cache lines with the lock.
  struct Block {
    std::array<std::uint64_t, 4> hashes;
    std::array<Nanoseconds, 4> full_at_ns;
    std::array<std::uint32_t, 4> full_at_part;
  };
  std::array<Block, slots / 4> blocks;

  // Read without the lock where it says so.
  unsigned used() { return std::atomic_ref<std::uint16_t>(used_).load(std::memory_order_relaxed); }
  void set_used(unsigned count) {
    std::atomic_ref<std::uint16_t>(used_).store(static_cast<std::uint16_t>(count), std::memory_order_relaxed);
  }

  // Under the lock.
  unsigned find(std::uint64_t wanted);  // slot, or `slots`
  std::uint64_t& hash(unsigned slot) { return blocks[slot / 4].hashes[slot % 4]; }
  FullAt state(unsigned slot) const {
    const Block& block = blocks[slot / 4];
    return {block.full_at_ns[slot % 4], block.full_at_part[slot % 4]};
  }
  void set_state(unsigned slot, FullAt state) {
    Block& block = blocks[slot / 4];
    block.full_at_ns[slot % 4] = state.ns;
    block.full_at_part[slot % 4] = state.part;
  }
  void forget(unsigned slot);
  unsigned nearest_to_full();  // not empty
};
static_assert(sizeof(BucketGroup) == 256);

class BucketTable {
 public:
  static constexpr std::size_t bytes_per_key = 64;
  static constexpr std::size_t keys_min = sizeof(BucketGroup) / bytes_per_key;

  /// `keys_max` of at least keys_min. `secret`: of this process. Null: there is no room for it among the addresses.
  static std::shared_ptr<BucketTable> make(std::size_t keys_max, const SipKey& secret,
                                           const TokenBucket& bucket);

  /// From `now` on there is another rate; every bucket stays as full as it is, in proportion. Costs nothing when it is
  /// the same, otherwise a walk over the table; requests go on meanwhile.
  void change(const TokenBucket& bucket, Nanoseconds now);

  const SipKey& secret() const { return secret_; }
  std::size_t bytes() const { return pages_.bytes(); }
  /// Keys that are held; a few of them may be full and not forgotten yet.
  std::uint64_t keys() const;
  /// Keys that were forgotten although their bucket was not full.
  std::uint64_t evictions() const { return evictions_.load(std::memory_order_relaxed); }

  /// The bucket of a key as it is now.
  struct Seen {
    TokenBucket bucket;
    FullAt state;
    bool known = false;  // the table has the key; otherwise its bucket is full
  };
  /// Takes no token, makes no bucket and touches no memory that is not in use.
  Seen look(std::uint64_t hash) const;

  // For take_all (limiter.hpp).

  BucketGroup& group_of(std::uint64_t hash) const;
  /// Under the group's lock: the current TokenBucket, and the group's states are made to belong to it.
  const TokenBucket& settle(BucketGroup& group);
  /// Under the group's lock: `hash` gets a slot with `state`; full buckets in the group are forgotten.
  void insert(BucketGroup& group, std::uint64_t hash, FullAt state, Nanoseconds now);
  /// After an insert, without a lock: back to keys_max.
  void trim(Nanoseconds now) {
    if (keys_.load(std::memory_order_relaxed) > keys_max_) [[unlikely]]
      trim_slowly(now);
  }

 private:
  static constexpr unsigned swept_for_full_max = 16;  // groups that one trim looks into before it evicts

  BucketTable(ZeroPages pages, std::size_t keys_max, const SipKey& secret, const TokenBucket& bucket);
  std::span<BucketGroup> groups() const;
  BucketGroup& next_group();
  void forget_full(BucketGroup& group, const TokenBucket& bucket, Nanoseconds now);
  void trim_slowly(Nanoseconds now);

  ZeroPages pages_;
  const std::size_t group_count_;
  const std::int64_t keys_max_;
  const SipKey secret_;

  // The TokenBucket of version v is in buckets_[v % 2]. That two are enough: `change` ends only when every group that
  // holds keys has taken its version, and a holder of a group's lock has read the version under it.
  std::array<TokenBucket, 2> buckets_;
  Nanoseconds changed_at_ = 0;
  std::atomic<std::uint16_t> version_{0};

  alignas(64) std::atomic<std::int64_t> keys_{0};
  alignas(64) std::atomic<std::uint64_t> evictions_{0};
  std::atomic<std::size_t> hand_{0};  // where the next trim looks
};

}  // namespace weir::limit
