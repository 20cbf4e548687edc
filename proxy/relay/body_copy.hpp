// A second copy of a body, taken while it passes: all of it or nothing. A body that does not fit is forgotten at once,
// and its owner is notified, so that nothing is held for it any longer. One thread.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace weir::relay {

class BodyCopy {
 public:
  /// `forgotten(owner)` is called when the body turns out not to fit; it must not throw.
  BodyCopy(void (*forgotten)(void*), void* owner) : forgotten_(forgotten), owner_(owner) {}

  /// Ready for a body of up to `bytes_max`.
  void begin(std::size_t bytes_max);
  /// The next bytes of the body. Never throws: without memory for them they do not fit.
  void add(std::span<const iovec> runs, std::size_t bytes) noexcept;
  /// Whether everything so far is there.
  bool complete() const { return complete_; }
  std::string_view bytes() const { return bytes_; }

 private:
  void (*forgotten_)(void*);
  void* owner_;
  std::string bytes_;
  std::size_t bytes_max_ = 0;
  bool complete_ = true;
};

}  // namespace weir::relay
