// SipHash-2-4 against the vectors of its authors: this must never change.
#include "core/stable_hash.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace weir::split {
namespace {

TEST(SplitHash, IsSipHash24) {
  const SipKey key{0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
  std::string bytes;
  const auto next = [&] {
    const std::uint64_t value = stable_hash(key, bytes);
    bytes += static_cast<char>(bytes.size());
    return value;
  };
  EXPECT_EQ(next(), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(next(), 0x74f839c593dc67fdu);
  EXPECT_EQ(next(), 0x0d6c8009d9a94f5au);
  EXPECT_EQ(next(), 0x85676696d7fb7e2du);
  while (bytes.size() < 15) next();
  EXPECT_EQ(next(), 0xa129ca6149be45e5u);  // fifteen bytes: the vector of the paper
}

TEST(SplitHash, KeysAndBytesMatter) {
  std::set<std::uint64_t> seen;
  for (const SipKey key : {SipKey{0, 0}, SipKey{1, 0}, SipKey{0, 1}}) {
    for (const char* text : {"", "a", "b", "ab", "ba", "aaaaaaaa", "aaaaaaaaa"}) {
      EXPECT_TRUE(seen.insert(stable_hash(key, text)).second) << text;
    }
  }
}

TEST(SplitHash, MixLosesNothing) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t i = 0; i < 10'000; ++i) EXPECT_TRUE(seen.insert(mix(i)).second);
}

}  // namespace
}  // namespace weir::split
