// A small hash table for counters: 64-bit keys, values whose address never changes, entries never removed but from
// a copy that nobody counts in (keep_if).
// The values live in a deque; an open-addressing index of pointers finds them in a few nanoseconds, and
// growing it moves pointers only. One thread at a time; depends on nothing.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace weir::observe {

template <class Value>
class StableTable {
 public:
  struct Entry {
    std::uint64_t key = 0;
    Value value{};
  };

  StableTable() = default;
  StableTable(const StableTable& other) { *this = other; }
  StableTable& operator=(const StableTable& other) {
    if (this == &other) return *this;
    entries_ = other.entries_;
    rebuild(other.slots_.size());
    return *this;
  }
  // The entries of a moved deque keep their addresses, so the moved index stays right.
  StableTable(StableTable&& other) noexcept
      : entries_(std::exchange(other.entries_, {})), slots_(std::exchange(other.slots_, {})) {}
  StableTable& operator=(StableTable&& other) noexcept {
    entries_ = std::exchange(other.entries_, {});
    slots_ = std::exchange(other.slots_, {});
    return *this;
  }
  ~StableTable() = default;

  /// The value of `key`, or nullptr.
  Value* find(std::uint64_t key) {
    if (slots_.empty()) return nullptr;
    Entry* entry = slots_[probe(key)];
    return entry == nullptr ? nullptr : &entry->value;
  }
  const Value* find(std::uint64_t key) const {
    if (slots_.empty()) return nullptr;
    const Entry* entry = slots_[probe(key)];
    return entry == nullptr ? nullptr : &entry->value;
  }

  /// The value of `key`, made on first sight. The reference stays valid as long as the table lives.
  Value& operator[](std::uint64_t key) {
    if (Value* found = find(key)) return *found;
    if (2 * (entries_.size() + 1) > slots_.size()) rebuild(2 * slots_.size());
    Entry& entry = entries_.emplace_back();
    entry.key = key;
    slots_[probe(key)] = &entry;
    return entry.value;
  }

  /// Removes the entries whose key `keep` does not want. References to the others are no longer valid.
  template <class Keep>
  void keep_if(Keep keep) {
    if (std::erase_if(entries_, [&](const Entry& entry) { return !keep(entry.key); }) != 0)
      rebuild(slots_.size());
  }

  std::size_t size() const { return entries_.size(); }
  auto begin() const { return entries_.begin(); }  // in order of first sight
  auto end() const { return entries_.end(); }

 private:
  static constexpr std::size_t slots_min = 64;  // a power of two, as every later size

  /// Index of the slot that holds `key`, or of the empty one where it belongs. At most half of them are
  /// taken.
  std::size_t probe(std::uint64_t key) const {
    const std::size_t mask = slots_.size() - 1;
    const int shift = 64 - std::countr_zero(slots_.size());
    std::size_t at = static_cast<std::size_t>((key * 0x9e3779b97f4a7c15u) >> shift);
    while (slots_[at] != nullptr && slots_[at]->key != key) at = (at + 1) & mask;
    return at;
  }

  void rebuild(std::size_t slots) {
    slots_.assign(slots < slots_min ? slots_min : slots, nullptr);
    for (Entry& entry : entries_) slots_[probe(entry.key)] = &entry;
  }

  std::deque<Entry> entries_;
  std::vector<Entry*> slots_;
};

}  // namespace weir::observe
