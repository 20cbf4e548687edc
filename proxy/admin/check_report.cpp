#include "admin/check_report.hpp"

#include <chrono>

namespace weir::control {
namespace {

std::string_view name_of(server::CheckResult result) {
  switch (result) {
    case server::CheckResult::passed:
      return "passed";
    case server::CheckResult::failed:
      return "failed";
    case server::CheckResult::skipped:
      return "skipped";
  }
  return "";
}

}  // namespace

std::optional<CheckSummary> check_summary(const std::optional<server::CheckReport>& report) {
  if (!report || !report->ever) return std::nullopt;
  CheckSummary summary;
  summary.result = name_of(report->last);
  summary.detail = report->detail;
  summary.at = report->at;
  summary.ms = std::chrono::duration<double, std::milli>(report->took).count();
  summary.in_a_row = report->in_a_row;
  return summary;
}

observe::CheckFacts check_facts(const upstream::EndpointState& endpoint, const server::CheckReport& report) {
  observe::CheckFacts facts;
  facts.upstream = endpoint.upstream;
  facts.endpoint = endpoint.label;
  facts.passed = report.passed;
  facts.failed = report.failed;
  facts.skipped = report.skipped;
  facts.last_seconds = std::chrono::duration<double>(report.took).count();
  return facts;
}

}  // namespace weir::control
