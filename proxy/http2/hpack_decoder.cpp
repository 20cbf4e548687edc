#include "http2/hpack_decoder.hpp"

#include <nghttp2/nghttp2.h>

#include <new>

#include "http2/huffman.hpp"

namespace weir::http2 {
namespace {

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// First bytes (RFC 7541 6).
constexpr unsigned indexed = 0x80;
constexpr unsigned index_max = 0x7f;          // of the first byte: this one and larger ones go on in the next
constexpr unsigned kind_bits_of_size = 0xe0;  // with these bits, and ...
constexpr unsigned size_update = 0x20;        // ... this value of them
constexpr unsigned kind_bits_of_literal = 0xe0;  // none is set: not indexed, or never to be
constexpr unsigned literal_index_max = 0x0f;
constexpr unsigned never_indexed = 0x10;  // of such literals: the other kind
constexpr unsigned goes_on = 0x80;        // of the bytes behind it: another one follows
constexpr unsigned compressed = 0x80;     // of the length of a text
constexpr unsigned length_max = 0x7f;     // of its first byte: this one and larger ones go on in the next
constexpr std::size_t text_room = huffman_text_bytes_max(length_max);

}  // namespace

void HpackDecoder::Delete::operator()(nghttp2_hd_inflater* inflater) const {
  nghttp2_hd_inflate_del(inflater);
}

HpackDecoder::HpackDecoder() {
  nghttp2_hd_inflater* inflater = nullptr;
  if (nghttp2_hd_inflate_new(&inflater) != 0) throw std::bad_alloc();
  inflater_.reset(inflater);
}

HpackDecoder::~HpackDecoder() = default;
HpackDecoder::HpackDecoder(HpackDecoder&&) noexcept = default;
HpackDecoder& HpackDecoder::operator=(HpackDecoder&&) noexcept = default;

HpackDecoder::Step HpackDecoder::next(std::string_view& bytes, bool last, FieldLine& line) {
  if (failed_) return Step::failed;
  if (!between_fields_) return inflate(bytes, last, line);
  if (bytes.empty()) {
    if (last) end_block();
    return Step::end;
  }
  const Step step = next_common(bytes, line);
  return step == Step::end ? inflate(bytes, last, line) : step;
}

/// What most fields are, by RFC 7541 6.1 and 6.2.2: nothing of it changes the table. `end`: it is something else.
HpackDecoder::Step HpackDecoder::next_common(std::string_view& bytes, FieldLine& line) {
  const auto first = static_cast<unsigned char>(bytes.front());
  if ((first & kind_bits_of_size) == size_update) {
    if (block_begins_) return Step::end;
    failed_ = true;  // RFC 7541 4.2: it stands at the beginning, which the inflater may not have seen
    return Step::failed;
  }
  if ((first & indexed) != 0) {
    if ((first & index_max) == index_max || !take_indexed(first & index_max, line)) return Step::end;
    bytes.remove_prefix(1);
  } else if ((first & kind_bits_of_literal) != 0 || !take_literal(bytes, line)) {
    return Step::end;
  }
  block_begins_ = false;
  return Step::field;
}

/// False: the tables do not have it.
bool HpackDecoder::take_indexed(std::size_t index, FieldLine& line) const {
  const nghttp2_nv* const entry = nghttp2_hd_inflate_get_table_entry(inflater_.get(), index);
  if (entry == nullptr) return false;
  line = {text_of(entry->name, entry->namelen), text_of(entry->value, entry->valuelen), false};
  return true;
}

/// A literal that is not indexed, or never to be, with texts that are short and all there. False: it is none such, or
/// wrong.
bool HpackDecoder::take_literal(std::string_view& bytes, FieldLine& line) {
  std::string_view rest = bytes.substr(1);
  line.never_indexed = (static_cast<unsigned char>(bytes.front()) & never_indexed) != 0;
  std::size_t name_index = static_cast<unsigned char>(bytes.front()) & literal_index_max;
  if (name_index == literal_index_max) {  // and what the next byte says, where that is the last of it
    if (rest.empty() || (static_cast<unsigned char>(rest.front()) & goes_on) != 0) return false;
    name_index += static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
  }
  if (name_index == 0) {
    if (!take_text(rest, 0, line.name)) return false;
  } else {
    FieldLine named;
    if (!take_indexed(name_index, named)) return false;
    line.name = named.name;
  }
  if (!take_text(rest, text_room, line.value)) return false;
  bytes = rest;
  return true;
}

/// Takes a text with its length of one byte off `rest`; a compressed one becomes what it says at `place` of the room.
bool HpackDecoder::take_text(std::string_view& rest, std::size_t place, std::string_view& text) {
  if (rest.empty()) return false;
  const auto first = static_cast<unsigned char>(rest.front());
  const std::size_t bytes = first & length_max;
  if (bytes == length_max || rest.size() <= bytes) return false;
  text = rest.substr(1, bytes);
  rest.remove_prefix(1 + bytes);
  if ((first & compressed) == 0) return true;
  if (room_ == nullptr) room_ = std::make_unique_for_overwrite<char[]>(2 * text_room);
  const auto decoded = huffman_decode(text, room_.get() + place);
  if (!decoded) return false;
  text = {room_.get() + place, *decoded};
  return true;
}

HpackDecoder::Step HpackDecoder::inflate(std::string_view& bytes, bool last, FieldLine& line) {
  nghttp2_nv field;
  int flags = 0;
  const auto taken =
      nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, bytes_of(bytes), bytes.size(), last ? 1 : 0);
  if (taken < 0) {
    failed_ = true;
    return Step::failed;
  }
  bytes.remove_prefix(static_cast<std::size_t>(taken));
  if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
    between_fields_ = true;
    block_begins_ = false;
    line = {text_of(field.name, field.namelen), text_of(field.value, field.valuelen),
            (field.flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0};
    return Step::field;
  }
  between_fields_ = false;
  if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) end_block();
  return Step::end;
}

void HpackDecoder::end_block() {
  nghttp2_hd_inflate_end_headers(inflater_.get());
  between_fields_ = block_begins_ = true;
}

}  // namespace weir::http2
