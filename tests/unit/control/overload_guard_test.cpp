// The guard over this test's own process: what it sets for the workers, and the text of its events.
#include "control/overload_guard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "observe/events.hpp"
#include "observe/log.hpp"
#include "support/descriptor_limit.hpp"
#include "support/temp_dir.hpp"

namespace weir::control {
namespace {

using limit::Bound;
using limit::Pressure;
using ::testing::HasSubstr;

class Guarded : public ::testing::Test {
 protected:
  Guarded() { settings_.overload.max_memory = 0; }

  boost::asio::io_context context_;
  server::ProcessShared shared_;
  OverloadGuard guard_{context_, shared_};
  config::Server settings_;
};

TEST_F(Guarded, LeavesEverythingAloneWhileThereIsRoom) {
  settings_.max_connections = 100;
  guard_.configure(settings_);
  EXPECT_EQ(shared_.connections_max, 100U);
  EXPECT_EQ(shared_.connections_admitted, 100U);
  EXPECT_EQ(shared_.connections_tight, 90U);
  EXPECT_EQ(shared_.pressure, Pressure::normal);
}

TEST_F(Guarded, SeesConnectionsNearTheCap) {
  settings_.max_connections = 100;
  guard_.configure(settings_);
  const std::uint64_t before = observe::events_after(0).empty() ? 0 : observe::events_after(0).back().id;
  shared_.connections = 93;
  guard_.sample();
  EXPECT_EQ(shared_.pressure, Pressure::tight);
  EXPECT_EQ(shared_.tightest, Bound::connections);
  EXPECT_EQ(shared_.connections_admitted, 100U);
  shared_.connections = 20;
  guard_.sample();
  EXPECT_EQ(shared_.pressure, Pressure::normal);
  const auto events = observe::events_after(before);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].kind, "overload_tight");
  EXPECT_EQ(events[0].level, config::LogLevel::warn);
  EXPECT_EQ(events[0].text, "overload: connections 93 of 100: keep-alive ends, idle connections close");
  EXPECT_EQ(events[1].kind, "overload_normal");
  EXPECT_EQ(events[1].level, config::LogLevel::info);
  EXPECT_EQ(events[1].text, "overload is over: connections 20 of 100");
}

TEST_F(Guarded, RefusesNewConnectionsWhenMemoryIsShortButNotAll) {
  settings_.max_connections = 160;
  settings_.overload.max_memory = 1024 * 1024;  // less than any process has
  guard_.configure(settings_);
  EXPECT_EQ(shared_.pressure, Pressure::tight);
  guard_.sample();
  EXPECT_EQ(shared_.pressure, Pressure::shedding);
  EXPECT_EQ(shared_.tightest, Bound::memory);
  EXPECT_EQ(shared_.connections_max, 160U);
  EXPECT_EQ(shared_.connections_admitted, 10U);
  settings_.overload.max_memory = 0;  // a reload
  guard_.configure(settings_);
  EXPECT_EQ(shared_.pressure, Pressure::normal);
  EXPECT_EQ(shared_.connections_admitted, 160U);
}

TEST_F(Guarded, KeepsDescriptorsForTheControlThread) {
  {
    const testing::DescriptorLimit limit(256);
    guard_.reserve_descriptors(2, {});
    settings_.max_connections = 1000;
    guard_.configure(settings_);
  }
  EXPECT_EQ(shared_.worker_descriptors_max, 256 - 16 - 2);
  EXPECT_EQ(shared_.refusals_kept, 3U);
  EXPECT_EQ(shared_.connections_max, 192U) << "three quarters";
  EXPECT_EQ(guard_.state().uses()[1].max, 238U);
  EXPECT_GT(guard_.state().uses()[1].used, 2U);
}

TEST_F(Guarded, SaysOnceAValueThatItDoesNotFit) {
  const testing::TempDir directory;
  config::Log log;
  log.output = directory.file("error.log");
  observe::configure_log(log);
  {
    const testing::DescriptorLimit limit(256);
    guard_.reserve_descriptors(2, {});
  }
  for (const std::uint32_t wanted : {1000U, 1000U, 100U, 1000U, 2000U, 2000U}) {
    settings_.max_connections = wanted;
    guard_.configure(settings_);
  }
  observe::configure_log({});
  std::ifstream file(log.output);
  std::vector<std::string> values;
  for (std::string line; std::getline(file, line);) {
    const auto at = line.find("max_connections ");
    if (at != std::string::npos) values.push_back(line.substr(at + 16, 4));
  }
  EXPECT_EQ(values, (std::vector<std::string>{"1000", "1000", "2000"})) << "100 fits in between";
}

TEST(DescribeOverload, SaysWhatAndHowMuch) {
  const auto text = [](Bound bound, Pressure from, Pressure to, limit::Use use) {
    return describe({bound, from, to, use});
  };
  EXPECT_EQ(text(Bound::descriptors, Pressure::tight, Pressure::shedding, {96, 100}),
            "overload: descriptors 96 of 100: new connections get 503");
  EXPECT_EQ(text(Bound::memory, Pressure::normal, Pressure::shedding, {3 << 20, 2 << 20}),
            "overload: memory 3.0 MiB of 2.0 MiB: new connections get 503");
  EXPECT_THAT(text(Bound::memory, Pressure::shedding, Pressure::tight, {1 << 20, 2 << 20}),
              HasSubstr("new ones are taken again"));
  EXPECT_EQ(text(Bound::memory, Pressure::shedding, Pressure::normal, {}), "overload is over: memory 0.0 MiB")
      << "its bound went away";
}

}  // namespace
}  // namespace weir::control
