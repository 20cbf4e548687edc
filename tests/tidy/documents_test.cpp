// What the documents promise exists: links resolve, scripts and presets are there, `weir` has the subcommands
// and options that they say to type.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tidy/expect.hpp"
#include "tidy/process.hpp"
#include "tidy/source.hpp"

namespace weir::tidy {
namespace {

/// Lines of the fenced code blocks of a document, prompts removed.
struct CommandLine {
  std::string text;
  int line;
};

std::vector<CommandLine> command_lines(const std::string& text) {
  std::vector<CommandLine> found;
  bool inside = false;
  int line = 0;
  for (const std::string& content : split_lines(text)) {
    ++line;
    if (content.starts_with("```")) {
      inside = !inside;
    } else if (inside) {
      const std::size_t start = content.find_first_not_of(" $");
      if (start != std::string::npos) found.push_back({content.substr(start), line});
    }
  }
  return found;
}

std::vector<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it)
    found.push_back((*it)[1]);
  return found;
}

std::vector<Finding> broken_links(const std::string& path, const std::string& text) {
  std::vector<Finding> findings;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  int line = 0;
  for (const std::string& content : split_lines(text)) {
    ++line;
    for (std::string target : matches(content, R"(\]\(([^)\s]+)\))")) {
      if (target.find("://") != std::string::npos || target.starts_with('#') || target.starts_with("mailto:"))
        continue;
      target = target.substr(0, target.find('#'));
      if (!exists((folder / target).generic_string()))
        findings.push_back({path, line, "link to nothing: " + target});
    }
  }
  return findings;
}

/// Repository paths that a document says to run, or to open in a code block.
std::vector<Finding> missing_paths(const std::string& path, const std::string& text) {
  std::vector<Finding> findings;
  for (const CommandLine& command : command_lines(text)) {
    for (const std::string& file : matches(
             command.text, R"((?:^|[\s=(])((?:\./)?(?:deploy|tests|bench|certs|config|\.ci)/[\w./-]+))")) {
      const bool generated = file.find("certs/dev/") != std::string::npos;
      if (!generated && !exists(file)) findings.push_back({path, command.line, "no such file: " + file});
    }
  }
  return findings;
}

std::vector<Finding> missing_presets(const std::string& path, const std::string& text) {
  std::vector<Finding> findings;
  const std::string presets = read_file("CMakePresets.json");
  for (const CommandLine& command : command_lines(text)) {
    for (const std::string& name : matches(command.text, R"(--preset[ =](\w+))")) {
      if (presets.find("{\"name\": \"" + name + "\"") == std::string::npos) {
        findings.push_back({path, command.line, "no such preset: " + name});
      }
    }
  }
  return findings;
}

/// `weir SUB --option` at the start of a command: the real binary's help has to know both.
std::vector<Finding> unknown_weir_commands(const std::string& path, const std::string& text) {
  std::vector<Finding> findings;
  const auto help_of = [](const std::string& command) {
    return run(std::string(WEIR_BINARY_DIR) + "/weir " + command + " --help");
  };
  // Its help lists one subcommand a line, indented.
  static const std::vector<std::string> known = matches(help_of("").output, R"(\n  ([a-z]+) )");
  for (const CommandLine& command : command_lines(text)) {
    std::smatch match;
    static const std::regex invocation(R"(^(?:sudo )?(?:[\w./]*/)?weir ([a-z]+)(.*)$)");
    if (!std::regex_match(command.text, match, invocation)) continue;
    const std::string subcommand = match[1];
    if (std::find(known.begin(), known.end(), subcommand) == known.end()) {
      findings.push_back({path, command.line, "weir has no command '" + subcommand + "'"});
      continue;
    }
    const std::string arguments = match[2].str().substr(0, match[2].str().find(" #"));
    Outcome help = help_of(subcommand);
    std::smatch deeper;  // `weir split set`: the options are those of the inner command
    static const std::regex inner(R"(^ ([a-z]+)\b.*$)");
    if (std::regex_match(arguments, deeper, inner) &&
        help.output.find("\n  " + deeper[1].str() + " ") != std::string::npos) {
      help = help_of(subcommand + " " + deeper[1].str());
    }
    for (const std::string& option : matches(arguments, R"(\s(--?[a-zA-Z][\w-]*))")) {
      if (help.output.find(option) != std::string::npos) continue;
      std::string what = "weir " + subcommand;
      what.append(" has no option ").append(option);
      findings.push_back({path, command.line, std::move(what)});
    }
  }
  return findings;
}

template <class Rule>
std::vector<Finding> over_documents(Rule rule) {
  std::vector<Finding> all;
  for (const std::string& path : authored_files()) {
    if (!path.ends_with(".md")) continue;
    const auto found = rule(path, read_file(path));
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

std::string fenced(const std::string& line) {
  return "```\n" + line + "\n```\n";
}

TEST(DocumentRule, FindsBrokenLinks) {
  EXPECT_EQ(report(broken_links("README.md", "[a](CMakeLists.txt) [b](https://example.com/x) [c](#d)\n")),
            "");
  EXPECT_EQ(report(broken_links("tests/a.md", "[a](../CMakeLists.txt#part)\n")), "");
  EXPECT_THAT(report(broken_links("README.md", "[a](nothing.md)\n")), testing::HasSubstr("nothing.md"));
}

TEST(DocumentRule, FindsMissingScriptsAndPresets) {
  EXPECT_EQ(report(missing_paths("a.md", fenced("tests/run.sh --preset dev"))), "");
  EXPECT_EQ(report(missing_paths("a.md", "tests/nothing.sh outside a code block\n")), "");
  EXPECT_THAT(report(missing_paths("a.md", fenced("./deploy/nothing.sh"))), testing::HasSubstr("nothing.sh"));
  EXPECT_EQ(report(missing_presets("a.md", fenced("cmake --preset release"))), "");
  EXPECT_THAT(report(missing_presets("a.md", fenced("cmake --preset quick"))), testing::HasSubstr("quick"));
}

TEST(DocumentRule, FindsUnknownWeirCommands) {
  EXPECT_EQ(report(unknown_weir_commands("a.md", fenced("$ weir version"))), "");
  EXPECT_EQ(report(unknown_weir_commands("a.md", fenced("build/release/bin/weir run -c config/weir.yaml"))),
            "");
  EXPECT_NE(report(unknown_weir_commands("a.md", fenced("weir fly"))), "");
  EXPECT_NE(report(unknown_weir_commands("a.md", fenced("weir run --sideways"))), "");
}

TEST(Tidy, LinksResolve) {
  EXPECT_TRUE(is_clean(over_documents(broken_links)));
}
TEST(Tidy, DocumentedFilesExist) {
  EXPECT_TRUE(is_clean(over_documents(missing_paths)));
}
TEST(Tidy, DocumentedPresetsExist) {
  EXPECT_TRUE(is_clean(over_documents(missing_presets)));
}
TEST(Tidy, DocumentedCommandsExist) {
  EXPECT_TRUE(is_clean(over_documents(unknown_weir_commands)));
}

/// The fenced yaml blocks of a document.
std::vector<std::string> yaml_blocks(const std::string& text) {
  std::vector<std::string> blocks;
  bool inside = false;
  for (const std::string& line : split_lines(text)) {
    if (line.starts_with("```")) {
      inside = line == "```yaml";
      if (inside) blocks.emplace_back();
    } else if (inside) {
      blocks.back() += line + "\n";
    }
  }
  return blocks;
}

TEST(Tidy, ReadmeConfigurationsAreValid) {
  const auto blocks = yaml_blocks(read_file("README.md"));
  ASSERT_FALSE(blocks.empty());
  for (const std::string& block : blocks) {
    const std::string file = testing::TempDir() + "readme.yaml";
    std::ofstream(file) << block;
    const Outcome outcome = run(std::string(WEIR_BINARY_DIR) + "/weir check -c " + file);
    EXPECT_EQ(outcome.status, 0) << block << outcome.output;
    std::filesystem::remove(file);
  }
}

TEST(Tidy, ScriptsAreStrictAndRunnable) {
  for (const std::string& path : authored_files()) {
    const std::string text = read_file(path);
    if (!text.starts_with("#!")) continue;  // a part that others source, or no script at all
    const bool python = text.starts_with("#!/usr/bin/env python3\n");
    if (!python) {
      EXPECT_THAT(text, testing::HasSubstr("\nset -euo pipefail\n")) << path;
    }
    const auto permissions = std::filesystem::status(std::string(WEIR_SOURCE_DIR "/") + path).permissions();
    EXPECT_NE(permissions & std::filesystem::perms::owner_exec, std::filesystem::perms::none) << path;
    const char* const checker =
        python ? "python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' " : "bash -n ";
    const Outcome syntax = run(checker + std::string(WEIR_SOURCE_DIR "/") + path);
    EXPECT_EQ(syntax.status, 0) << syntax.output;
  }
}

}  // namespace
}  // namespace weir::tidy
