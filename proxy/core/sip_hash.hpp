// SipHash (Aumasson, Bernstein): a keyed 64-bit hash for what clients send, so that no client without the secret can
// make names collide. Streaming; parts may have any length. Pure; any thread.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace weir {

struct SipKey {
  std::uint64_t low = 0, high = 0;
};

/// `word_rounds` a word of input, `end_rounds` at the end: 2 and 4 in the original, 1 and 3 where speed counts.
template <int word_rounds, int end_rounds>
class SipHash {
 public:
  explicit SipHash(const SipKey& key)
      : v0_(key.low ^ 0x736f6d6570736575u),
        v1_(key.high ^ 0x646f72616e646f6du),
        v2_(key.low ^ 0x6c7967656e657261u),
        v3_(key.high ^ 0x7465646279746573u) {}

  void add(std::string_view bytes) {
    total_ += bytes.size();
    if (pending_bytes_ != 0) fill_pending(bytes);
    while (bytes.size() >= sizeof(std::uint64_t)) {
      word(load(bytes.data(), sizeof(std::uint64_t)));
      bytes.remove_prefix(sizeof(std::uint64_t));
    }
    if (bytes.empty()) return;
    pending_ |= load(bytes.data(), bytes.size()) << (8 * pending_bytes_);
    pending_bytes_ += bytes.size();
  }
  /// The number's eight bytes.
  void add(std::uint64_t number) {
    char bytes[sizeof number];
    std::memcpy(bytes, &number, sizeof number);
    add({bytes, sizeof bytes});
  }

  /// Call once, last.
  std::uint64_t finish() {
    word(pending_ | total_ << 56);
    v2_ ^= 0xff;
    for (int i = 0; i < end_rounds; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  static_assert(std::endian::native == std::endian::little);

  static std::uint64_t load(const char* bytes, std::size_t count) {
    std::uint64_t number = 0;
    std::memcpy(&number, bytes, count);
    return number;
  }

  /// Takes what the word that was begun still lacks, as far as it is there.
  void fill_pending(std::string_view& bytes) {
    const std::size_t missing = sizeof(std::uint64_t) - pending_bytes_;
    const std::size_t taken = bytes.size() < missing ? bytes.size() : missing;
    pending_ |= load(bytes.data(), taken) << (8 * pending_bytes_);
    pending_bytes_ += taken;
    bytes.remove_prefix(taken);
    if (pending_bytes_ < sizeof(std::uint64_t)) return;
    word(pending_);
    pending_ = 0;
    pending_bytes_ = 0;
  }

  void word(std::uint64_t input) {
    v3_ ^= input;
    for (int i = 0; i < word_rounds; ++i) round();
    v0_ ^= input;
  }

  void round() {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_, v1_, v2_, v3_;
  std::uint64_t pending_ = 0;  // bytes that make no whole word yet
  std::size_t pending_bytes_ = 0;
  std::uint64_t total_ = 0;
};

/// For tables: what an attacker would need is the whole state, and no output of it ever leaves the process.
using TableHash = SipHash<1, 3>;

}  // namespace weir
