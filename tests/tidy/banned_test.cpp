// Calls that this project does not make, each with the reason and what to use instead.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "tidy/expect.hpp"
#include "tidy/source.hpp"

namespace weir::tidy {
namespace {

struct Ban {
  std::string pattern;                   // over code without comments and literals
  std::vector<std::string_view> where;   // path prefixes
  std::vector<std::string_view> except;  // path prefixes
  std::string reason;
  std::string example;  // breaks the rule
};

const std::vector<std::string_view> everywhere = {"proxy/", "tests/", "bench/"};
const std::vector<std::string_view> product = {"proxy/"};
const std::vector<std::string_view> pure = {"proxy/core/",    "proxy/http/",    "proxy/config/",
                                            "proxy/route/",   "proxy/balance/", "proxy/health/",
                                            "proxy/upstream/"};

const std::vector<Ban>& bans() {
  static const std::vector<Ban> table = {
      {R"(\b(sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\()",
       {"proxy/", "tests/"},
       {},
       "nothing sleeps: take a deadline from the timer wheel, a manual clock in unit tests, eventually() in "
       "others",
       "usleep(5);"},
      {R"(\bpoll\s*\(\s*(nullptr|NULL|0)\s*,)",
       {"proxy/", "tests/"},
       {"tests/support/deadline.cpp"},
       "a sleep by another name: wait for an event, in tests by eventually()",
       "::poll(nullptr, 0, 5);"},
      {R"(\bstd::system\s*\(|::system\s*\()", everywhere, {}, "no shell", "std::system(x);"},
      {R"(\b(rand|srand|drand48)\s*\()", everywhere, {}, "not seeded by us: core/rng.hpp", "rand();"},
      {R"(\bgettimeofday\s*\(|[^\w.>]time\s*\(\s*(nullptr|NULL|0)\s*\))",
       product,
       {},
       "std::chrono",
       "gettimeofday(&t, nullptr);"},
      {R"(\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|strncpy)\s*\()",
       everywhere,
       {},
       "unbounded: std::string, fmt",
       "strcpy(a, b);"},
      {R"(\b(atoi|atol|atoll|atof|stoi|stol|stoll|stoul|stoull|stod)\s*\()",
       product,
       {},
       "accepts garbage or throws: std::from_chars",
       "std::stoi(text);"},
      {R"((^|[^:\w])(std::)?(localtime|gmtime|asctime|ctime|inet_ntoa|gethostbyname|getservbyname)\s*\()",
       everywhere,
       {},
       "static buffers: the reentrant form",
       "localtime(&t);"},
      {R"(\bgetenv\s*\()",
       product,
       {"proxy/config/", "proxy/control/", "proxy/cli/"},
       "the environment is read with the configuration",
       "std::getenv(name);"},
      {R"(\b(Clock|steady_clock|system_clock|high_resolution_clock)::now\s*\()",
       pure,
       {},
       "policy gets the time as an argument",
       "Clock::now();"},
      {R"(\bstd::random_device\b)",
       product,
       {"proxy/names/", "proxy/admin/", "proxy/control/"},
       "the worker's Rng, seeded once from the kernel",
       "std::random_device d;"},
      {R"(\bstd::(basic_)?regex\b)",
       {"proxy/", "bench/"},
       {},
       "recurses once a character: core/regex.hpp",
       "std::regex r(x);"},
      {R"(\bstd::(cout|cerr|clog)\b|\b(printf|puts|fprintf)\s*\()",
       product,
       {"proxy/control/", "proxy/cli/", "proxy/main.cpp"},
       "observe/log.hpp",
       "std::cout << 1;"},
      {R"(\bdetached\b)",
       product,
       {},
       "swallows exceptions: spawn a task that its owner counts",
       "co_spawn(x, f(), detached);"},
      {R"(\bDetached\b)",
       {"proxy/"},
       {"proxy/core/task.hpp", "proxy/io/spawn.hpp"},
       "an exception would end the process: io/spawn.hpp",
       "Detached run();"},
      {R"(\.detach\s*\(\s*\))", everywhere, {}, "threads are joined", "thread.detach();"},
      {R"((^|[^:\w.>])(std::)?signal\s*\(\s*SIG\w+\s*,(?!\s*SIG_IGN))",
       everywhere,
       {},
       "sigaction or signalfd",
       "signal(SIGTERM, stop);"},
      {R"(\b(exit|_exit|quick_exit)\s*\()",
       {"proxy/"},
       {"proxy/cli/", "proxy/main.cpp"},
       "the command line ends the process, nothing else",
       "exit(1);"},
      {R"(\bassert\s*\(\s*(false|0)\s*\))",
       product,
       {},
       "std::abort with the reason, or make it impossible",
       "assert(false);"},
      {R"(\bvolatile\b)", product, {"proxy/admin/"}, "std::atomic", "volatile int x;"},
      {R"(\bstd::shared_mutex\b|\bstd::recursive_mutex\b)",
       product,
       {},
       "state is a worker's own, or atomic",
       "std::recursive_mutex m;"},
  };
  return table;
}

bool is_within(const SourceFile& file, const std::vector<std::string_view>& prefixes) {
  for (const std::string_view prefix : prefixes) {
    if (file.is_below(prefix)) return true;
  }
  return false;
}

/// The words that a pattern names, outside of escapes and classes: what it matches has one of them. Most lines have
/// none, and the expression is slow.
std::vector<std::string> words_of(std::string_view pattern) {
  std::vector<std::string> words(1);
  bool escaped = false, in_class = false;
  for (const char c : pattern) {
    const bool letter = (c >= 'a' && c <= 'z') || c == '_';
    if (!escaped && c == '[') in_class = true;
    if (letter && !escaped && !in_class) {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
    if (!escaped && c == ']') in_class = false;
    escaped = !escaped && c == '\\';
  }
  std::erase_if(words, [](const std::string& word) { return word.size() < 3; });
  return words;
}

/// Line by line, so that libstdc++'s recursive matcher sees short texts only.
std::vector<Finding> breaks(const Ban& ban, const SourceFile& file) {
  if (!is_within(file, ban.where) || is_within(file, ban.except)) return {};
  const std::regex pattern(ban.pattern);
  const std::vector<std::string> words = words_of(ban.pattern);
  std::vector<Finding> findings;
  int line = 0;
  for (const std::string& text : split_lines(file.code)) {
    ++line;
    const auto has = [&](const std::string& word) { return text.find(word) != std::string::npos; };
    if (!words.empty() && std::ranges::none_of(words, has)) continue;
    std::smatch match;
    if (std::regex_search(text, match, pattern)) {
      findings.push_back({file.path, line, "banned: '" + match.str() + "': " + ban.reason});
    }
  }
  return findings;
}

std::vector<Finding> using_namespace_in_header(const SourceFile& file) {
  std::vector<Finding> findings;
  if (!file.is_header()) return findings;
  for (std::size_t i = 0; i + 1 < file.tokens.size(); ++i) {
    const bool found = file.tokens[i].text == "using" && file.tokens[i + 1].text == "namespace";
    // std::chrono_literals and the like bring suffixes, not names.
    if (found && !file.tokens[std::min(i + 4, file.tokens.size() - 1)].text.ends_with("_literals")) {
      findings.push_back({file.path, file.tokens[i].line, "using namespace in a header"});
    }
  }
  return findings;
}

TEST(BannedRule, EveryBanFindsItsExample) {
  for (const Ban& ban : bans()) {
    const std::string path = std::string(ban.where.front()) + "snippet.cpp";
    EXPECT_NE(report(breaks(ban, make_source(path, ban.example + "\n"))), "") << ban.pattern;
    EXPECT_EQ(report(breaks(ban, make_source(path, "// " + ban.example + "\n"))), "") << ban.pattern;
  }
}

TEST(BannedRule, NamesThatOnlyLookAlikePass) {
  for (const char* code : {"rng.operand(1);", "stop_time(0);", "session.printf_like = 1;",
                           "std::regex_like x;", "response_time(nullptr);", "handler_signal(SIGTERM);",
                           "std::signal(SIGPIPE, SIG_IGN);", "my_assert(false_);", "fmt::gmtime(x);"}) {
    for (const Ban& ban : bans()) {
      EXPECT_EQ(report(breaks(ban, make_source("proxy/io/a.cpp", std::string(code) + "\n"))), "")
          << ban.pattern;
    }
  }
}

TEST(BannedRule, FindsUsingNamespaceInHeaders) {
  EXPECT_NE(report(using_namespace_in_header(make_source("proxy/io/a.hpp", "using namespace std;\n"))), "");
  EXPECT_EQ(report(using_namespace_in_header(make_source("proxy/io/a.cpp", "using namespace std;\n"))), "");
}

TEST(Tidy, NoBannedCalls) {
  for (const Ban& ban : bans()) {
    EXPECT_TRUE(is_clean(over_cpp_files([&](const SourceFile& file) { return breaks(ban, file); })));
  }
}

TEST(Tidy, NoUsingNamespaceInHeaders) {
  EXPECT_TRUE(is_clean(over_cpp_files(using_namespace_in_header)));
}

}  // namespace
}  // namespace weir::tidy
