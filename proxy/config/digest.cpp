#include "config/digest.hpp"

#include <openssl/evp.h>

#include <array>

namespace weir::config {

std::string short_sha256(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  constexpr std::size_t shown_bytes = 8;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) return {};
  std::string out;
  for (std::size_t i = 0; i < shown_bytes; ++i) {
    out += digits[digest[i] >> 4];
    out += digits[digest[i] & 0x0f];
  }
  return out;
}

}  // namespace weir::config
