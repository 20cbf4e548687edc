// How every file looks: headers open with their contract, nothing is left unfinished, the formatter has
// nothing to say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tidy/expect.hpp"
#include "tidy/process.hpp"
#include "tidy/source.hpp"

namespace weir::tidy {
namespace {

constexpr std::size_t line_bytes_max = 120;
constexpr std::size_t header_comment_lines_max = 12;

std::vector<Finding> header_opening(const SourceFile& file) {
  if (!file.is_header()) return {};
  const auto lines = split_lines(file.text);
  std::size_t comment = 0;
  while (comment < lines.size() && lines[comment].starts_with("//")) ++comment;
  if (comment == 0) return {{file.path, 1, "a header opens with what it owns and who may call it"}};
  if (comment > header_comment_lines_max) return {{file.path, 1, "opening comment is too long"}};
  if (comment >= lines.size() || lines[comment] != "#pragma once") {
    return {{file.path, static_cast<int>(comment) + 1, "#pragma once follows the opening comment"}};
  }
  return {};
}

/// Written in two halves, so that this file does not find itself.
const std::array<std::string, 5> unfinished_words = {std::string("TO") + "DO", std::string("FIX") + "ME",
                                                     std::string("XX") + "X", std::string("HA") + "CK",
                                                     std::string("#if") + " 0"};

/// As a word of its own: `XXXXXX` is a mktemp template.
bool contains_word(std::string_view text, std::string_view word) {
  const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_letter(text[at - 1])) && (end == text.size() || !is_letter(text[end]))) return true;
  }
  return false;
}

std::vector<Finding> untidy_lines(const std::string& path, const std::string& text) {
  std::vector<Finding> findings;
  int line = 0;
  for (const std::string& content : split_lines(text)) {
    ++line;
    if (content.ends_with(' ') || content.ends_with('\t')) findings.push_back({path, line, "trailing space"});
    if (content.find('\t') != std::string::npos) findings.push_back({path, line, "tab"});
    if (content.find('\r') != std::string::npos) findings.push_back({path, line, "carriage return"});
    // Tables of a document, golden cases and queries of boards (one JSON string each) are as wide as they are.
    const bool free_form =
        path.ends_with(".md") || path.starts_with("tests/config/") || path.starts_with("deploy/grafana/");
    if (!free_form && content.size() > line_bytes_max) findings.push_back({path, line, "line too long"});
    for (const std::string& word : unfinished_words) {
      if (contains_word(content, word)) findings.push_back({path, line, "unfinished: " + word});
    }
    // Four-byte UTF-8: pictures, not letters.
    for (const char c : content) {
      if (static_cast<unsigned char>(c) < 0xf0) continue;
      findings.push_back({path, line, "emoji"});
      break;
    }
  }
  if (!text.empty() && !text.ends_with('\n')) findings.push_back({path, line, "no newline at the end"});
  return findings;
}

TEST(TextRule, FindsHeadersWithoutContract) {
  const auto found = [](const std::string& text) {
    return report(header_opening(make_source("proxy/io/a.hpp", text)));
  };
  EXPECT_EQ(found("// What.\n#pragma once\n"), "");
  EXPECT_NE(found("#pragma once\n"), "");
  EXPECT_NE(found("// What.\n#include <string>\n#pragma once\n"), "");
}

TEST(TextRule, FindsUntidyLines) {
  EXPECT_EQ(report(untidy_lines("a.cpp", "int a;\n")), "");
  const std::vector<std::string> untidy = {"int a; \n",
                                           "\tint a;\n",
                                           "int a;\r\n",
                                           "int a;",
                                           "// \xF0\x9F\x98\x80\n",
                                           std::string(121, 'a') + "\n"};
  for (const std::string& text : untidy) EXPECT_NE(report(untidy_lines("a.cpp", text)), "") << text;
  for (const std::string& word : unfinished_words) {
    EXPECT_THAT(report(untidy_lines("a.cpp", word + "\n")), testing::HasSubstr("unfinished"));
  }
}

TEST(Tidy, HeadersOpenWithTheirContract) {
  EXPECT_TRUE(is_clean(over_cpp_files(header_opening)));
}

TEST(Tidy, LinesAreTidy) {
  std::vector<Finding> all;
  for (const std::string& path : authored_files()) {
    const auto found = untidy_lines(path, read_file(path));
    all.insert(all.end(), found.begin(), found.end());
  }
  EXPECT_TRUE(is_clean(all));
}

TEST(Tidy, FormatterHasNothingToSay) {
  std::string command = "cd " WEIR_SOURCE_DIR " && clang-format-16 --dry-run -Werror";
  for (const SourceFile& file : cpp_files()) command += " " + file.path;
  const Outcome outcome = run(command);
  if (outcome.status == 127 &&
      run("cd " WEIR_SOURCE_DIR " && deploy/packages.sh --list test").output.find("clang-format") ==
          std::string::npos) {
    GTEST_SKIP() << "this distribution has no clang-format 16, and others format differently";
  }
  ASSERT_LE(outcome.status, 1) << outcome.output;  // 127: clang-format-16 is missing
  std::vector<Finding> findings;
  for (const std::string& line : split_lines(outcome.output)) {
    const std::size_t colon = line.find(':');
    if (line.find("error: code should be clang-formatted") == std::string::npos) continue;
    if (!findings.empty() && findings.back().path == line.substr(0, colon))
      continue;  // the first place says it
    findings.push_back(
        {line.substr(0, colon), std::stoi(line.substr(colon + 1)), "not as .clang-format has it"});
  }
  EXPECT_TRUE(is_clean(findings));
}

}  // namespace
}  // namespace weir::tidy
