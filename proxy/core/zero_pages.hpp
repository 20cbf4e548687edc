// A large piece of zeroed memory that costs nothing until it is touched: the kernel hands out its pages one by one.
// Starts on a page border. Movable, freed by the destructor; any thread.
#pragma once

#include <cstddef>
#include <utility>

namespace weir {

class ZeroPages {
 public:
  ZeroPages() = default;
  /// `bytes` must be above 0. Check `valid()`: there may be no such range of addresses.
  explicit ZeroPages(std::size_t bytes);
  ~ZeroPages();
  ZeroPages(ZeroPages&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  ZeroPages& operator=(ZeroPages&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  bool valid() const { return data_ != nullptr; }
  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace weir
