// The candidates that a request has tried: a retry goes to another one. A fixed list, because a request makes few
// tries however many endpoints there are. One thread.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace weir::balance {

class Tried {
 public:
  static constexpr std::size_t max = 8;  // above what retry.attempts allows

  Tried() = default;
  Tried(std::initializer_list<std::size_t> indices) {
    for (const std::size_t index : indices) add(index);
  }

  void add(std::size_t index) {
    assert(size_ < max);
    indices_[size_++] = static_cast<std::uint32_t>(index);
  }
  /// The last one may be tried again.
  void forget_last() {
    assert(size_ > 0);
    --size_;
  }
  std::size_t last() const {
    assert(size_ > 0);
    return indices_[size_ - 1];
  }
  void clear() { size_ = 0; }

  bool contains(std::size_t index) const {
    for (std::size_t i = 0; i < size_; ++i) {
      if (indices_[i] == index) return true;
    }
    return false;
  }
  std::size_t size() const { return size_; }
  /// The same ones, in whatever order. Each is there once.
  bool operator==(const Tried& other) const {
    if (size_ != other.size_) return false;
    for (std::size_t i = 0; i < size_; ++i) {
      if (!other.contains(indices_[i])) return false;
    }
    return true;
  }

 private:
  std::size_t size_ = 0;
  std::array<std::uint32_t, max> indices_{};
};

}  // namespace weir::balance
