#include "http2/stream_table.hpp"

#include <algorithm>
#include <cassert>

namespace weir::http2 {

/// Of the first entry whose id is not below `id`. Each half is taken without a branch: which one it is cannot be
/// predicted.
std::size_t StreamTable::lower_bound(std::uint32_t id) const {
  const Entry* first = entries_.data();
  std::size_t left = entries_.size();
  if (left == 0) return 0;
  while (left > 1) {
    const std::size_t half = left / 2;
    first += first[half - 1].id < id ? half : 0;
    left -= half;
  }
  return static_cast<std::size_t>(first - entries_.data()) + (first->id < id ? 1 : 0);
}

Stream* StreamTable::find(std::uint32_t id) const {
  const std::size_t at = lower_bound(id);
  return at < entries_.size() && entries_[at].id == id ? entries_[at].stream : nullptr;
}

void StreamTable::insert(Stream& stream) {
  assert(entries_.empty() || entries_.back().id < stream.id());
  entries_.push_back({stream.id(), &stream});
}

void StreamTable::erase(const Stream& stream) {
  const std::size_t at = lower_bound(stream.id());
  assert(at < entries_.size() && entries_[at].stream == &stream);
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(at));
}

Stream* StreamTable::after(std::uint32_t id) const {
  const std::size_t at = lower_bound(id + 1);
  return at < entries_.size() ? entries_[at].stream : nullptr;
}

void StreamTable::remember(std::uint32_t id, End end) {
  gone_[gone_next_] = {id, end};
  gone_next_ = (gone_next_ + 1) % gone_.size();
}

StreamTable::End StreamTable::remembered(std::uint32_t id) const {
  const auto found = std::ranges::find(gone_, id, &Gone::id);
  return found == gone_.end() ? End::unknown : found->end;
}

}  // namespace weir::http2
