// The terminal, by ncurses: paints lines and reads keys. One object a process, main thread; the terminal is as it was
// before once it is gone.
#pragma once

#include <optional>

#include "top/keys.hpp"
#include "top/view.hpp"

namespace weir::top {

class Terminal {
 public:
  /// `colours`: where the terminal has them.
  explicit Terminal(bool colours);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// As it is now, also after it was resized.
  Size size() const;
  void paint(const Screen& screen);
  /// The next key that was pressed; nothing: there is none yet. Never waits.
  std::optional<Press> key();

 private:
  int attributes_of(const Span& span, const Line& line) const;

  bool colours_;
};

/// The locale says that characters of UTF-8 are shown.
bool shows_unicode();

}  // namespace weir::top
