#include "http2/hpack_decoder.hpp"

#include <nghttp2/nghttp2.h>

#include <new>

namespace weir::http2 {
namespace {

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

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
  nghttp2_nv field;
  int flags = 0;
  const auto taken =
      nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, bytes_of(bytes), bytes.size(), last ? 1 : 0);
  if (taken < 0) return Step::failed;
  bytes.remove_prefix(static_cast<std::size_t>(taken));
  if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
    line = {text_of(field.name, field.namelen), text_of(field.value, field.valuelen)};
    return Step::field;
  }
  if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) nghttp2_hd_inflate_end_headers(inflater_.get());
  return Step::end;
}

}  // namespace weir::http2
