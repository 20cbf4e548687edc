// The error log: formats, levels, outputs, rotation, and what a stuck output does.
#include "observe/log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>
#include <filesystem>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "support/temp_dir.hpp"

namespace weir::observe {
namespace {

using config::LogFormat;
using config::LogLevel;
namespace json = boost::json;

class LogTest : public ::testing::Test {
 protected:
  LogTest() { std::signal(SIGPIPE, SIG_IGN); }
  ~LogTest() override { configure_log({}); }

  void configure(LogLevel level, LogFormat format, const std::string& output) {
    config::Log settings;
    settings.level = level;
    settings.format = format;
    settings.output = output;
    configure_log(settings);
  }
  std::vector<std::string> lines(const std::string& file) {
    std::vector<std::string> result;
    std::istringstream in(directory.read(file));
    for (std::string line; std::getline(in, line);) result.push_back(line);
    return result;
  }

  testing::TempDir directory;
  std::string path = directory.file("error.log");
};

TEST_F(LogTest, JsonLines) {
  configure(LogLevel::trace, LogFormat::json, path);
  log(LogLevel::trace, "t");
  log(LogLevel::debug, "d");
  log(LogLevel::info, "listening on {}:{}", "127.0.0.1", 8080);
  log(LogLevel::warn, "w");
  log(LogLevel::error, "hostile \"quote\" \\ \n{{\"forged\":1}}\x1b\xff");
  const auto written = lines(path);
  ASSERT_EQ(written.size(), 5u);
  const std::vector<std::string> levels{"trace", "debug", "info", "warn", "error"};
  for (std::size_t i = 0; i < written.size(); ++i) {
    const json::object line = json::parse(written[i]).as_object();
    EXPECT_EQ(line.size(), 3u);
    EXPECT_EQ(line.at("level").as_string(), levels[i]);
    EXPECT_TRUE(std::regex_match(line.at("ts").as_string().c_str(),
                                 std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)")));
  }
  EXPECT_EQ(json::parse(written[2]).at("msg").as_string(), "listening on 127.0.0.1:8080");
  EXPECT_EQ(json::parse(written[4]).at("msg").as_string(),
            "hostile \"quote\" \\ \n{\"forged\":1}\x1b\xc3\xbf");
}

TEST_F(LogTest, TextLinesStayOneLine) {
  configure(LogLevel::info, LogFormat::text, path);
  log(LogLevel::info, "plain \"text\"");
  log(LogLevel::error, "two\nlines");
  const auto written = lines(path);
  ASSERT_EQ(written.size(), 2u);
  EXPECT_TRUE(std::regex_match(written[0], std::regex(R"(\S{24} info  plain "text")"))) << written[0];
  EXPECT_TRUE(std::regex_match(written[1], std::regex(R"(\S{24} error two\\nlines)"))) << written[1];
}

TEST_F(LogTest, LevelsBelowTheConfiguredOneAreOff) {
  configure(LogLevel::warn, LogFormat::json, path);
  EXPECT_FALSE(log_enabled(LogLevel::info));
  EXPECT_TRUE(log_enabled(LogLevel::warn));
  log(LogLevel::info, "off");
  log_line(LogLevel::debug, "off too");
  log(LogLevel::error, "on");
  EXPECT_EQ(lines(path).size(), 1u);
}

TEST_F(LogTest, LongMessagesAreCut) {
  configure(LogLevel::info, LogFormat::json, path);
  log_line(LogLevel::info, std::string(1'000'000, 'a'));
  EXPECT_EQ(json::parse(directory.read(path)).at("msg").as_string().size(), log_message_bytes_max);
}

TEST_F(LogTest, ReopenFollowsRotation) {
  configure(LogLevel::info, LogFormat::text, path);
  log(LogLevel::info, "old");
  std::filesystem::rename(path, path + ".1");
  log(LogLevel::info, "still old");
  reopen_log();
  log(LogLevel::info, "new");
  EXPECT_EQ(lines(path + ".1").size(), 2u);
  EXPECT_EQ(lines(path).size(), 1u);
}

TEST_F(LogTest, AReopenThatFailsKeepsTheOldFileAndSaysSoThere) {
  std::filesystem::create_directory(directory.file("logs"));
  configure(LogLevel::info, LogFormat::text, directory.file("logs/error.log"));
  std::filesystem::rename(directory.file("logs"), directory.file("moved"));
  reopen_log();
  log(LogLevel::info, "kept");
  const auto written = lines(directory.file("moved/error.log"));
  ASSERT_EQ(written.size(), 2u);
  EXPECT_THAT(written[0], ::testing::HasSubstr("cannot open the log"));
  EXPECT_THAT(written[1], ::testing::HasSubstr("kept"));
}

TEST_F(LogTest, AnOutputThatCannotBeOpenedChangesNothing) {
  configure(LogLevel::info, LogFormat::text, path);
  EXPECT_THROW(configure(LogLevel::error, LogFormat::json, directory.file("no/such/log")), std::system_error);
  log(LogLevel::info, "still here");
  EXPECT_EQ(lines(path).size(), 1u);
}

TEST_F(LogTest, AStuckPipeDropsLinesAndReportsItLater) {
  const std::string pipe = directory.file("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  configure(LogLevel::info, LogFormat::json, pipe);
  const std::string message(1000, 'm');
  for (int i = 0; i < 1000; ++i) log_line(LogLevel::info, message);  // more than a pipe holds, never blocks

  std::string received;
  char bytes[65'536];
  for (ssize_t n = 0; (n = ::read(reader, bytes, sizeof bytes)) > 0;)
    received.append(bytes, static_cast<std::size_t>(n));
  log(LogLevel::info, "after");
  for (ssize_t n = 0; (n = ::read(reader, bytes, sizeof bytes)) > 0;)
    received.append(bytes, static_cast<std::size_t>(n));
  ::close(reader);

  std::istringstream in(received);
  std::vector<std::string> messages;
  for (std::string line; std::getline(in, line);)
    messages.emplace_back(json::parse(line).at("msg").as_string());
  ASSERT_GE(messages.size(), 3u);
  EXPECT_EQ(messages.back(), "after");
  const std::size_t written = messages.size() - 2;
  EXPECT_LT(written, 1000u);
  EXPECT_EQ(messages[written],
            std::to_string(1000 - written) + " log lines were dropped: the output was stuck");
}

TEST_F(LogTest, ThreadsAndReconfigurationDoNotMixLines) {
  configure(LogLevel::info, LogFormat::json, path);
  std::vector<std::thread> threads;
  threads.reserve(3);
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 300; ++i) log(LogLevel::info, "message {}", i);
    });
  }
  for (int i = 0; i < 50; ++i) configure(LogLevel::info, LogFormat::json, path);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(lines(path).size(), 900u);
  for (const std::string& line : lines(path)) EXPECT_TRUE(json::parse(line).is_object());
}

}  // namespace
}  // namespace weir::observe
