#include "grpc/message.hpp"

#include <algorithm>

namespace weir::grpc {

std::array<char, message_prefix_bytes> message_prefix(unsigned char flags, std::uint32_t length) {
  return {static_cast<char>(flags), static_cast<char>(length >> 24), static_cast<char>(length >> 16),
          static_cast<char>(length >> 8), static_cast<char>(length)};
}

void MessageCursor::take(std::string_view run) {
  while (!run.empty()) {
    if (prefix_bytes_ == 0 && left_ > 0) {
      const std::size_t bytes = std::min<std::size_t>(left_, run.size());
      left_ -= static_cast<std::uint32_t>(bytes);
      run.remove_prefix(bytes);
      any_whole_ |= left_ == 0;
      continue;
    }
    // The flag is shifted out by the four bytes behind it.
    left_ = (prefix_bytes_ == 0 ? 0u : left_ << 8) | static_cast<unsigned char>(run.front());
    prefix_bytes_ = static_cast<std::uint8_t>((prefix_bytes_ + 1u) % message_prefix_bytes);
    run.remove_prefix(1);
    any_whole_ |= between_messages();
  }
}

}  // namespace weir::grpc
