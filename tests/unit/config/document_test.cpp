#include "config/document.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/digest.hpp"
#include "config/yaml.hpp"

namespace weir::config {
namespace {

Node parse(const std::string& text, std::uint32_t source = 0) {
  std::vector<Problem> problems;
  auto root = parse_yaml(text, source, "f.yaml", problems);
  EXPECT_TRUE(root && problems.empty()) << text;
  return root ? *root : Node{};
}

std::string merged(const std::string& base, const std::string& over) {
  Node root = parse(base);
  merge(root, parse(over, 1));
  return canonical_text(root);
}

std::string canonical(const std::string& text) {
  return canonical_text(parse(text));
}

TEST(Merge, MapsMergeDeeplyEverythingElseIsReplaced) {
  EXPECT_EQ(merged("{a: 1}", "{b: 2}"), canonical("{a: 1, b: 2}"));
  EXPECT_EQ(merged("{a: 1}", "{a: 2}"), canonical("{a: 2}"));
  EXPECT_EQ(merged("{a: {b: 1, c: 2}}", "{a: {c: 3, d: 4}}"), canonical("{a: {b: 1, c: 3, d: 4}}"));
  EXPECT_EQ(merged("{a: [1, 2]}", "{a: [3]}"), canonical("{a: [3]}"));
  EXPECT_EQ(merged("{a: {b: 1}}", "{a: 5}"), canonical("{a: 5}"));
  EXPECT_EQ(merged("{a: 5}", "{a: {b: 1}}"), canonical("{a: {b: 1}}"));
  EXPECT_EQ(merged("{a: {b: 1}}", "{a: ~}"), canonical("{a: ~}"));
  EXPECT_EQ(merged("{a: 1}", "{}"), canonical("{a: 1}"));
}

TEST(Merge, KeepsTheOrderOfTheFirstLayer) {
  Node root = parse("{b: 1, a: 2}");
  merge(root, parse("{c: 3, a: 4}"));
  ASSERT_EQ(root.children.size(), 3U);
  EXPECT_EQ(root.children[0].key, "b");
  EXPECT_EQ(root.children[1].key, "a");
  EXPECT_EQ(root.children[2].key, "c");
}

TEST(Merge, MarksFollowTheWinner) {
  Node root = parse("a: 1\nb: { c: 1 }\n", 0);
  merge(root, parse("\n\nb: { d: 2 }\n", 1));
  EXPECT_EQ(root.find("a")->mark.source, 0U);
  EXPECT_EQ(root.find("b")->key_mark.source, 1U);
  EXPECT_EQ(root.find("b")->key_mark.line, 3);
  EXPECT_EQ(root.find("b")->find("c")->mark.source, 0U);
  EXPECT_EQ(root.find("b")->find("d")->mark.source, 1U);
}

TEST(Merge, IsLinearInTheNumberOfKeys) {
  std::string base, over;
  for (int i = 0; i < 20'000; ++i) {
    base += "key_with_a_rather_long_name_" + std::to_string(i) + ": 1\n";
    over += "key_with_a_rather_long_name_" + std::to_string(i + 10'000) + ": 2\n";
  }
  Node root = parse(base);
  merge(root, parse(over));
  EXPECT_EQ(root.children.size(), 30'000U);
}

TEST(CanonicalText, DependsOnContentOnly) {
  EXPECT_EQ(canonical("{a: 1, b: [x, y]}"), canonical("# note\nb:\n  - 'x'\n  - \"y\"\na: 1\n"));
  EXPECT_NE(canonical("{a: 1}"), canonical("{a: 2}"));
  EXPECT_NE(canonical("{a: [x, y]}"), canonical("{a: [y, x]}"));
  EXPECT_NE(canonical("{a: [x, y]}"), canonical("{a: [xy]}"));
  EXPECT_NE(canonical("{ab: c}"), canonical("{a: bc}"));
  EXPECT_NE(canonical("{a: true}"), canonical("{a: \"true\"}"));
  EXPECT_NE(canonical("{a: ~}"), canonical("{a: \"\"}"));
}

TEST(Digest, IsTheStartOfSha256) {
  EXPECT_EQ(short_sha256("abc"), "ba7816bf8f01cfea");
  EXPECT_EQ(short_sha256(""), "e3b0c44298fc1c14");
}

}  // namespace
}  // namespace weir::config
