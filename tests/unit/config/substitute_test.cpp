#include "config/substitute.hpp"

#include <gtest/gtest.h>

#include <map>

#include "config/yaml.hpp"

namespace weir::config {
namespace {

using Variables = std::map<std::string, std::string>;

struct Outcome {
  Node root;
  std::vector<Problem> problems;
};

Outcome substituted(const std::string& text, const Variables& variables) {
  Outcome out;
  out.root = parse_yaml(text, 0, "f.yaml", out.problems).value_or(Node{});
  const Environment environment = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
  substitute(out.root, environment, {"f.yaml"}, out.problems);
  return out;
}

/// What `text` becomes, as the value of a key; or the problem.
std::string replaced(const std::string& text,
                     const Variables& variables = {{"A", "1"}, {"B", "two"}, {"E", ""}}) {
  const Outcome out = substituted("key: \"" + text + "\"", variables);
  if (!out.problems.empty()) return out.problems.front().problem;
  return out.root.find("key")->text;
}

TEST(Substitute, ReplacesReferences) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"plain", "plain"},     {"${A}", "1"},
      {"${A}${B}", "1two"},   {"x${A}y${B}z", "x1ytwoz"},
      {"${E}", ""},           {"${NO:-d}", "d"},
      {"${NO:-}", ""},        {"${E:-d}", "d"},
      {"${A:-d}", "1"},       {"${NO:-a:-b c}", "a:-b c"},
      {"$${A}", "${A}"},      {"$${A}${A}", "${A}1"},
      {"${A}$${A}", "1${A}"}, {"$A $ {A} $", "$A $ {A} $"},
      {"100$", "100$"},       {"}{", "}{"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(replaced(text), expected) << text;
}

TEST(Substitute, IsNotRepeated) {
  EXPECT_EQ(replaced("${A}", {{"A", "${B}"}, {"B", "x"}}), "${B}");
}

TEST(Substitute, SaysWhatIsWrong) {
  EXPECT_EQ(replaced("${NO}"), "the environment variable NO is not set");
  EXPECT_EQ(replaced("${A"), "'${' without a '}'");
  EXPECT_EQ(replaced("${}"), "'' is not a name of a variable");
  EXPECT_EQ(replaced("${A-b}"), "'A-b' is not a name of a variable");
  EXPECT_EQ(replaced("${1A}"), "'1A' is not a name of a variable");
  EXPECT_EQ(replaced("${:-x}"), "'' is not a name of a variable");
  EXPECT_EQ(replaced("${A}", {{"A", "\xff"}}), "the environment variable A is not UTF-8 text");
}

TEST(Substitute, ReportsAllWithTheirPathsAndSilencesReaders) {
  const Outcome out = substituted("a: { b: [x, \"${NO}\"] }\nc: ${NEITHER}\n", {});
  ASSERT_EQ(out.problems.size(), 2U);
  EXPECT_EQ(out.problems[0].to_string(),
            "f.yaml:1:13: a.b[1]: the environment variable NO is not set; set it, or write ${NO:-default}");
  EXPECT_EQ(out.problems[1].path, "c");
  EXPECT_EQ(out.root.find("c")->kind, Node::Kind::broken);
}

TEST(Substitute, LeavesKeysAlone) {
  const Outcome out = substituted("\"${A}\": x", {{"A", "1"}});
  EXPECT_NE(out.root.find("${A}"), nullptr);
}

TEST(Substitute, BoundsTheTotal) {
  const std::string large(1024 * 1024, 'x');
  std::string text;
  for (std::size_t i = 0; i < substituted_bytes_max / large.size() + 1; ++i) text += "- ${A}\n";
  const Outcome out = substituted(text, {{"A", large}});
  ASSERT_EQ(out.problems.size(), 1U);
  EXPECT_EQ(out.problems[0].problem, "the environment puts in more than 16 MiB");
}

struct Overridden {
  Node root;
  Sources sources{"f.yaml"};
  std::vector<Problem> problems;
};

Overridden overridden(const std::string& text,
                      const std::vector<std::pair<std::string, std::string>>& variables) {
  Overridden out;
  out.root = parse_yaml(text, 0, "f.yaml", out.problems).value_or(Node{});
  apply_overrides(out.root, variables, out.sources, out.problems);
  return out;
}

std::string result(const std::string& text,
                   const std::vector<std::pair<std::string, std::string>>& variables) {
  const Overridden out = overridden(text, variables);
  EXPECT_TRUE(out.problems.empty());
  return canonical_text(out.root);
}

std::string canonical(const std::string& text) {
  std::vector<Problem> problems;
  return canonical_text(parse_yaml(text, 0, "", problems).value_or(Node{}));
}

TEST(Overrides, SetKeysByPath) {
  EXPECT_EQ(result("{a: {b: 1}}", {{"WEIR__A__B", "2"}}), canonical("{a: {b: 2}}"));
  EXPECT_EQ(result("{a: {b_c: 1}}", {{"WEIR__A__B_C", "2"}}), canonical("{a: {b_c: 2}}"));
  EXPECT_EQ(result("{a: {Blue-1: {x: 1}}}", {{"WEIR__A__blue-1__X", "2"}}),
            canonical("{a: {Blue-1: {x: 2}}}"));
  EXPECT_EQ(result("{}", {{"WEIR__A__B", "2"}}), canonical("{a: {b: 2}}"));
  EXPECT_EQ(result("{a: 5}", {{"WEIR__A__B", "2"}}), canonical("{a: {b: 2}}"));
  EXPECT_EQ(result("{a: [x, {y: 1}]}", {{"WEIR__A__1__Y", "2"}, {"WEIR__A__0", "z"}}),
            canonical("{a: [z, {y: 2}]}"));
}

TEST(Overrides, ReadTheValueAsYaml) {
  EXPECT_EQ(result("{a: {x: 1}}", {{"WEIR__A", "{y: [2]}"}}), canonical("{a: {x: 1, y: [2]}}"));
  EXPECT_EQ(result("{a: [1]}", {{"WEIR__A", "[2, 3]"}}), canonical("{a: [2, 3]}"));
  EXPECT_EQ(result("{a: x}", {{"WEIR__A", ""}}), canonical("{a: \"\"}"));
  EXPECT_EQ(result("{a: x}", {{"WEIR__A", "'${B}'"}}), canonical("{a: '${B}'}"));
}

TEST(Overrides, GoInTheOrderOfTheirNames) {
  EXPECT_EQ(result("{}", {{"WEIR__A__B", "2"}, {"WEIR__A", "{b: 1}"}}), canonical("{a: {b: 2}}"));
}

TEST(Overrides, LeaveOtherVariablesAlone) {
  EXPECT_EQ(result("{a: 1}", {{"WEIR_A", "2"}, {"weir__A", "2"}, {"A", "2"}, {"WEIR_ENV", "x"}}),
            canonical("{a: 1}"));
}

TEST(Overrides, AreSourcesOfTheirOwn) {
  const Overridden out = overridden("{a: {b: 1}}", {{"WEIR__A__B", "2"}});
  ASSERT_EQ(out.sources.size(), 2U);
  EXPECT_EQ(out.sources[1], "environment WEIR__A__B");
  EXPECT_EQ(out.root.find("a")->find("b")->mark.source, 1U);
  EXPECT_EQ(out.root.find("a")->mark.source, 0U);
}

TEST(Overrides, RefuseNamesThatAreNoPath) {
  for (const std::string name : {"WEIR__", "WEIR____A", "WEIR__A____B", "WEIR__A__"}) {
    const Overridden out = overridden("{}", {{name, "1"}});
    ASSERT_EQ(out.problems.size(), 1U) << name;
    EXPECT_EQ(out.problems[0].file, "environment " + name);
    EXPECT_EQ(out.problems[0].problem, "not a path of keys");
  }
  std::string deep = "WEIR";
  for (int i = 0; i < 100; ++i) deep += "__A";
  EXPECT_EQ(overridden("{}", {{deep, "1"}}).problems.size(), 1U);
}

}  // namespace
}  // namespace weir::config
