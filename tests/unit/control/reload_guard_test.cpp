// When a watched reload gets which verdict, with counts that the test makes.
#include "control/reload_guard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace weir::control {
namespace {

using ::testing::HasSubstr;
using State = GuardReport::State;

class ReloadGuardTest : public ::testing::Test {
 protected:
  ReloadGuardTest() : guard(io, audit, host()) {}

  GuardHost host() {
    GuardHost made;
    made.count = [this](const std::function<void(const RouteCounts&)>& done) { done(totals); };
    made.name_id = [this](const std::string& name) { return ids.at(name); };
    made.reloading = [this] { return reloading; };
    made.take_back = [this](const std::string& why,
                            const std::function<void(const Result<std::uint64_t>&)>& done) {
      asked_back.push_back(why);
      done(answer);
    };
    made.ended = [this] { ++verdicts; };
    return made;
  }
  /// Of a second, so that there is one look.
  WatchedReload reload(std::vector<std::string> changed, std::vector<std::string> kept = {},
                       std::vector<std::string> added = {}) const {
    WatchedReload made;
    made.generation = 7;
    made.time = ReloadGuard::look_interval_min;
    made.touched.changed = std::move(changed);
    made.touched.kept = std::move(kept);
    made.touched.added = std::move(added);
    return made;
  }
  void come(const std::string& route, std::uint64_t requests, std::uint64_t failed) {
    totals[ids.at(route)] += {requests, failed};
  }
  GuardReport watch(WatchedReload reload) {
    GuardReport report;
    guard.end_past([&] { report = guard.watch(std::move(reload)); });
    return report;
  }
  void run_until_verdict() {
    io.restart();
    while (guard.watching() && io.run_one() != 0) {
    }
  }

  boost::asio::io_context io;
  AuditLog audit;
  std::map<std::string, observe::NameId> ids{{"api", 1}, {"web", 2}, {"new", 3}};
  RouteCounts totals;
  bool reloading = false;
  int verdicts = 0;
  Result<std::uint64_t> answer = std::uint64_t{8};
  std::vector<std::string> asked_back;
  ReloadGuard guard;
};

TEST_F(ReloadGuardTest, FailuresTakeItBack) {
  come("api", 1'000, 1);
  EXPECT_EQ(watch(reload({"api"})).state, State::watching);
  come("api", 50, 50);
  run_until_verdict();
  EXPECT_EQ(guard.report().state, State::taken_back);
  EXPECT_EQ(guard.report().generation, 7u);
  EXPECT_EQ(asked_back.size(), 1u);
  EXPECT_THAT(guard.report().text,
              HasSubstr("50 of 50 requests of route api failed (100.0 %), before it 1 of 1,000"));
  EXPECT_THAT(guard.report().text, HasSubstr("Generation 8 has the configuration before it"));
  EXPECT_EQ(guard.verdicts().taken_back, 1u);
  EXPECT_EQ(verdicts, 1);
  EXPECT_THAT(audit.lines().back(), HasSubstr("reload_taken_back"));
}

TEST_F(ReloadGuardTest, WithoutThemItIsKept) {
  come("api", 1'000, 10);
  watch(reload({"api"}));
  come("api", 100, 1);
  run_until_verdict();
  EXPECT_EQ(guard.report().state, State::kept);
  EXPECT_TRUE(asked_back.empty());
}

TEST_F(ReloadGuardTest, RoutesThatItDidNotTouchDoNotSpeakAgainstIt) {
  come("api", 1'000, 0);
  come("web", 1'000, 0);
  watch(reload({"api"}, {"web"}));
  come("api", 100, 0);
  come("web", 100, 100);
  run_until_verdict();
  EXPECT_EQ(guard.report().state, State::kept);
}

TEST_F(ReloadGuardTest, AnOutageOfAllIsNotItsDoing) {
  come("api", 1'000, 0);
  come("web", 1'000, 0);
  watch(reload({"api"}, {"web"}));
  come("api", 100, 100);
  come("web", 100, 100);
  run_until_verdict();
  EXPECT_EQ(guard.report().state, State::kept);
  EXPECT_THAT(guard.report().text, HasSubstr("routes that it did not touch fail more often, too"));
}

TEST_F(ReloadGuardTest, ANewRouteHasThePastOfAll) {
  come("web", 1'000, 0);
  watch(reload({}, {"web"}, {"new"}));
  come("web", 100, 0);
  come("new", 40, 40);
  run_until_verdict();
  EXPECT_EQ(guard.report().state, State::taken_back);
  EXPECT_THAT(guard.report().text, HasSubstr("40 of 40 requests of the new route new failed"));
}

TEST_F(ReloadGuardTest, WithoutAPastOrAChangeThereIsNothingToJudge) {
  watch(reload({"api"}));
  EXPECT_EQ(guard.report().state, State::kept);
  EXPECT_THAT(guard.report().text, HasSubstr("had no requests before it"));
  watch(reload({}));
  EXPECT_EQ(guard.report().state, State::kept);
  EXPECT_THAT(guard.report().text, HasSubstr("nothing that requests pass was changed"));
}

// The one that was not judged is no past of the next one.
TEST_F(ReloadGuardTest, AWatchedReloadInTheMiddleKeepsThePast) {
  come("api", 1'000, 0);
  watch(reload({"api"}));
  come("api", 1'000, 500);
  watch(reload({"api"}));
  come("api", 100, 50);
  run_until_verdict();
  EXPECT_EQ(guard.report().state, State::taken_back);
  EXPECT_THAT(guard.report().text, HasSubstr("before it 0 of 1,000"));
}

TEST_F(ReloadGuardTest, OneThatIsNotWatchedEndsIt) {
  come("api", 1'000, 0);
  watch(reload({"api"}));
  guard.supersede("is not watched");
  EXPECT_EQ(guard.report().state, State::superseded);
  come("api", 100, 100);
  io.run();
  EXPECT_TRUE(asked_back.empty());
}

TEST_F(ReloadGuardTest, WhatCannotBeTakenBackIsSaid) {
  answer = self_error(ErrorKind::internal, "listeners.http.address: in use");
  come("api", 1'000, 0);
  watch(reload({"api"}));
  come("api", 100, 100);
  run_until_verdict();
  EXPECT_EQ(guard.report().state, State::failed);
  EXPECT_THAT(guard.report().text, HasSubstr("could not be taken back: listeners.http.address: in use"));
}

// What failed under the configuration that was taken back is not counted against the one that came back.
TEST_F(ReloadGuardTest, WhatWasTakenBackIsNoPast) {
  come("api", 1'000, 0);
  watch(reload({"api"}));
  come("api", 1'000, 1'000);
  run_until_verdict();
  ASSERT_EQ(guard.report().state, State::taken_back);
  watch(reload({"api"}));
  come("api", 100, 100);
  run_until_verdict();
  EXPECT_THAT(guard.report().text, HasSubstr("before it 0 of 1,000"));
}

}  // namespace
}  // namespace weir::control
