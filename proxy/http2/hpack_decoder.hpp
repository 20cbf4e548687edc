// Decodes the header blocks of one direction of a connection (RFC 7541): owns the dynamic table, of 4,096 bytes as both
// sides assume where no setting says otherwise. All blocks of the connection have to pass, in order, also those of
// streams that are refused. A wrapper of nghttp2's inflater, which has the table and whatever changes it; fields that
// only refer to the table, and short texts that are not to be indexed, are read here. Pure; one thread; depends on
// nghttp2 in its source file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "http2/field_section.hpp"

struct nghttp2_hd_inflater;

namespace weir::http2 {

class HpackDecoder {
 public:
  /// Names and values beyond this fail.
  static constexpr std::size_t text_bytes_max = 64 * 1024;

  enum class Outcome : std::uint8_t { ok, failed };       // failed: COMPRESSION_ERROR of the connection
  enum class Step : std::uint8_t { field, end, failed };  // end: the bytes are used up

  /// Throws std::bad_alloc.
  HpackDecoder();
  ~HpackDecoder();
  HpackDecoder(HpackDecoder&&) noexcept;
  HpackDecoder& operator=(HpackDecoder&&) noexcept;

  /// Takes bytes off the front of `bytes`, the next piece of a block, until a field is complete: `line` is good until
  /// the next call. `last`: the block ends with these bytes, and fails where that is in the middle of a field. After a
  /// failure every call fails; so does a decoder that memory was short for.
  /// The views of `line` may be parts of `bytes`.
  Step next(std::string_view& bytes, bool last, FieldLine& line);

  /// Decodes a piece of a block: `sink(const FieldLine&)` for each field, whose views are good during the call.
  template <class Sink>
  Outcome decode(std::string_view bytes, bool last, Sink&& sink) {
    FieldLine line;
    for (;;) {
      switch (next(bytes, last, line)) {
        case Step::field:
          sink(line);
          break;
        case Step::end:
          return Outcome::ok;
        case Step::failed:
          return Outcome::failed;
      }
    }
  }

 private:
  struct Delete {
    void operator()(nghttp2_hd_inflater* inflater) const;
  };

  Step next_common(std::string_view& bytes, FieldLine& line);
  bool take_indexed(std::size_t index, FieldLine& line) const;
  bool take_literal(std::string_view& bytes, FieldLine& line);
  bool take_text(std::string_view& rest, std::size_t place, std::string_view& text);
  Step inflate(std::string_view& bytes, bool last, FieldLine& line);
  void end_block();

  std::unique_ptr<nghttp2_hd_inflater, Delete> inflater_;
  std::unique_ptr<char[]> room_;  // for a name and a value; null: none was compressed yet
  bool between_fields_ = true;    // the inflater has not begun the next one
  bool block_begins_ = true;      // no field of this block was seen
  bool failed_ = false;
};

}  // namespace weir::http2
