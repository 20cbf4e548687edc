// The repository's files as the tidy rules see them: text, code without comments and literals, tokens. Rules
// are functions from a file to findings, so that each is tested on a snippet that breaks it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::tidy {

struct Token {
  std::string text;  // an identifier or number, or one punctuation mark (`::` and `->` are one)
  int line = 0;
  bool is_word = false;
};

struct SourceFile {
  std::string path;  // below the root, e.g. proxy/http/uri.cpp
  std::string text;
  std::string code;  // comments, literals' contents and preprocessor lines blanked; same offsets and lines
  std::vector<Token> tokens;

  bool is_header() const { return path.ends_with(".hpp"); }
  /// First folder below proxy/, or "" for proxy/main.cpp and everything outside proxy/.
  std::string folder() const;
  bool is_below(std::string_view prefix) const { return path.starts_with(prefix); }
};

struct Finding {
  std::string path;
  int line = 0;
  std::string message;
};

/// A file as the rules see it; `path` relative to the root.
SourceFile make_source(std::string path, std::string text);

/// One finding a line, as an editor can jump to: `path:line: message`.
std::string report(const std::vector<Finding>& findings);

/// Every .cpp and .hpp of proxy/, tests/ and bench/.
const std::vector<SourceFile>& cpp_files();

/// Paths below the root of all files that people write: code, scripts, documents, configuration.
std::vector<std::string> authored_files();

std::string read_file(const std::string& path);  // relative to the root; "" when it is not there
bool exists(const std::string& path);            // relative to the root

std::vector<std::string> split_lines(const std::string& text);

/// Runs `rule` over every C++ file and gathers what it finds.
template <class Rule>
std::vector<Finding> over_cpp_files(Rule rule) {
  std::vector<Finding> all;
  for (const SourceFile& file : cpp_files()) {
    auto found = rule(file);
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

}  // namespace weir::tidy
