// A small hash table for counters: 64-bit keys (never UINT64_MAX), values whose address never changes while they are
// in it. What is erased leaves a place that the next new entry takes, so the table is as large as it was at most.
// The values live in a deque; an open-addressing index of pointers finds them in a few nanoseconds, and
// growing it moves pointers only. Places are numbered, so that a walk over them can go on later, whatever was added or
// erased meanwhile. One thread at a time; depends on nothing.
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
    free_ = other.free_;
    rebuild(other.slots_.size());
    return *this;
  }
  // The entries of a moved deque keep their addresses, so the moved index stays right.
  StableTable(StableTable&& other) noexcept
      : entries_(std::exchange(other.entries_, {})),
        slots_(std::exchange(other.slots_, {})),
        free_(std::exchange(other.free_, {})) {}
  StableTable& operator=(StableTable&& other) noexcept {
    entries_ = std::exchange(other.entries_, {});
    slots_ = std::exchange(other.slots_, {});
    free_ = std::exchange(other.free_, {});
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

  /// The value of `key`, made on first sight. The reference stays valid until that entry is erased.
  Value& operator[](std::uint64_t key) {
    if (Value* found = find(key)) return *found;
    if (2 * (size() + 1) > slots_.size()) rebuild(2 * slots_.size());
    Entry& entry = free_.empty() ? entries_.emplace_back() : entries_[free_.back()];
    if (!free_.empty()) free_.pop_back();
    entry.key = key;
    slots_[probe(key)] = &entry;
    return entry.value;
  }

  /// Places, those without an entry included; `at` shows what is in one.
  std::size_t places() const { return entries_.size(); }
  const Entry* at(std::size_t place) const {
    const Entry& entry = entries_[place];
    return entry.key == no_key ? nullptr : &entry;
  }
  /// Erases the entry in `place`.
  void erase_at(std::size_t place) {
    free_.push_back(place);
    Entry& entry = entries_[place];
    leave_slot(probe(entry.key));
    entry.key = no_key;
    entry.value = Value{};
  }
  /// Erases the entries whose key `keep` does not want.
  template <class Keep>
  void keep_if(Keep keep) {
    for (std::size_t place = 0; place < places(); ++place) {
      const Entry* const entry = at(place);
      if (entry != nullptr && !keep(entry->key)) erase_at(place);
    }
  }

  /// Over the entries, in the order of their places.
  class Iterator {
   public:
    Iterator(const StableTable& table, std::size_t place) : table_(&table), place_(place) { skip(); }
    const Entry& operator*() const { return table_->entries_[place_]; }
    Iterator& operator++() {
      ++place_;
      skip();
      return *this;
    }
    bool operator==(const Iterator& other) const { return place_ == other.place_; }

   private:
    void skip() {
      while (place_ < table_->places() && table_->at(place_) == nullptr) ++place_;
    }
    const StableTable* table_;
    std::size_t place_;
  };

  std::size_t size() const { return entries_.size() - free_.size(); }
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, places()}; }

 private:
  static constexpr std::size_t slots_min = 64;  // a power of two, as every later size
  static constexpr std::uint64_t no_key = UINT64_MAX;

  std::size_t home(std::uint64_t key) const {
    const int shift = 64 - std::countr_zero(slots_.size());
    return static_cast<std::size_t>((key * 0x9e3779b97f4a7c15u) >> shift);
  }

  /// Index of the slot that holds `key`, or of the empty one where it belongs. At most half of them are
  /// taken.
  std::size_t probe(std::uint64_t key) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = home(key);
    while (slots_[at] != nullptr && slots_[at]->key != key) at = (at + 1) & mask;
    return at;
  }

  /// Empties a slot; those behind it that were pushed past it move up, so that they are still found.
  void leave_slot(std::size_t empty) {
    const std::size_t mask = slots_.size() - 1;
    slots_[empty] = nullptr;
    for (std::size_t at = (empty + 1) & mask; slots_[at] != nullptr; at = (at + 1) & mask) {
      const std::size_t way = (at - home(slots_[at]->key)) & mask;
      if (way < ((at - empty) & mask)) continue;
      slots_[empty] = std::exchange(slots_[at], nullptr);
      empty = at;
    }
  }

  void rebuild(std::size_t slots) {
    slots_.assign(slots < slots_min ? slots_min : slots, nullptr);
    for (Entry& entry : entries_) {
      if (entry.key != no_key) slots_[probe(entry.key)] = &entry;
    }
  }

  std::deque<Entry> entries_;
  std::vector<Entry*> slots_;
  std::vector<std::size_t> free_;  // places without an entry
};

}  // namespace weir::observe
