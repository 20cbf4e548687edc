// The table of keys, the parse functions, the defaults and config/README.md say the same.
#include "config/describe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>

#include "config/build.hpp"
#include "config/dump.hpp"
#include "config/reader.hpp"
#include "config/world.hpp"
#include "config/yaml.hpp"
#include "core/units.hpp"

namespace weir::config::testing {
namespace {

std::string read_source(const std::string& path) {
  std::ifstream stream(std::filesystem::path(WEIR_SOURCE_DIR) / path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

Node parse(const std::string& text) {
  std::vector<Problem> problems;
  auto root = parse_yaml(text, 0, "f.yaml", problems);
  EXPECT_TRUE(root && problems.empty()) << text;
  return root.value_or(Node{});
}

/// `upstreams.blue.endpoints[3].weight` -> `upstreams.NAME.endpoints[].weight`.
std::string pattern_of(const std::string& path) {
  const std::string named = std::regex_replace(
      path, std::regex("^(listeners|upstreams|rate_limits|headers|access)\\.[^.\\[]+"), "$1.NAME");
  return std::regex_replace(named, std::regex("\\[[0-9]+\\]"), "[]");
}

TEST(Describe, TheTableHoldsExactlyTheKeysThatAreRead) {
  const World world;
  const Surroundings surroundings = world.surroundings();
  const Sources sources{"everything.yaml"};
  Context context(sources, surroundings);
  std::vector<std::string> asked;
  context.asked = &asked;
  build(parse(read_source("tests/config/everything.yaml")), context);
  std::set<std::string> read, described;
  for (const std::string& path : asked) read.insert(pattern_of(path));
  for (const KeyInfo& key : known_keys()) EXPECT_TRUE(described.emplace(key.path).second) << key.path;
  EXPECT_EQ(read, described);
}

/// Values at `pattern`, over all names and elements.
void collect(const Node& node, std::string_view pattern, std::vector<const Node*>& out) {
  if (pattern.empty()) {
    out.push_back(&node);
    return;
  }
  if (pattern.starts_with("[]")) {
    pattern.remove_prefix(2);
    if (pattern.starts_with('.')) pattern.remove_prefix(1);
    for (const Node& child : node.children) collect(child, pattern, out);
    return;
  }
  const auto end = pattern.find_first_of(".[");
  const std::string_view key = pattern.substr(0, end);
  std::string_view rest = end == pattern.npos ? "" : pattern.substr(end);
  if (rest.starts_with('.')) rest.remove_prefix(1);
  for (const Node& child : node.children) {
    if (key == "NAME" || child.key == key) collect(child, rest, out);
  }
}

/// Every block present, nothing in it that need not be.
const char* const bare_blocks = R"(
listeners:
  plain: { address: 127.0.0.1:1, redirect_to_https: {} }
  tls: { address: 127.0.0.1:2, tls: { certificates: [{ cert: a.crt, key: a.key }] } }
upstreams:
  app: { endpoints: [{ address: 127.0.0.1:3 }], tls: {}, health_check: {}, queue: {} }
  other: { endpoints: [127.0.0.1:4], protocol: h2c, health_check: { grpc: {} } }
rate_limits: { own: { rate: 1/s } }
headers: { own: {} }
access: { friends: { allow: [10.0.0.1] }, strangers: { deny: [10.0.0.2] } }
routes:
  - { name: a, match: { path: /a }, redirect: { to: /b } }
  - { name: b, match: { path: /b }, respond: {} }
  - { name: s, match: { path: /s }, split: { targets: [{ upstream: app, weight: 1 }], affinity: {} } }
  - { name: m, match: { path: /m }, upstream: app, mirror: { upstream: other, percent: 1 } }
  - { name: c, upstream: app }
)";

/// The same of what needs a folder for state, so that `server` is not bare.
const char* const bare_rollout = R"(
server: { state_dir: /var/lib/weir }
listeners: { http: { address: 127.0.0.1:1 } }
upstreams: { blue: { endpoints: [127.0.0.1:2] }, green: { endpoints: [127.0.0.1:3] } }
routes:
  - name: r
    split: { targets: [{ upstream: blue, weight: 1 }, { upstream: green, weight: 0 }] }
    rollout: { canary: green, tolerate: {} }
)";

/// What loads from it, in full.
Node effective(const char* text) {
  const LoadResult loaded = load_text(text);
  EXPECT_TRUE(std::holds_alternative<Config>(loaded)) << problems_of(loaded);
  const auto* const config = std::get_if<Config>(&loaded);
  return config == nullptr ? Node{} : parse(dump(*config));
}

/// The value in a form that can be compared: durations and sizes in their shortest form.
std::string comparable(Node node, std::string_view type) {
  if (const auto duration = parse_duration(node.text); duration && type == "duration") {
    node.text = format_duration(*duration);
  }
  if (const auto size = parse_size(node.text); size && type.starts_with("size"))
    node.text = format_size(*size);
  return canonical_text(node);
}

bool some_equal(const std::vector<const Node*>& values, const KeyInfo& key) {
  const std::string expected = comparable(parse(std::string(key.fallback)), key.type);
  return std::any_of(values.begin(), values.end(),
                     [&](const Node* value) { return comparable(*value, key.type) == expected; });
}

TEST(Describe, TheDefaultsAreThoseOfTheCode) {
  const Node bare = effective(bare_blocks), rollout = effective(bare_rollout);
  for (const KeyInfo& key : known_keys()) {
    const bool block = key.type.starts_with("map") && !key.type.starts_with("map of header");
    const bool shown = key.path != "routes[].respond.body";  // dumped as its size
    if (block || !shown || key.fallback == "required") continue;
    std::vector<const Node*> values;
    collect(key.path.starts_with("routes[].rollout.") ? rollout : bare, key.path, values);
    if (key.fallback == "absent") {
      // What a route could also say instead is there in the route that says it.
      if (!key.path.starts_with("routes[]")) {
        EXPECT_TRUE(values.empty()) << key.path;
      }
    } else {
      EXPECT_TRUE(some_equal(values, key)) << key.path << " is not " << key.fallback << " where it is absent";
    }
  }
}

/// A document in which `key` alone is missing.
TEST(Describe, WhatIsRequiredIsMissed) {
  const std::vector<std::pair<std::string, std::string>> without = {
      {"", "listeners"},
      {"", "upstreams"},
      {"", "routes"},
      {"listeners: { a: {} }", "listeners.a.address"},
      {"listeners: { a: { tls: {} } }", "listeners.a.tls.certificates"},
      {"listeners: { a: { tls: { certificates: [{}] } } }", "listeners.a.tls.certificates[0].cert"},
      {"listeners: { a: { tls: { certificates: [{}] } } }", "listeners.a.tls.certificates[0].key"},
      {"upstreams: { a: {} }", "upstreams.a.endpoints"},
      {"upstreams: { a: { endpoints: [{}] } }", "upstreams.a.endpoints[0].address"},
      {"rate_limits: { a: {} }", "rate_limits.a.rate"},
      {"routes: [{}]", "routes[0].name"},
      {"routes: [{ rewrite: {} }]", "routes[0].rewrite.path"},
      {"routes: [{ split: {} }]", "routes[0].split.targets"},
      {"routes: [{ split: { targets: [{}] } }]", "routes[0].split.targets[0].upstream"},
      {"routes: [{ split: { targets: [{}] } }]", "routes[0].split.targets[0].weight"},
      {"routes: [{ split: { overrides: [{}] } }]", "routes[0].split.overrides[0].upstream"},
      {"upstreams: { a: { endpoints: [127.0.0.1:1] } }\n"
       "routes: [{ split: { targets: [{ upstream: a, weight: 1 }] }, rollout: {} }]",
       "routes[0].rollout.canary"},
      {"routes: [{ mirror: {} }]", "routes[0].mirror.upstream"},
      {"routes: [{ mirror: {} }]", "routes[0].mirror.percent"},
      {"routes: [{ redirect: {} }]", "routes[0].redirect.to"},
  };
  std::set<std::string> covered;
  for (const auto& [text, path] : without) {
    EXPECT_THAT(problems_of(load_text(text)), ::testing::HasSubstr(": " + path + ": is missing; ")) << text;
    covered.insert(pattern_of(path));
  }
  for (const KeyInfo& key : known_keys()) {
    if (key.fallback == "required") {
      EXPECT_EQ(covered.count(std::string(key.path)), 1U) << key.path;
    }
  }
}

/// The rows of the reference tables, with the keys' whole paths: `path | type | unit | default | meaning`.
std::vector<std::string> documented_rows() {
  std::vector<std::string> rows;
  std::istringstream lines(read_source("config/README.md"));
  std::string prefix;
  const std::regex heading("### `(.*)`"), row("\\| `([a-z0-9_]+)` (\\| .* \\|.* \\| `.*` \\| .* \\|)");
  std::smatch found;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ") || line == "### The whole") prefix.clear();
    if (std::regex_match(line, found, heading)) prefix = found[1].str() + ".";
    if (std::regex_match(line, found, row)) rows.push_back(prefix + found[1].str() + " " + found[2].str());
  }
  return rows;
}

TEST(Describe, TheReferenceIsTheTable) {
  std::vector<std::string> expected;
  for (const KeyInfo& key : known_keys()) {
    const auto text = [](std::string_view view) { return std::string(view); };
    expected.push_back(text(key.path) + " | " + text(key.type) + " | " + text(key.unit) + " | `" +
                       text(key.fallback) + "` | " + text(key.meaning) + " |");
  }
  const auto documented = documented_rows();
  ASSERT_EQ(documented.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(documented[i], expected[i]);
}

/// The blocks of `language` in the README.
std::vector<std::string> code_blocks(const std::string& language) {
  std::vector<std::string> blocks;
  std::istringstream lines(read_source("config/README.md"));
  bool inside = false, wanted = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      inside = !inside;
      wanted = inside && line.substr(3) == language;
      if (wanted) blocks.emplace_back();
    } else if (wanted) {
      blocks.back() += line + "\n";
    }
  }
  return blocks;
}

TEST(Describe, TheExamplesInTheReferenceLoad) {
  const std::string rest =
      "listeners: { http: { address: 127.0.0.1:8080 } }\n"
      "upstreams: { app: { endpoints: [127.0.0.1:1] }, blue: { endpoints: [127.0.0.1:2] },"
      " green: { endpoints: [127.0.0.1:3] } }\n"
      "routes: [{ name: all, upstream: app }]\n";
  const auto blocks = code_blocks("yaml");
  EXPECT_GE(blocks.size(), 5U);
  for (const std::string& block : blocks) {
    World world;
    world.files = {{"rest.yaml", rest}, {"example.yaml", block}};
    EXPECT_EQ(problems_of(load({"rest.yaml", "example.yaml"}, world.surroundings())), "") << block;
  }
}

TEST(Describe, TheErrorsInTheReferenceAreReal) {
  const auto blocks = code_blocks("");
  ASSERT_FALSE(blocks.empty());
  const std::string text =
      "server: { worker: 2 }\n"
      "listeners:\n"
      "  http: { address: 8080 }\n"
      "\n"
      "upstreams:\n"
      "  green: { endpoints: [127.0.0.1:9003] }\n"
      "\n"
      "  blue: { endpoints: [] }\n"
      "\n"
      "\n"
      "routes:\n"
      "  - { name: api, upstream: bleu }\n";
  EXPECT_EQ(problems_of(load_text(text)), blocks.front());
}

}  // namespace
}  // namespace weir::config::testing
