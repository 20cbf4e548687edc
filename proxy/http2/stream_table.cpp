#include "http2/stream_table.hpp"

#include <algorithm>
#include <cassert>

namespace weir::http2 {

std::size_t StreamTable::lower_bound(std::uint32_t id) const {
  const auto found = std::ranges::lower_bound(entries_, id, {}, &Entry::id);
  return static_cast<std::size_t>(found - entries_.begin());
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
