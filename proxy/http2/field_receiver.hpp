// Takes a header block in pieces (HEADERS and its CONTINUATIONs, RFC 9113 4.3) and keeps its fields as far as the
// limits allow; the rest is decoded all the same, because the connection's table depends on it, up to twice the limits.
// Owns the decoder of what one side of a connection sends, and the section being received. Pure; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http2/field_section.hpp"
#include "http2/hpack_decoder.hpp"

namespace weir::http2 {

class FieldReceiver {
 public:
  enum class Outcome : std::uint8_t {
    ok,
    compression_error,  // COMPRESSION_ERROR of the connection
    excessive,  // more than twice the limits, or than twice limits.bytes on the wire: the connection ends
  };

  explicit FieldReceiver(const SectionLimits& limits) : limits_(limits) {}

  /// A new block. The section is empty then.
  void begin();
  /// The next bytes of the block; after the `last` the section is complete. After anything but ok no more is taken.
  Outcome piece(std::string_view bytes, bool last);

  /// The fields in order, names as they came; may be swapped out after the last piece. With too_large(): those before
  /// the first that was beyond a limit.
  FieldSection& section() { return section_; }
  bool too_large() const { return too_large_; }

 private:
  /// What a kind of fields has taken so far.
  struct Used {
    std::size_t bytes = 0;
    std::size_t count = 0;
    void add(std::size_t field_bytes) {
      bytes += field_bytes;
      ++count;
    }
    bool beyond(std::size_t times, std::size_t bytes_max, std::size_t count_max) const {
      return bytes > times * bytes_max || count > times * count_max;
    }
  };

  void count(const FieldLine& line);
  bool beyond(std::size_t times) const;

  SectionLimits limits_;
  HpackDecoder decoder_;
  FieldSection section_;
  Used fields_;
  Used cookies_;
  std::size_t wire_bytes_ = 0;
  bool too_large_ = false;
};

}  // namespace weir::http2
