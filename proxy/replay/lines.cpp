#include "replay/lines.hpp"

namespace weir::replay {

/// One read more behind what is left.
bool Lines::fill() {
  buffer_.erase(0, at_);
  at_ = 0;
  const std::size_t before = buffer_.size();
  buffer_.resize(before + read_bytes);
  const std::int64_t got = read_some_(buffer_.data() + before, read_bytes);
  failed_ = got < 0;
  ended_ = got <= 0;
  buffer_.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
  return got > 0;
}

Lines::Got Lines::next(std::string_view& line) {
  bool too_long = false;
  std::size_t looked = at_;
  for (;;) {
    const std::size_t end = buffer_.find('\n', looked);
    if (end != buffer_.npos) {
      line = std::string_view(buffer_).substr(at_, end - at_);
      at_ = end + 1;
      break;
    }
    too_long = too_long || buffer_.size() - at_ > line_bytes_max;
    if (too_long) at_ = buffer_.size();  // what was seen of it is not kept
    const std::size_t left = buffer_.size() - at_;
    if (!ended_ && fill()) {
      looked = left;
      continue;
    }
    if (failed_) return Got::failed;
    if (left == 0 && !too_long) return Got::end;
    line = std::string_view(buffer_).substr(at_);
    at_ = buffer_.size();
    break;
  }
  ++number_;
  return too_long || line.size() > line_bytes_max ? Got::too_long : Got::line;
}

}  // namespace weir::replay
