// A file fits a reader's head and a function fits a screen.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tidy/braces.hpp"
#include "tidy/expect.hpp"
#include "tidy/source.hpp"

namespace weir::tidy {
namespace {

constexpr int file_lines_max = 600;
constexpr int function_lines_max = 80;

std::vector<Finding> long_files(const SourceFile& file) {
  const auto lines = static_cast<int>(std::count(file.text.begin(), file.text.end(), '\n'));
  if (lines <= file_lines_max) return {};
  return {{file.path, lines, fmt::format("{} lines, at most {}: split it", lines, file_lines_max)}};
}

/// Functions from their opening brace to the closing one. What lies inside a function is not counted again,
/// and a table's rows are data: lines inside `= {...}` do not count.
class FunctionMeter {
 public:
  explicit FunctionMeter(const SourceFile& file) : file_(file), tokens_(file.tokens) {}

  std::vector<Finding> run() && {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const std::string& text = tokens_[i].text;
      if (text == "(") ++parentheses_;
      if (text == ")") --parentheses_;
      if (text == "{") open(i);
      if (text == "}" && !open_.empty()) close(i);
      if (text == "{" || (text == ";" && parentheses_ == 0)) statement_ = i + 1;
    }
    return std::move(findings_);
  }

 private:
  struct Open {
    Brace kind;
    int line;
    int table_lines = 0;
  };

  void open(std::size_t i) { open_.push_back({classify(tokens_, statement_, i), tokens_[i].line}); }

  void close(std::size_t i) {
    const Open closed = open_.back();
    open_.pop_back();
    const int lines = tokens_[i].line - closed.line + 1;
    if (closed.kind == Brace::initializer) {
      if (!open_.empty()) open_.back().table_lines += lines - 1;
      return;
    }
    statement_ = i + 1;
    if (!open_.empty()) open_.back().table_lines += closed.table_lines;
    const bool outermost = std::none_of(open_.begin(), open_.end(), [](const Open& outer) {
      return outer.kind == Brace::function || outer.kind == Brace::initializer;
    });
    const int counted = lines - closed.table_lines;
    if (closed.kind != Brace::function || !outermost || counted <= function_lines_max) return;
    findings_.push_back(
        {file_.path, closed.line,
         fmt::format("function of {} lines, at most {}: split it", counted, function_lines_max)});
  }

  const SourceFile& file_;
  const std::vector<Token>& tokens_;
  std::vector<Open> open_;
  std::size_t statement_ = 0;
  int parentheses_ = 0;
  std::vector<Finding> findings_;
};

std::vector<Finding> long_functions(const SourceFile& file) {
  return FunctionMeter(file).run();
}

std::string lines_of(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += "  call();\n";
  return text;
}

TEST(SizeRule, FindsLongFiles) {
  EXPECT_EQ(report(long_files(make_source("a.cpp", lines_of(600)))), "");
  EXPECT_THAT(report(long_files(make_source("a.cpp", lines_of(601)))), testing::HasSubstr("601 lines"));
}

TEST(SizeRule, FindsLongFunctions) {
  const auto found = [](const std::string& head, int lines) {
    return report(
        long_functions(make_source("a.cpp", "namespace a {\n" + head + " {\n" + lines_of(lines) + "}\n}\n")));
  };
  EXPECT_EQ(found("int f(int a)", 78), "");
  for (const char* head : {"int f(int a)", "Task<int> A::f() const", "A::A(int a) : a_(a), b_{a}",
                           "TEST(A, B)", "template <class T>\nauto f(T t) -> std::vector<T>"}) {
    EXPECT_THAT(found(head, 79), testing::HasSubstr("function of 81 lines")) << head;
  }
}

TEST(SizeRule, CountsNeitherClassesNorTables) {
  EXPECT_EQ(report(long_functions(make_source("a.hpp", "class A {\n" + lines_of(100) + "};\n"))), "");
  EXPECT_EQ(report(long_functions(make_source("a.cpp", "const int a[] = {\n" + lines_of(100) + "};\n"))), "");
  const std::string table = "static const A table = {\n" + lines_of(100) + "};\n";
  EXPECT_EQ(report(long_functions(make_source("a.cpp", "A f() {\n" + table + lines_of(70) + "}\n"))), "");
  EXPECT_NE(report(long_functions(make_source("a.cpp", "A f() {\n" + table + lines_of(80) + "}\n"))), "");
}

TEST(Tidy, FilesAreShort) {
  EXPECT_TRUE(is_clean(over_cpp_files(long_files)));
}
TEST(Tidy, FunctionsAreShort) {
  EXPECT_TRUE(is_clean(over_cpp_files(long_functions)));
}

}  // namespace
}  // namespace weir::tidy
