#include "support/websocket_frames.hpp"

#include <array>

namespace weir::testing {
namespace {

std::string frame_header(std::uint8_t first, std::size_t size, std::uint8_t mask_bit) {
  std::string header(1, static_cast<char>(first));
  const std::size_t length_bytes = size < 126 ? 0 : size <= 0xFFFF ? 2 : 8;
  const std::size_t short_length = length_bytes == 0 ? size : length_bytes == 2 ? 126 : 127;
  header += static_cast<char>(short_length | mask_bit);
  for (std::size_t i = length_bytes; i > 0; --i) header += static_cast<char>(size >> (8 * (i - 1)));
  return header;
}

}  // namespace

std::string plain_frame(std::uint8_t first, std::string_view payload) {
  return frame_header(first, payload.size(), 0) + std::string(payload);
}

std::string masked_frame(std::uint8_t first, std::string_view payload) {
  constexpr std::array<unsigned char, 4> mask{0x37, 0xFA, 0x21, 0x3D};
  std::string frame = frame_header(first, payload.size(), 0x80);
  for (const unsigned char byte : mask) frame += static_cast<char>(byte);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame += static_cast<char>(static_cast<unsigned char>(payload[i]) ^ mask[i % mask.size()]);
  }
  return frame;
}

}  // namespace weir::testing
