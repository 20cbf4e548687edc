// deploy/OPERATING.md names what the code has, and nothing else: metrics, reasons, fields of the access log, kinds of
// events, paths of the admin address, options of the command line.
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>
#include <string_view>

#include "tidy/source.hpp"

namespace weir::tidy {
namespace {

using Names = std::set<std::string>;

Names found_in(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  Names names;
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it) {
    names.insert((*it)[1]);
  }
  return names;
}

std::string document() {
  return read_file("deploy/OPERATING.md");
}

/// From a heading to the next one of its level or a higher one.
std::string section(const std::string& heading) {
  const std::string text = document();
  const std::size_t begin = text.find("\n" + heading + "\n");
  if (begin == text.npos) return {};
  const std::size_t level = heading.find(' ');
  std::size_t end = text.find("\n#", begin + 1);
  while (end != text.npos && text.find_first_not_of('#', end + 1) - (end + 1) > level) {
    end = text.find("\n#", end + 1);
  }
  return text.substr(begin, end - begin);
}

/// The names in the first cells of a section's rows.
Names rows(const std::string& heading) {
  Names names;
  for (const std::string& line : split_lines(section(heading))) {
    if (!line.starts_with("| `")) continue;
    names.merge(found_in(line.substr(0, line.find(" | ")), "`([^`]+)`"));
  }
  return names;
}

/// Those of `needed` that `text` does not have between backticks.
Names missing_from(const std::string& text, const Names& needed) {
  Names missing;
  for (const std::string& name : needed) {
    if (text.find("`" + name + "`") == text.npos) missing.insert(name);
  }
  return missing;
}

TEST(Reference, ASectionEndsAtTheNextHeadingOfItsLevel) {
  EXPECT_NE(section("## Access log").find("### Reasons"), std::string::npos);
  EXPECT_EQ(section("## Access log").find("## Events"), std::string::npos);
  EXPECT_EQ(section("### Reasons").find("## Events"), std::string::npos);
  EXPECT_EQ(section("## Nothing"), "");
}

TEST(Reference, MetricsAreThoseOfTheCollector) {
  const Names collected =
      found_in(read_file("proxy/observe/collector.cpp"), "\"((?:http|weir|process)_[a-z0-9_]+)\"");
  EXPECT_FALSE(collected.empty());
  EXPECT_EQ(rows("## Metrics"), collected);
}

TEST(Reference, ReasonsToEndAConnectionOfHttp2AreThoseOfTheCode) {
  Names reasons = found_in(read_file("proxy/http2/misbehaviour.cpp"), R"re(\{"([a-z_]+)", \d+\})re");
  EXPECT_FALSE(reasons.empty());
  for (const SourceFile& file : cpp_files()) {
    if (!file.is_below("proxy/") || file.path.find("http2") == std::string::npos) continue;
    reasons.merge(found_in(file.text, R"re(\bfail\((?:http2::)?ErrorCode::\w+, "([a-z_]+)")re"));
  }
  EXPECT_EQ(rows("### Why a connection was ended"), reasons);
}

TEST(Reference, ReasonsAreThoseOfTheErrorTable) {
  const std::string table = read_file("proxy/core/error.cpp");
  const Names kinds = found_in(table, R"re(\{"([a-z_]+)", \d+, )re");
  EXPECT_FALSE(kinds.empty());
  EXPECT_EQ(rows("### Reasons"), kinds);
  for (const std::string& kind : kinds) {
    const Names in_code = found_in(table, "\"" + kind + R"(", (\d+), )");
    EXPECT_EQ(found_in(section("### Reasons"), "`" + kind + R"(` \| (\d+) \|)"), in_code) << kind;
  }
}

TEST(Reference, FieldsOfTheAccessLogAreThere) {
  const Names fields = found_in(read_file("proxy/observe/access_log.cpp"), R"re("([a-z_]+)":)re");
  EXPECT_FALSE(fields.empty());
  EXPECT_EQ(missing_from(section("## Access log"), fields), Names{});
}

/// The literals of `event.kind = ...;`, of verdict_kind() and of the resolver's own emit().
Names event_kinds() {
  Names kinds;
  for (const SourceFile& file : cpp_files()) {
    if (!file.is_below("proxy/")) continue;
    for (const std::string& value : found_in(file.text, R"(event\.kind = ([^;]*);)")) {
      kinds.merge(found_in(value, R"re("([a-z_]*[a-z])")re"));
    }
    kinds.merge(found_in(file.text, R"re(\bemit\(config::LogLevel::\w+, "([a-z_]+)")re"));
  }
  const std::string verdicts = read_file("proxy/upstream/ejection_text.cpp");
  const std::size_t begin = verdicts.find("verdict_kind(const Verdict");
  kinds.merge(found_in(verdicts.substr(begin, verdicts.find("\n}\n", begin) - begin), R"re("([a-z_]+)")re"));
  return kinds;
}

TEST(Reference, KindsOfEventsAreThere) {
  const Names kinds = event_kinds();
  EXPECT_GT(kinds.size(), 15U);
  EXPECT_EQ(missing_from(section("## Events"), kinds), Names{});
}

TEST(Reference, PathsOfTheAdminAddressAreThere) {
  const Names paths = found_in(read_file("proxy/admin/rules.cpp"), R"re(\{"(/[^"]*)", AdminAction)re");
  EXPECT_FALSE(paths.empty());
  EXPECT_EQ(missing_from(section("## The admin address"), paths), Names{});
}

TEST(Reference, OptionsOfTheCommandLineAreThere) {
  const std::string code = read_file("proxy/cli/cli.cpp") + read_file("proxy/cli/client_cli.cpp");
  const Names options = found_in(code, R"re("(?:-\w,)?(--[a-z-]+)")re");
  EXPECT_FALSE(options.empty());
  const std::string text = document() + read_file("config/README.md");
  for (const std::string& option : options) {
    if (option != "--help") {
      EXPECT_NE(text.find(option), std::string::npos) << option;
    }
  }
}

}  // namespace
}  // namespace weir::tidy
