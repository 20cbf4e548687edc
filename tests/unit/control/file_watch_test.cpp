// What is watched for a path, and that a change of any kind is seen: writes, renames, swapped links.
#include "control/file_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "control/watch_points.hpp"
#include "support/deadline.hpp"
#include "support/temp_dir.hpp"

namespace weir::control {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using weir::testing::scaled;
using weir::testing::TempDir;

class WatchPoints : public ::testing::Test {
 protected:
  std::string at(const std::string& name) const { return (root_ / name).string(); }

  const TempDir directory_;
  const fs::path root_ = fs::canonical(directory_.path());
};

TEST_F(WatchPoints, APlainFileIsItsNameInItsDirectory) {
  directory_.write("weir.yaml", "");
  EXPECT_THAT(watch_points(at("weir.yaml")), ElementsAre(Pair(root_.string(), "weir.yaml")));
  EXPECT_THAT(watch_points(at("./weir.yaml")), ElementsAre(Pair(root_.string(), "weir.yaml")));
  EXPECT_THAT(watch_points(at("x/../weir.yaml")), ElementsAre(Pair(root_.string(), "x")));
}

TEST_F(WatchPoints, EveryLinkOnTheWayIsOneMore) {
  // As Kubernetes mounts a ConfigMap.
  fs::create_directory(at("..2026_1"));
  directory_.write("..2026_1/weir.yaml", "");
  fs::create_directory_symlink("..2026_1", at("..data"));
  fs::create_symlink("..data/weir.yaml", at("weir.yaml"));
  EXPECT_THAT(watch_points(at("weir.yaml")),
              UnorderedElementsAre(Pair(root_.string(), "weir.yaml"), Pair(root_.string(), "..data"),
                                   Pair(at("..2026_1"), "weir.yaml")));
}

TEST_F(WatchPoints, AbsoluteLinksAndLinksUpwards) {
  fs::create_directories(at("a/b"));
  directory_.write("a/file", "");
  fs::create_symlink("../file", at("a/b/up"));
  fs::create_symlink(at("a/b/up"), at("whole"));
  EXPECT_THAT(watch_points(at("whole")), UnorderedElementsAre(Pair(root_.string(), "whole"),
                                                              Pair(at("a/b"), "up"), Pair(at("a"), "file")));
}

TEST_F(WatchPoints, WhatIsMissingIsWaitedForWhereItWouldBe) {
  EXPECT_THAT(watch_points(at("later/weir.yaml")), ElementsAre(Pair(root_.string(), "later")));
  fs::create_symlink("nowhere/file", at("dangling"));
  EXPECT_THAT(watch_points(at("dangling")),
              UnorderedElementsAre(Pair(root_.string(), "dangling"), Pair(root_.string(), "nowhere")));
}

TEST_F(WatchPoints, ALoopOfLinksEnds) {
  fs::create_symlink("b", at("a"));
  fs::create_symlink("a", at("b"));
  EXPECT_THAT(watch_points(at("a")),
              UnorderedElementsAre(Pair(root_.string(), "a"), Pair(root_.string(), "b")));
}

class FileWatchTest : public ::testing::Test {
 protected:
  void watch(const std::string& name) {
    ASSERT_TRUE(watch_.start());
    watch_.watch({directory_.file(name)});
  }
  /// Whether a change is reported within `patience`.
  bool reported(std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    reports_ = 0;
    const auto until = std::chrono::steady_clock::now() + scaled(patience);
    while (reports_ == 0 && std::chrono::steady_clock::now() < until) context_.run_one_until(until);
    context_.restart();
    return reports_ > 0;
  }
  /// Long enough for a change to be reported, were there one.
  bool stays_quiet() { return !reported(3 * FileWatch::settle_time); }

  const TempDir directory_;
  boost::asio::io_context context_;
  int reports_ = 0;
  FileWatch watch_{context_, [this] { ++reports_; }};
};

TEST_F(FileWatchTest, AWriteIsSeenOnce) {
  directory_.write("weir.yaml", "1");
  watch("weir.yaml");
  EXPECT_TRUE(stays_quiet());
  directory_.write("weir.yaml", "2");
  EXPECT_TRUE(reported());
  EXPECT_TRUE(stays_quiet());
}

TEST_F(FileWatchTest, OtherFilesBesideItAreNot) {
  directory_.write("weir.yaml", "1");
  watch("weir.yaml");
  directory_.write("access.log", "line");
  directory_.write("weir.yaml~", "1");
  EXPECT_TRUE(stays_quiet());
}

TEST_F(FileWatchTest, ARenameOverItIsSeen) {
  directory_.write("weir.yaml", "1");
  watch("weir.yaml");
  directory_.write(".weir.yaml.swp", "2");
  fs::rename(directory_.file(".weir.yaml.swp"), directory_.file("weir.yaml"));
  EXPECT_TRUE(reported());
}

TEST_F(FileWatchTest, AFileThatIsBeingWrittenIsWaitedFor) {
  watch("weir.yaml");
  std::ofstream file(directory_.file("weir.yaml"));
  file << "half" << std::flush;
  EXPECT_TRUE(stays_quiet());
  file << " and half";
  file.close();
  EXPECT_TRUE(reported());
}

TEST_F(FileWatchTest, ASwappedLinkIsSeenAgainAndAgain) {
  const auto version = [this](const std::string& name) {
    fs::create_directory(directory_.file(name));
    directory_.write(name + "/weir.yaml", name);
    fs::create_directory_symlink(name, directory_.file("..data_tmp"));
    fs::rename(directory_.file("..data_tmp"), directory_.file("..data"));
  };
  version("..1");
  fs::create_symlink("..data/weir.yaml", directory_.file("weir.yaml"));
  watch("weir.yaml");
  for (const char* name : {"..2", "..3"}) {
    version(name);
    EXPECT_TRUE(reported()) << name;
    EXPECT_EQ(directory_.read("weir.yaml"), name);
    watch_.watch({directory_.file("weir.yaml")});
  }
  directory_.write("..3/weir.yaml", "in place");
  EXPECT_TRUE(reported());
}

TEST_F(FileWatchTest, AFileThatAppearsWithItsDirectoryIsSeen) {
  watch("conf/weir.yaml");
  fs::create_directory(directory_.file("conf"));
  EXPECT_TRUE(reported());
  watch_.watch({directory_.file("conf/weir.yaml")});
  directory_.write("conf/weir.yaml", "1");
  EXPECT_TRUE(reported());
  fs::remove(directory_.file("conf/weir.yaml"));
  EXPECT_TRUE(reported());
}

TEST_F(FileWatchTest, WhatIsNoLongerWatchedIsQuiet) {
  directory_.write("old.yaml", "1");
  directory_.write("new.yaml", "1");
  watch("old.yaml");
  watch_.watch({directory_.file("new.yaml")});
  directory_.write("old.yaml", "2");
  EXPECT_TRUE(stays_quiet());
  directory_.write("new.yaml", "2");
  EXPECT_TRUE(reported());
}

TEST_F(FileWatchTest, ATouchIsAsGoodAsAnEvent) {
  watch("weir.yaml");
  watch_.touch();
  watch_.touch();
  EXPECT_TRUE(reported());
  EXPECT_TRUE(stays_quiet());
}

}  // namespace
}  // namespace weir::control
