#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tidy/coroutine_rule.hpp"
#include "tidy/expect.hpp"

namespace weir::tidy {
namespace {

std::string hazards(const std::string& body) {
  return report(coroutine_hazards(make_source("snippet.cpp", "Task<void> f(int a) {\n" + body + "\n}\n")));
}

TEST(CoroutineRule, FindsConditionalNextToAwait) {
  EXPECT_THAT(hazards("auto r = a ? co_await g() : 0;"), testing::HasSubstr("snippet.cpp:2: `?:`"));
  EXPECT_THAT(hazards("if (x) co_await g(a ? 1 : 2);"), testing::HasSubstr("`?:`"));
}

TEST(CoroutineRule, FindsBracedTemporaries) {
  for (const char* body : {"co_await g(Options{1, 2});", "auto r = co_await g(Options{});",
                           "Agg r{co_await g()};", "co_await g({1, 2});", "co_return Pair{co_await g(), 1};",
                           "if (auto r = co_await g(std::vector<int>{1}); !r) { return; }"}) {
    EXPECT_THAT(hazards(body), testing::HasSubstr("braced temporary")) << body;
  }
}

TEST(CoroutineRule, FindsCapturingLambdaTemporaries) {
  EXPECT_THAT(hazards("co_await g([a] { return a; });"), testing::HasSubstr("capturing lambda"));
  EXPECT_THAT(hazards("co_await g([&](int b) -> int { return a + b; });"),
              testing::HasSubstr("capturing lambda"));
}

TEST(CoroutineRule, FindsDereferencedPointers) {
  EXPECT_THAT(hazards("co_await *done;"), testing::HasSubstr("name a reference"));
  EXPECT_EQ(hazards("Signal& ended = *done;\nco_await ended;"), "");
}

TEST(CoroutineRule, LetsNamedThingsPass) {
  for (const char* body :
       {"Options options{1, 2};\nauto r = co_await g(std::move(options));", "co_await g([] { return 1; });",
        "auto r = co_await g();\nreturn r ? 1 : 2;", "co_await wait(std::chrono::milliseconds{5});",
        "co_await write_all({&part, 1}, timeout);",
        "while (co_await g()) {\n  const auto x = a ? 1 : 2;\n  use(x);\n}",
        "auto run = [a](int b) -> Task<int> { co_return co_await g(a, b); };\nco_await run(1);",
        "switch (a) {\n  case 1: {\n    co_await g();\n    break;\n  }\n  default: break;\n}",
        "for (auto& x : xs) {\n  if (x) {\n    co_await g(x);\n  } else {\n    co_await h(x);\n  }\n}",
        "co_await g(\"? {\");  // ? {", "names[a] = co_await g(values[a]);"}) {
    EXPECT_EQ(hazards(body), "") << body;
  }
}

TEST(CoroutineRule, SeesInsideLambdaBodies) {
  EXPECT_THAT(hazards("spawn([a]() -> Task<void> { co_await g(a ? 1 : 2); });"), testing::HasSubstr("`?:`"));
  EXPECT_EQ(hazards("spawn([a]() -> Task<void> { co_await g(a); });"), "");
}

TEST(Tidy, NoCoroutineHazards) {
  EXPECT_TRUE(is_clean(over_cpp_files(coroutine_hazards)));
}

}  // namespace
}  // namespace weir::tidy
