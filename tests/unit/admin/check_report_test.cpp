#include "admin/check_report.hpp"

#include <gtest/gtest.h>

namespace weir::control {
namespace {

using namespace std::chrono_literals;

TEST(CheckReport, SumsUpTheLastCheck) {
  server::CheckReport report;
  EXPECT_FALSE(check_summary(std::nullopt));
  EXPECT_FALSE(check_summary(report)) << "none has ended";
  report.ever = true;
  report.last = server::CheckResult::failed;
  report.detail = "status 503";
  report.took = 1500us;
  report.in_a_row = 4;
  report.at = SystemTime(5s);
  const auto summary = check_summary(report);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->result, "failed");
  EXPECT_EQ(summary->detail, "status 503");
  EXPECT_EQ(summary->ms, 1.5);
  EXPECT_EQ(summary->in_a_row, 4u);
  EXPECT_EQ(summary->at, SystemTime(5s));
  report.last = server::CheckResult::passed;
  EXPECT_EQ(check_summary(report)->result, "passed");
  report.last = server::CheckResult::skipped;
  EXPECT_EQ(check_summary(report)->result, "skipped");
}

TEST(CheckReport, FactsForTheMetrics) {
  const upstream::EndpointState endpoint("blue", "10.0.0.3:80", *SocketAddress::parse("10.0.0.3:80"), 0);
  server::CheckReport report;
  report.passed = 5;
  report.failed = 2;
  report.skipped = 1;
  report.took = 250ms;
  const observe::CheckFacts facts = check_facts(endpoint, report);
  EXPECT_EQ(facts.upstream, "blue");
  EXPECT_EQ(facts.endpoint, "10.0.0.3:80");
  EXPECT_EQ(facts.passed, 5u);
  EXPECT_EQ(facts.failed, 2u);
  EXPECT_EQ(facts.skipped, 1u);
  EXPECT_EQ(facts.last_seconds, 0.25);
}

}  // namespace
}  // namespace weir::control
