// What the build relies on: which files it compiles without optimisation, and which headers it does not compile alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tidy/expect.hpp"
#include "tidy/source.hpp"

namespace weir::tidy {
namespace {

/// Folders of the test programs that tests/CMakeLists.txt marks PLAIN.
constexpr std::string_view plain_folders[] = {
    "tests/unit/http/",      "tests/property/http/", "tests/unit/http1/",      "tests/property/http1/",
    "tests/unit/config/",    "tests/config/",        "tests/property/config/", "tests/unit/route/",
    "tests/unit/balance/",   "tests/unit/health/",   "tests/unit/limit/",      "tests/unit/split/",
    "tests/unit/upstream/",  "tests/unit/rollout/",  "tests/property/policy/", "tests/unit/http2/",
    "tests/property/http2/", "tests/unit/grpc/",     "tests/property/grpc/",   "tests/unit/tls/",
    "tests/unit/observe/",   "tests/unit/names/",    "tests/unit/explain/",    "tests/unit/replay/",
    "tests/unit/admin/",     "tests/unit/control/",  "tests/unit/cli/",        "tests/integration/"};

std::vector<Finding> coroutines_without_optimisation(const SourceFile& file) {
  std::vector<Finding> found;
  for (const std::string_view folder : plain_folders) {
    if (!file.is_below(folder)) continue;
    for (const Token& token : file.tokens) {
      if (token.text != "co_await" && token.text != "co_return") continue;
      found.push_back(
          {file.path, token.line,
           "a coroutine in a test program that is built with -O0, where coroutines resume each other by "
           "calls; take PLAIN from the program in tests/CMakeLists.txt"});
      break;
    }
  }
  return found;
}

std::vector<Finding> own_header_not_first(const SourceFile& file) {
  if (!file.is_below("proxy/") || file.is_header()) return {};
  const std::string header = file.path.substr(0, file.path.size() - 3) + "hpp";
  if (!exists(header)) return {};
  const std::string include = "#include \"" + header.substr(std::string_view("proxy/").size()) + "\"";
  const std::size_t first = file.text.find("#include");
  if (first != std::string::npos && file.text.compare(first, include.size(), include) == 0) return {};
  return {{file.path, 1,
           "the first include is not " + include +
               "; it is what shows that the header compiles alone (in the gcc preset, which has no "
               "precompiled header)"}};
}

TEST(Build, FindsCoroutinesInPlainTests) {
  const auto file = make_source("tests/unit/http/a_test.cpp", "Task<> f() {\n  co_await g();\n}\n");
  EXPECT_THAT(report(coroutines_without_optimisation(file)), testing::HasSubstr("a_test.cpp:2: a coroutine"));
  EXPECT_TRUE(coroutines_without_optimisation(make_source("tests/unit/io/a_test.cpp", file.text)).empty());
}

TEST(Build, FindsAnotherIncludeFirst) {
  const auto file = make_source("proxy/http/uri.cpp", "#include <string>\n#include \"http/uri.hpp\"\n");
  EXPECT_THAT(report(own_header_not_first(file)), testing::HasSubstr("not #include \"http/uri.hpp\""));
  EXPECT_TRUE(
      own_header_not_first(make_source("proxy/http/uri.cpp", "// A\n#include \"http/uri.hpp\"\n")).empty());
}

TEST(Tidy, PlainTestsHaveNoCoroutines) {
  EXPECT_TRUE(is_clean(over_cpp_files(coroutines_without_optimisation)));
}

TEST(Tidy, EveryHeaderIsTheFirstIncludeOfItsSource) {
  EXPECT_TRUE(is_clean(over_cpp_files(own_header_not_first)));
}

}  // namespace
}  // namespace weir::tidy
