// The messages within a gRPC body: each has a prefix of five bytes, a flag and a length (gRPC's PROTOCOL-HTTP2,
// "Length-Prefixed-Message"). What they say is for their ends. Pure; one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::grpc {

inline constexpr std::size_t message_prefix_bytes = 5;

/// Flags of the first byte.
inline constexpr unsigned char message_compressed = 0x01;
inline constexpr unsigned char web_trailers = 0x80;  // of gRPC-Web: the frame has trailers

std::array<char, message_prefix_bytes> message_prefix(unsigned char flags, std::uint32_t length);

/// Where in the messages of a body it stands: whether an end here would cut one.
class MessageCursor {
 public:
  /// The next bytes of the body, in runs of any size.
  void take(std::string_view run);
  /// Nothing of a message is missing: between two, or before the first.
  bool between_messages() const { return prefix_bytes_ == 0 && left_ == 0; }
  /// At least one message was there to its end.
  bool any_whole() const { return any_whole_; }

 private:
  std::uint32_t left_ = 0;         // of the message; while its prefix is read, the length up to here
  std::uint8_t prefix_bytes_ = 0;  // of the prefix that were read; 0: no prefix is begun
  bool any_whole_ = false;
};

}  // namespace weir::grpc
