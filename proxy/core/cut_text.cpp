#include "core/cut_text.hpp"

namespace weir {

std::string_view cut_text(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t cut = bytes_max;
  for (int back = 0; back < 3 && cut > 0 && is_continuation(text[cut]); ++back) --cut;
  // Continuation bytes without a lead are no character: nothing to keep whole.
  if (is_continuation(text[cut])) cut = bytes_max;
  return text.substr(0, cut);
}

}  // namespace weir
