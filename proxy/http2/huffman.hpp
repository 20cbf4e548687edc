// Texts in the Huffman code of HPACK (RFC 7541 5.2, appendix B). Pure; any thread; depends on the standard library
// only.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace weir::http2 {

/// What `coded_bytes` may become: no code has fewer than five bits.
constexpr std::size_t huffman_text_bytes_max(std::size_t coded_bytes) {
  return coded_bytes * 8 / 5;
}

/// Writes the text of `coded` to `out`, which has room for huffman_text_bytes_max(), and returns its length; nothing
/// where `coded` is no text: it has the end of string in it, or does not end as it has to.
std::optional<std::size_t> huffman_decode(std::string_view coded, char* out);

}  // namespace weir::http2
