#include "tls/websocket_key.hpp"

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace weir::tls {
namespace {

constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

}  // namespace

void make_websocket_key(Rng& rng, std::span<char, websocket_key_length> key) {
  std::array<std::uint64_t, 2> random{};
  for (std::uint64_t& part : random) part = rng();
  std::array<unsigned char, sizeof random> bytes{};
  std::memcpy(bytes.data(), random.data(), sizeof random);
  std::array<unsigned char, websocket_key_length + 1> text{};  // EVP_EncodeBlock ends it with a zero
  EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(bytes.size()));
  std::memcpy(key.data(), text.data(), key.size());
}

std::string websocket_accept(std::string_view key) {
  std::string proof(key);
  proof += guid;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned bytes = 0;
  if (EVP_Digest(proof.data(), proof.size(), digest.data(), &bytes, EVP_sha1(), nullptr) != 1) return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE * 2> text{};
  const int length = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(bytes));
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(length)};
}

}  // namespace weir::tls
