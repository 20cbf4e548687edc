#include "limit/bucket_table.hpp"

#include <algorithm>
#include <cassert>
#include <mutex>

namespace weir::limit {

unsigned BucketGroup::find(std::uint64_t wanted) {
  const unsigned count = used();
  for (unsigned slot = 0; slot < count; ++slot) {
    if (hash(slot) == wanted) return slot;
  }
  return slots;
}

void BucketGroup::forget(unsigned slot) {
  const unsigned last = used() - 1;
  hash(slot) = hash(last);
  set_state(slot, state(last));
  set_used(last);
}

unsigned BucketGroup::nearest_to_full() {
  unsigned nearest = 0;
  for (unsigned slot = 1; slot < used(); ++slot) {
    if (state(slot) < state(nearest)) nearest = slot;
  }
  return nearest;
}

std::shared_ptr<BucketTable> BucketTable::make(std::size_t keys_max, const SipKey& secret,
                                               const TokenBucket& bucket) {
  assert(keys_max >= keys_min);
  ZeroPages pages(keys_max * bytes_per_key / sizeof(BucketGroup) * sizeof(BucketGroup));
  if (!pages.valid()) return nullptr;
  return std::shared_ptr<BucketTable>(new BucketTable(std::move(pages), keys_max, secret, bucket));
}

BucketTable::BucketTable(ZeroPages pages, std::size_t keys_max, const SipKey& secret,
                         const TokenBucket& bucket)
    : pages_(std::move(pages)),
      group_count_(pages_.bytes() / sizeof(BucketGroup)),
      keys_max_(static_cast<std::int64_t>(keys_max)),
      secret_(secret),
      buckets_{bucket, bucket} {}

std::span<BucketGroup> BucketTable::groups() const {
  return {static_cast<BucketGroup*>(pages_.data()), group_count_};
}

BucketGroup& BucketTable::group_of(std::uint64_t hash) const {
  __extension__ using Wide = unsigned __int128;
  return groups()[static_cast<std::size_t>((Wide{hash} * group_count_) >> 64)];
}

std::uint64_t BucketTable::keys() const {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(keys_.load(std::memory_order_relaxed), 0));
}

BucketTable::Seen BucketTable::look(std::uint64_t hash) const {
  Seen seen;
  BucketGroup& group = group_of(hash);
  // To lock a group that never held a key would cost its page.
  if (!group.lock.is_free() || group.used() != 0) {
    const std::lock_guard guard(group.lock);
    const std::uint16_t version = version_.load();
    seen.bucket = buckets_[version % 2];
    const unsigned slot = group.find(hash);
    if (slot == BucketGroup::slots) return seen;
    seen.known = true;
    seen.state = group.state(slot);
    if (group.version != version)
      seen.state = buckets_[(version + 1u) % 2].carry_over(seen.state, changed_at_, seen.bucket);
    return seen;
  }
  seen.bucket = buckets_[version_.load() % 2];
  return seen;
}

const TokenBucket& BucketTable::settle(BucketGroup& group) {
  const std::uint16_t version = version_.load();
  const TokenBucket& bucket = buckets_[version % 2];
  if (group.version == version) return bucket;
  const TokenBucket& before = buckets_[(version + 1u) % 2];
  for (unsigned slot = 0; slot < group.used(); ++slot) {
    group.set_state(slot, before.carry_over(group.state(slot), changed_at_, bucket));
  }
  group.version = version;
  return bucket;
}

void BucketTable::change(const TokenBucket& bucket, Nanoseconds now) {
  const std::uint16_t version = version_.load();
  if (buckets_[version % 2] == bucket) return;
  buckets_[(version + 1u) % 2] = bucket;
  changed_at_ = now;
  version_.store(static_cast<std::uint16_t>(version + 1));
  for (BucketGroup& group : groups()) {
    // Writing to a group that holds nothing would cost memory. One that is free now and gets a key later takes the
    // version that was stored above (both sides are sequentially consistent).
    if (group.lock.is_free() && group.used() == 0) continue;
    const std::lock_guard guard(group.lock);
    settle(group);
  }
}

void BucketTable::forget_full(BucketGroup& group, const TokenBucket& bucket, Nanoseconds now) {
  const unsigned before = group.used();
  for (unsigned slot = before; slot-- > 0;) {
    if (bucket.is_full(group.state(slot), now)) group.forget(slot);
  }
  const unsigned forgotten = before - group.used();
  if (forgotten != 0) keys_.fetch_sub(forgotten, std::memory_order_relaxed);
}

void BucketTable::insert(BucketGroup& group, std::uint64_t hash, FullAt state, Nanoseconds now) {
  forget_full(group, buckets_[group.version % 2], now);
  if (group.used() == BucketGroup::slots) {
    group.forget(group.nearest_to_full());
    evictions_.fetch_add(1, std::memory_order_relaxed);
  } else {
    keys_.fetch_add(1, std::memory_order_relaxed);
  }
  const unsigned slot = group.used();
  group.hash(slot) = hash;
  group.set_state(slot, state);
  group.set_used(slot + 1);
}

BucketGroup& BucketTable::next_group() {
  return groups()[hand_.fetch_add(1, std::memory_order_relaxed) % group_count_];
}

void BucketTable::trim_slowly(Nanoseconds now) {
  const auto too_many = [this] { return keys_.load(std::memory_order_relaxed) > keys_max_; };
  BucketGroup* fullest = nullptr;
  for (unsigned i = 0; i < swept_for_full_max && too_many(); ++i) {
    BucketGroup& group = next_group();
    const std::lock_guard guard(group.lock);
    forget_full(group, settle(group), now);
    if (group.used() != 0) fullest = &group;
  }
  if (!too_many() || fullest == nullptr) return;
  const std::lock_guard guard(fullest->lock);
  if (fullest->used() == 0) return;
  settle(*fullest);
  fullest->forget(fullest->nearest_to_full());
  keys_.fetch_sub(1, std::memory_order_relaxed);
  evictions_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace weir::limit
