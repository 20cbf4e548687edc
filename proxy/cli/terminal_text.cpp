#include "cli/terminal_text.hpp"

#include <algorithm>

#include "observe/line_buffer.hpp"

namespace weir::control {

std::string terminal_text(std::string_view text) {
  std::string shown;
  for (;;) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    observe::LineBuffer(shown).plain_text(text.substr(0, end));
    if (end == text.size()) return shown;
    shown += '\n';
    text.remove_prefix(end + 1);
  }
}

}  // namespace weir::control
