#include <gtest/gtest.h>

#include <random>
#include <string>

#include "http/uri.hpp"

namespace weir::http {
namespace {

constexpr unsigned seed = 496;

/// Paths made of what normalisation is about.
std::string random_path(std::mt19937& random) {
  static constexpr const char* pieces[] = {
      "/",  "/",   "/",    "a",  "b",  ".",   "..", "%2e", "%2E", "%41", "%c3",  "%C3", "%25", "~",
      ";x", "/./", "/../", "//", "c/", "%2f", "\\", "%00", "%",   "%4",  "\xff", "...", "%7e", "%20"};
  std::string path = random() % 50 == 0 ? "" : "/";
  // The refused pieces are at the end of the list: most paths get by without them.
  const std::size_t common = random() % 4 == 0 ? std::size(pieces) : 19;
  for (unsigned i = random() % 12; i > 0; --i) path += pieces[random() % common];
  return path;
}

TEST(UriProperty, NormalisingIsIdempotentAndAgreesWithItsTest) {
  std::mt19937 random(seed);
  int changed = 0;
  int refused = 0;
  for (int round = 0; round < 200000; ++round) {
    const std::string path = random_path(random);
    std::string once;
    if (!normalise_path(path, once)) {
      ++refused;
      ASSERT_FALSE(is_normalised(path)) << path;
      continue;
    }
    changed += once == path ? 0 : 1;
    ASSERT_EQ(is_normalised(path), once == path) << path << " -> " << once;
    ASSERT_TRUE(is_normalised(once)) << path << " -> " << once;
    std::string twice;
    ASSERT_TRUE(normalise_path(once, twice));
    ASSERT_EQ(twice, once) << path;
    const std::string framed = once + "/";
    for (const char* never : {"//", "/./", "/../", "\\"}) {
      if (once.ends_with('/') && std::string_view(never) == "//") continue;
      ASSERT_EQ(framed.find(never), framed.npos) << path << " -> " << once;
    }
  }
  EXPECT_GT(changed, 1000);
  EXPECT_GT(refused, 1000);
}

TEST(UriProperty, HostNormalisationIsIdempotent) {
  std::mt19937 random(seed);
  for (int round = 0; round < 20000; ++round) {
    std::string host;
    for (unsigned i = random() % 12; i > 0; --i) host += "aB.c:[]9-"[random() % 9];
    std::string once;
    std::string twice;
    normalise_host(host, once);
    normalise_host(once, twice);
    ASSERT_EQ(once, twice) << host;
  }
}

}  // namespace
}  // namespace weir::http
