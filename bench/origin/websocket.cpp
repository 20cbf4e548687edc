#include "websocket.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>

namespace weir::origin {
namespace {

constexpr unsigned char fin_bit = 0x80, reserved_bits = 0x70, mask_bit = 0x80, control_bit = 0x08;
constexpr unsigned char opcode_close = 0x8, opcode_ping = 0x9, opcode_pong = 0xA;
constexpr std::uint64_t control_payload_bytes_max = 125;  // RFC 6455 5.5
constexpr std::uint16_t protocol_error = 1002;            // RFC 6455 7.4.1

unsigned char byte_at(std::string_view in, std::size_t index) {
  return static_cast<unsigned char>(in[index]);
}

std::uint64_t read_big_endian(std::string_view in, std::size_t offset, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value = value << 8 | byte_at(in, offset + i);
  return value;
}

void append_header(Output& out, unsigned char first, std::uint64_t length) {
  char header[10] = {static_cast<char>(first)};
  std::size_t size = 2;
  std::size_t length_bytes = 0;
  if (length <= control_payload_bytes_max) {
    header[1] = static_cast<char>(length);
  } else {
    length_bytes = length <= 0xFFFF ? 2 : 8;
    header[1] = length_bytes == 2 ? 126 : 127;
  }
  for (std::size_t i = 0; i < length_bytes; ++i) {
    header[size++] = static_cast<char>(length >> (8 * (length_bytes - 1 - i)));
  }
  out.append(std::string_view(header, size));
}

}  // namespace

std::string websocket_accept(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[SHA_DIGEST_LENGTH];
  unsigned int digest_size = 0;
  EVP_Digest(text.data(), text.size(), digest, &digest_size, EVP_sha1(), nullptr);
  unsigned char encoded[32];
  const int length = EVP_EncodeBlock(encoded, digest, static_cast<int>(digest_size));
  return std::string(encoded, encoded + length);
}

WebSocketEcho::State WebSocketEcho::feed(std::string_view& in, Output& out) {
  while (state_ == State::open && !out.full()) {
    if (!in_frame_ && !begin_frame(in, out)) break;
    echo_payload(in, out);
    if (left_ > 0) break;
    end_frame();
  }
  if (state_ == State::closed) in = {};
  return state_;
}

bool WebSocketEcho::begin_frame(std::string_view& in, Output& out) {
  if (in.size() < 2) return false;
  const unsigned char first = byte_at(in, 0);
  const unsigned char opcode = first & 0x0F;
  const unsigned char short_length = byte_at(in, 1) & 0x7F;
  const std::size_t length_bytes = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
  const std::size_t header_bytes = 2 + length_bytes + mask_.size();
  const bool masked = (byte_at(in, 1) & mask_bit) != 0;
  const bool is_control = (opcode & control_bit) != 0;
  const bool bad_control = is_control && (short_length > control_payload_bytes_max || !(first & fin_bit));
  if (!masked || (first & reserved_bits) || bad_control || opcode > opcode_pong) {
    refuse(protocol_error, out);
    return false;
  }
  if (in.size() < header_bytes) return false;
  left_ = length_bytes == 0 ? short_length : read_big_endian(in, 2, length_bytes);
  for (std::size_t i = 0; i < mask_.size(); ++i) mask_[i] = byte_at(in, 2 + length_bytes + i);
  in.remove_prefix(header_bytes);
  mask_offset_ = 0;
  in_frame_ = true;
  closing_frame_ = opcode == opcode_close;
  const unsigned char reply = opcode == opcode_ping ? opcode_pong : opcode;
  append_header(out, static_cast<unsigned char>((first & fin_bit) | reply), left_);
  return true;
}

void WebSocketEcho::echo_payload(std::string_view& in, Output& out) {
  char plain[4096];
  while (left_ > 0 && !in.empty() && !out.full()) {
    const std::size_t count =
        static_cast<std::size_t>(std::min<std::uint64_t>({left_, in.size(), sizeof(plain)}));
    for (std::size_t i = 0; i < count; ++i) {
      plain[i] = static_cast<char>(byte_at(in, i) ^ mask_[mask_offset_++ % mask_.size()]);
    }
    out.append(std::string_view(plain, count));
    in.remove_prefix(count);
    left_ -= count;
  }
}

void WebSocketEcho::end_frame() {
  in_frame_ = false;
  if (closing_frame_) state_ = State::closed;
}

void WebSocketEcho::refuse(std::uint16_t code, Output& out) {
  const char payload[2] = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  append_header(out, fin_bit | opcode_close, sizeof(payload));
  out.append(std::string_view(payload, sizeof(payload)));
  state_ = State::closed;
}

}  // namespace weir::origin
