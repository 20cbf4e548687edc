// A few different candidates at random, each as likely as its weight says: what the policies that compare a few begin
// with. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "balance/field.hpp"
#include "core/stable_hash.hpp"

namespace weir::balance {

template <std::size_t max>
class Sample {
 public:
  /// `weight_of(i)`: 0 for one that does not take part. It may change while this runs: then one is drawn all the
  /// same.
  template <class WeightOf>
  Sample(const Field& field, std::uint64_t random, WeightOf weight_of) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < field.size(); ++i) total += weight_of(i);
    while (size_ < max && total != 0) {
      const std::size_t next = at(field, random % total, weight_of);
      if (next == none) return;
      indices_[size_++] = next;
      const std::uint64_t taken = weight_of(next);
      total = taken < total ? total - taken : 0;
      random = mix(random + step);
    }
  }

  /// In the order in which they were drawn.
  auto begin() const { return indices_.begin(); }
  auto end() const { return indices_.begin() + static_cast<std::ptrdiff_t>(size_); }
  std::size_t size() const { return size_; }

 private:
  static constexpr std::uint64_t step = 0x9e3779b97f4a7c15u;  // of SplitMix64

  template <class WeightOf>
  std::size_t at(const Field& field, std::uint64_t point, WeightOf& weight_of) const {
    std::size_t last = none;
    for (std::size_t i = 0; i < field.size(); ++i) {
      const std::uint64_t weight = is_drawn(i) ? 0 : weight_of(i);
      if (weight == 0) continue;
      last = i;
      if (point < weight) break;
      point -= weight;
    }
    return last;
  }
  bool is_drawn(std::size_t index) const {
    for (const std::size_t drawn : *this) {
      if (drawn == index) return true;
    }
    return false;
  }

  std::size_t size_ = 0;
  std::array<std::size_t, max> indices_{};
};

}  // namespace weir::balance
