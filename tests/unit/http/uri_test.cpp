#include "http/uri.hpp"

#include <gtest/gtest.h>

#include <string>

namespace weir::http {
namespace {

using namespace std::string_literals;

/// The normalised form, or `refused`.
std::string normalised(std::string_view path) {
  std::string out = "what was here before";
  const auto result = normalise_path(path, out);
  if (!result) {
    EXPECT_EQ(result.error().kind, ErrorKind::malformed_request) << path;
    return "refused";
  }
  EXPECT_TRUE(is_normalised(out)) << path << " -> " << out;
  EXPECT_EQ(is_normalised(path), out == path) << path << " -> " << out;
  return out;
}

struct PathCase {
  std::string path;
  std::string expected;
};

TEST(NormalisePath, Table) {
  const PathCase cases[] = {
      {"/", "/"},
      {"/a/b", "/a/b"},
      {"/a/", "/a/"},
      {"/a.b/.c/..d/e./...", "/a.b/.c/..d/e./..."},
      {"/~a_b-c", "/~a_b-c"},
      {"/%7Ea", "/~a"},
      {"/%41%5a%30%2d%2E%5F%7e", "/AZ0-._~"},
      {"/%c3%a9", "/%C3%A9"},
      {"/%3f%23", "/%3F%23"},
      {"/%3F", "/%3F"},
      {"/%25", "/%25"},
      {"/%2525", "/%2525"},
      {"/%252f", "/%252f"},
      {"/%20", "/%20"},
      {"//", "/"},
      {"//a", "/a"},
      {"/a//b///c", "/a/b/c"},
      {"/a//", "/a/"},
      {"/.", "/"},
      {"/./", "/"},
      {"/./a", "/a"},
      {"/a/.", "/a/"},
      {"/a/./b", "/a/b"},
      {"/a/..", "/"},
      {"/a/../", "/"},
      {"/a/../b", "/b"},
      {"/a/b/..", "/a/"},
      {"/a/b/../../c", "/c"},
      {"/a/b/../..", "/"},
      {"/a//../b", "/b"},
      {"/a/%2e%2E/b", "/b"},
      {"/a/.%2e/b", "/b"},
      {"/a/%2e/b", "/a/b"},
      {"/a;b=c/d", "/a;b=c/d"},
      {"/a,b:c@d!$&'()*+=", "/a,b:c@d!$&'()*+="},
      {"/a..;x", "/a..;x"},
      {"/..a", "/..a"},

      {"", "refused"},
      {"a", "refused"},
      {"*", "refused"},
      {"/..", "refused"},
      {"/../", "refused"},
      {"/../a", "refused"},
      {"/a/../..", "refused"},
      {"/a/../../b", "refused"},
      {"/%2e%2e/a", "refused"},
      {"//..", "refused"},
      {"/a%2fb", "/a%2Fb"},
      {"/a%2Fb", "/a%2Fb"},
      {"/a%2f..%2fb", "/a%2F..%2Fb"},
      {"/a%5cb", "refused"},
      {"/a%5Cb", "refused"},
      {"/a\\b", "refused"},
      {"/a%00b", "refused"},
      {"/a\0b"s, "refused"},
      {"/a%", "refused"},
      {"/a%4", "refused"},
      {"/a%4g", "refused"},
      {"/a%g4", "refused"},
      {"/a%%41", "refused"},
      {"/a%u0041", "refused"},
      {"/a b", "refused"},
      {"/a\tb", "refused"},
      {"/a\x7f", "refused"},
      {"/\xc3\xa9", "refused"},
      {"/\x01", "refused"},
      {"/..;/a", "refused"},
      {"/a/..;x=y/b", "refused"},
      {"/.;/a", "refused"},
      {"/%2e%2e;/a", "refused"},
  };
  for (const PathCase& path_case : cases) {
    EXPECT_EQ(normalised(path_case.path), path_case.expected) << path_case.path;
  }
}

TEST(ResolveDotSegments, Table) {
  const PathCase cases[] = {
      {"/admin/../public", "/public"},
      {"/admin/%2e%2e/public", "/public"},
      {"/admin/.%2E/public", "/public"},
      {"/a/./b", "/a/b"},
      {"/a/..", "/"},
      {"/a/b/..", "/a/"},
      {"/a/.", "/a/"},
      {"/a//../b", "/b"},
      {"/%61//b/../c%c3%a9", "/%61/c%c3%a9"},
      {"/a/../b//c/", "/b//c/"},
      {"/a%2F../b/../c", "/a%2F../c"},
      // Nothing to resolve.
      {"/a//b/", "same"},
      {"/%7Ea", "same"},
      {"/...", "same"},
      {"/a..", "same"},
      {"/", "same"},
  };
  for (const PathCase& path_case : cases) {
    std::string out = "same";
    EXPECT_EQ(resolve_dot_segments(path_case.path, out), path_case.expected != "same") << path_case.path;
    EXPECT_EQ(out, path_case.expected) << path_case.path;
    if (out == "same") continue;
    std::string sent, judged;
    ASSERT_TRUE(normalise_path(path_case.path, judged));
    ASSERT_TRUE(normalise_path(out, sent));
    EXPECT_EQ(sent, judged) << "the endpoint reads what was judged";
  }
}

TEST(EncodedSlash, HasASecondReading) {
  std::string out;
  EXPECT_FALSE(has_encoded_slash("/a%2A"));
  EXPECT_TRUE(has_encoded_slash("/a%2Fb"));
  ASSERT_TRUE(decode_slashes("/api/group%2Fname", out));
  EXPECT_EQ(out, "/api/group/name");
  EXPECT_FALSE(decode_slashes("/api/..%2Fadmin%2F", out));
  EXPECT_FALSE(decode_slashes("/rw/a%2F..%2F..%2Fx", out));
  EXPECT_FALSE(decode_slashes("/..%2F..", out));
}

TEST(NormalisePath, ReplacesWhatTheStringHeld) {
  std::string out = "/old/content";
  ASSERT_TRUE(normalise_path("/a", out));
  EXPECT_EQ(out, "/a");
  ASSERT_TRUE(normalise_path("/b/../c", out));
  EXPECT_EQ(out, "/c");
}

TEST(NormaliseHost, Table) {
  const PathCase cases[] = {
      {"example.com", "example.com"},
      {"ExAmPle.COM", "example.com"},
      {"example.com.", "example.com"},
      {"example.com..", "example.com"},
      {"Example.com.:8080", "example.com:8080"},
      {"[2001:DB8::1]", "[2001:db8::1]"},
      {"[2001:DB8::1]:80", "[2001:db8::1]:80"},
      {"192.0.2.1", "192.0.2.1"},
      {".", ""},
      {"", ""},
  };
  for (const PathCase& host_case : cases) {
    std::string out = "before";
    normalise_host(host_case.path, out);
    EXPECT_EQ(out, host_case.expected) << host_case.path;
  }
}

}  // namespace
}  // namespace weir::http
