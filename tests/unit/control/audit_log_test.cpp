// The audit: on the disk before it is acknowledged, bounded in memory, whole after a crash.
#include "control/audit_log.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "support/temp_dir.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;
const AuditLog::SystemTime start{std::chrono::seconds(1'763'690'400)};

std::string text_of(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

TEST(AuditLog, WritesWhoWhenWhatAndWhy) {
  const testing::TempDir directory;
  AuditLog audit(directory.file("state/deeper"));
  ASSERT_TRUE(audit.open());
  ASSERT_TRUE(audit.record(start, "ada", "endpoint_set", {{"endpoint", "[::1]:80"}, {"reason", "kernel"}}));
  const std::string line =
      R"({"at":"2025-11-21T02:00:00.000Z","who":"ada","action":"endpoint_set","endpoint":"[::1]:80",)"
      R"("reason":"kernel"})";
  ASSERT_EQ(audit.lines().size(), 1u);
  EXPECT_EQ(audit.lines()[0], line);
  EXPECT_EQ(text_of(audit.file()), line + "\n");
  AuditLog again(directory.file("state/deeper"));
  ASSERT_TRUE(again.open());
  EXPECT_EQ(again.lines(), audit.lines());
}

TEST(AuditLog, ALineThatACrashCutOffIsLeftOut) {
  const testing::TempDir directory;
  AuditLog audit(directory.path().string());
  ASSERT_TRUE(audit.open());
  ASSERT_TRUE(audit.record(start, "ada", "one", {}));
  std::ofstream(audit.file(), std::ios::binary | std::ios::app) << R"({"at":"2025)";
  AuditLog again(directory.path().string());
  ASSERT_TRUE(again.open());
  EXPECT_EQ(again.lines().size(), 1u);
  ASSERT_TRUE(again.record(start, "ada", "two", {}));
  EXPECT_EQ(again.lines().size(), 2u);
  EXPECT_NE(text_of(audit.file()).find("{\"at\":\"2025\n{\"at\""), std::string::npos);
}

TEST(AuditLog, WhatIsShownIsBounded) {
  AuditLog audit;  // in memory
  ASSERT_TRUE(audit.open());
  for (std::size_t i = 1; i <= audit_shown_max + 10; ++i)
    ASSERT_TRUE(audit.record(start, "a", "b", {{"n", i}}));
  EXPECT_EQ(audit.lines().size(), audit_shown_max);
  EXPECT_EQ(json::parse(audit.lines().back()).at("n"), audit_shown_max + 10);
}

TEST(AuditLog, WhatCannotBeWrittenIsAnError) {
  const testing::TempDir directory;
  AuditLog audit(directory.path().string());
  ASSERT_TRUE(audit.open());
  std::filesystem::create_directory(audit.file());
  EXPECT_FALSE(audit.record(start, "ada", "one", {}));
  EXPECT_TRUE(audit.lines().empty());
  std::ofstream(directory.file("taken")) << "x";
  AuditLog nowhere(directory.file("taken"));
  EXPECT_FALSE(nowhere.open());
}

}  // namespace
}  // namespace weir::control
