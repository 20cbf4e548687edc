#include "tidy/source.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace weir::tidy {

namespace {

namespace fs = std::filesystem;

const fs::path& root() {
  static const fs::path path{WEIR_SOURCE_DIR};
  return path;
}

bool is_word_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// Blanks what is not code. Keeps newlines, quotes and the length, so that offsets stay valid.
class Blanker {
 public:
  explicit Blanker(std::string text) : code_(std::move(text)) {}

  std::string run() && {
    while (at_ < code_.size()) step();
    return std::move(code_);
  }

 private:
  void step() {
    const char c = code_[at_];
    if (starts("//")) {
      blank_until("\n", false);
    } else if (starts("/*")) {
      blank_until("*/", true);
    } else if (c == '#' && at_line_start_) {
      blank_directive();
    } else if (c == '"' && at_ > 0 && code_[at_ - 1] == 'R') {
      blank_raw_string();
    } else if (c == '"' || (c == '\'' && (at_ == 0 || !is_word_char(code_[at_ - 1])))) {
      blank_literal(c);
    } else {
      if (c == '\n') {
        at_line_start_ = true;
      } else if (c != ' ') {
        at_line_start_ = false;
      }
      ++at_;
    }
  }

  bool starts(std::string_view what) const { return code_.compare(at_, what.size(), what) == 0; }

  void blank_to(std::size_t end) {
    end = std::min(end, code_.size());
    for (; at_ < end; ++at_) {
      if (code_[at_] != '\n') code_[at_] = ' ';
    }
  }

  void blank_until(std::string_view terminator, bool inclusive) {
    const std::size_t found = code_.find(terminator, at_);
    if (found == std::string::npos) return blank_to(code_.size());
    blank_to(found + (inclusive ? terminator.size() : 0));
  }

  void blank_directive() {
    std::size_t end = at_;
    while (end < code_.size() && (code_[end] != '\n' || code_[end - 1] == '\\')) ++end;
    blank_to(end);
  }

  void blank_literal(char quote) {
    std::size_t end = at_ + 1;
    while (end < code_.size() && code_[end] != quote && code_[end] != '\n') end += code_[end] == '\\' ? 2 : 1;
    ++at_;
    blank_to(end);
    ++at_;
    at_line_start_ = false;
  }

  void blank_raw_string() {
    const std::size_t open = code_.find('(', at_);
    const std::string terminator = ")" + code_.substr(at_ + 1, open - at_ - 1) + "\"";
    ++at_;
    const std::size_t close = code_.find(terminator, at_);
    blank_to(close == std::string::npos ? code_.size() : close + terminator.size() - 1);
    ++at_;
    at_line_start_ = false;
  }

  std::string code_;
  std::size_t at_ = 0;
  bool at_line_start_ = true;
};

std::vector<Token> tokenize(const std::string& code) {
  std::vector<Token> tokens;
  int line = 1;
  for (std::size_t i = 0; i < code.size();) {
    const char c = code[i];
    if (c == '\n') ++line;
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      ++i;
    } else if (is_word_char(c)) {
      std::size_t end = i;
      while (end < code.size() && is_word_char(code[end])) ++end;
      tokens.push_back({code.substr(i, end - i), line, true});
      i = end;
    } else {
      const bool pair = code.compare(i, 2, "::") == 0 || code.compare(i, 2, "->") == 0;
      tokens.push_back({code.substr(i, pair ? 2 : 1), line, false});
      i += pair ? 2 : 1;
    }
  }
  return tokens;
}

/// By ending; a file without one is ours when it is a script. Recordings are not.
bool is_authored(const fs::path& path) {
  if (path.filename() == "results.json") return false;
  static constexpr std::array endings = {".cpp", ".hpp",  ".md",   ".sh",  ".yaml", ".txt", ".cmake",
                                         ".in",  ".json", ".html", ".css", ".js",   ".mjs"};
  const std::string ending = path.extension().string();
  if (!ending.empty()) return std::find(endings.begin(), endings.end(), ending) != endings.end();
  std::ifstream stream(path, std::ios::binary);
  return stream.get() == '#' && stream.get() == '!';
}

}  // namespace

std::string SourceFile::folder() const {
  if (!is_below("proxy/")) return "";
  const std::size_t slash = path.find('/', 6);
  return slash == std::string::npos ? "" : path.substr(6, slash - 6);
}

SourceFile make_source(std::string path, std::string text) {
  SourceFile file;
  file.path = std::move(path);
  file.text = std::move(text);
  file.code = Blanker(file.text).run();
  file.tokens = tokenize(file.code);
  return file;
}

std::string report(const std::vector<Finding>& findings) {
  std::ostringstream out;
  for (const Finding& finding : findings) {
    out << finding.path << ':' << finding.line << ": " << finding.message << '\n';
  }
  return out.str();
}

std::vector<std::string> authored_files() {
  std::vector<std::string> paths;
  for (auto it = fs::recursive_directory_iterator(root()); it != fs::recursive_directory_iterator(); ++it) {
    const std::string path = it->path().lexically_relative(root()).generic_string();
    const bool foreign = path == "build" || path == ".git" || path == "certs/dev" || path == ".cache" ||
                         path == "tests/fuzz/corpus";
    if (it->is_directory() && foreign) {
      it.disable_recursion_pending();
    } else if (it->is_regular_file() && is_authored(it->path())) {
      paths.push_back(path);
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

const std::vector<SourceFile>& cpp_files() {
  static const std::vector<SourceFile> files = [] {
    std::vector<SourceFile> found;
    for (const std::string& path : authored_files()) {
      const bool ours =
          path.starts_with("proxy/") || path.starts_with("tests/") || path.starts_with("bench/");
      if (ours && (path.ends_with(".cpp") || path.ends_with(".hpp"))) {
        found.push_back(make_source(path, read_file(path)));
      }
    }
    return found;
  }();
  return files;
}

std::string read_file(const std::string& path) {
  std::ifstream stream(root() / path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

bool exists(const std::string& path) {
  return fs::exists(root() / path);
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace weir::tidy
