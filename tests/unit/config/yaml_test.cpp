#include "config/yaml.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::config {
namespace {

struct Parsed {
  std::optional<Node> root;
  std::vector<Problem> problems;
};

Parsed parse(const std::string& text) {
  Parsed out;
  out.root = parse_yaml(text, 3, "f.yaml", out.problems);
  return out;
}

/// The only problem, as text; or a note that there are others.
std::string only_problem(const std::string& text) {
  const Parsed parsed = parse(text);
  if (parsed.problems.size() != 1) return std::to_string(parsed.problems.size()) + " problems";
  return parsed.problems.front().to_string();
}

TEST(Yaml, KeepsOrderKindsAndMarks) {
  const Parsed parsed = parse("b: 1\na:\n  - x\n  - {k: \"v\"}\n");
  ASSERT_TRUE(parsed.root && parsed.problems.empty());
  const Node& root = *parsed.root;
  ASSERT_EQ(root.children.size(), 2U);
  EXPECT_EQ(root.children[0].key, "b");
  EXPECT_EQ(root.children[0].text, "1");
  EXPECT_FALSE(root.children[0].quoted);
  const Node& list = root.children[1];
  EXPECT_TRUE(list.is_list());
  EXPECT_EQ(list.key_mark.line, 2);
  EXPECT_EQ(list.key_mark.column, 1);
  EXPECT_EQ(list.key_mark.source, 3U);
  EXPECT_EQ(list.children[0].mark.line, 3);
  EXPECT_EQ(list.children[0].mark.column, 5);
  const Node* const value = list.children[1].find("k");
  ASSERT_NE(value, nullptr);
  EXPECT_TRUE(value->quoted);
  EXPECT_EQ(value->mark.line, 4);
  EXPECT_EQ(value->mark.column, 9);
}

TEST(Yaml, DistinguishesNullFromEmptyText) {
  const Parsed parsed = parse("a:\nb: ~\nc: null\nd: \"\"\ne: ''\n");
  ASSERT_TRUE(parsed.root);
  EXPECT_EQ(parsed.root->find("a")->kind, Node::Kind::null);
  EXPECT_EQ(parsed.root->find("b")->kind, Node::Kind::null);
  EXPECT_EQ(parsed.root->find("c")->kind, Node::Kind::null);
  EXPECT_TRUE(parsed.root->find("d")->is_scalar());
  EXPECT_TRUE(parsed.root->find("e")->is_scalar());
}

TEST(Yaml, AnEmptyTextIsANull) {
  for (const std::string text : {"", "\n", "# comment\n", "---\n", "\xEF\xBB\xBF"}) {
    const Parsed parsed = parse(text);
    ASSERT_TRUE(parsed.root && parsed.problems.empty()) << text;
    EXPECT_EQ(parsed.root->kind, Node::Kind::null);
  }
}

TEST(Yaml, ReadsLineEndsOfEveryKind) {
  const Parsed parsed = parse("a: 1\r\nb: 2\r\n");
  ASSERT_TRUE(parsed.root);
  EXPECT_EQ(parsed.root->find("b")->text, "2");
  EXPECT_EQ(parsed.root->find("b")->mark.line, 2);
}

TEST(Yaml, ReadsBlockText) {
  const Parsed parsed = parse("a: |\n  one\n  two\nb: >-\n  one\n  two\n");
  ASSERT_TRUE(parsed.root);
  EXPECT_EQ(parsed.root->find("a")->text, "one\ntwo\n");
  EXPECT_EQ(parsed.root->find("b")->text, "one two");
}

TEST(Yaml, MergeKeysFillWhatIsMissing) {
  const Parsed parsed = parse("base: &base { x: 1, y: 2 }\nuse: { <<: *base, y: 3 }\nplain: { \"<<\": 4 }\n");
  ASSERT_TRUE(parsed.root && parsed.problems.empty());
  const Node& use = *parsed.root->find("use");
  EXPECT_EQ(use.find("x")->text, "1");
  EXPECT_EQ(use.find("y")->text, "3");
  EXPECT_EQ(use.children.size(), 2U);
  EXPECT_EQ(parsed.root->find("plain")->find("<<")->text, "4");
}

TEST(Yaml, RefusesBytesThatAreNoText) {
  const std::string message =
      ": a byte that is neither UTF-8 text nor a line break; save the file as UTF-8 text";
  EXPECT_EQ(only_problem(std::string("a: 1\nb: \0", 9)), "f.yaml:2:4" + message);
  EXPECT_EQ(only_problem("a: \x04"), "f.yaml:1:4" + message);
  EXPECT_EQ(only_problem("a: \x7f"), "f.yaml:1:4" + message);
  EXPECT_EQ(only_problem("a: \xff"), "f.yaml:1:4" + message);
  EXPECT_EQ(only_problem("a: \xc0\xaf"), "f.yaml:1:4" + message);          // overlong
  EXPECT_EQ(only_problem("a: \xed\xa0\x80"), "f.yaml:1:4" + message);      // surrogate
  EXPECT_EQ(only_problem("a: \xf4\x90\x80\x80"), "f.yaml:1:4" + message);  // past U+10FFFF
  EXPECT_EQ(only_problem("a: \xe2\x82"), "f.yaml:1:4" + message);          // cut short
  EXPECT_EQ(only_problem("a: \xf0\x9f\x98\x80 \xe2\x82\xac \xc3\xbc"), "0 problems");
}

TEST(Yaml, BoundsTheSize) {
  EXPECT_EQ(only_problem("a: " + std::string(yaml_bytes_max, 'x')),
            "f.yaml:1:1: larger than 8 MiB; shorten the file");
}

TEST(Yaml, BoundsTheDepth) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse(nested(yaml_depth_max)).problems.empty());
  EXPECT_NE(only_problem(nested(yaml_depth_max + 1)).find("nested deeper than 32 levels"), std::string::npos);
  EXPECT_FALSE(parse(std::string(100'000, '[')).root);
  std::string dashes;
  for (int i = 0; i < 10'000; ++i) dashes += "- ";
  EXPECT_NE(only_problem(dashes).find("nested deeper"), std::string::npos);
}

TEST(Yaml, BoundsTheNumberOfValues) {
  std::string text = "[";
  for (std::size_t i = 0; i <= yaml_nodes_max; ++i) text += "a,";
  EXPECT_NE(only_problem(text + "]").find("more than 1000000 values"), std::string::npos);
}

TEST(Yaml, BoundsWhatAliasesCopy) {
  // Few values, much text.
  std::string text = "- &a " + std::string(1024 * 1024, 'x') + "\n";
  for (std::size_t i = 0; i < 20; ++i) text += "- *a\n";
  EXPECT_NE(only_problem(text).find("aliases expand to too much"), std::string::npos);
}

TEST(Yaml, GoesOnAfterADuplicateKey) {
  const Parsed parsed = parse("a: 1\na: 2\nb: { c: 1, c: 2 }\n");
  ASSERT_TRUE(parsed.root);
  ASSERT_EQ(parsed.problems.size(), 2U);
  EXPECT_EQ(parsed.problems[0].to_string(),
            "f.yaml:2:1: a: written twice, first on line 1; keep one of the two");
  EXPECT_EQ(parsed.problems[1].to_string(),
            "f.yaml:3:12: b.c: written twice, first on line 3; keep one of the two");
  EXPECT_EQ(parsed.root->find("a")->text, "1");
}

TEST(Yaml, RefusesWhatTheParserRefuses) {
  for (const std::string text :
       {"a: [", "a: }", "\"", "a: b: c", "%YAML 9.9\n---\na: 1", "*x", "&", "!", "? [a]: b"}) {
    const Parsed parsed = parse(text);
    EXPECT_FALSE(parsed.root && parsed.problems.empty() && parsed.root->is_map()) << text;
  }
}

}  // namespace
}  // namespace weir::config
