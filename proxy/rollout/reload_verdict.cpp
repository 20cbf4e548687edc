#include "rollout/reload_verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "rollout/material.hpp"
#include "rollout/wording.hpp"

namespace weir::rollout {
namespace {

constexpr double log_odds_shown_max = 41;  // e^41 has 18 digits

std::string counted(const RequestCount& count) {
  return grouped(count.failed) + " of " + grouped(count.requests);
}

std::string rate(const RequestCount& count) {
  return " (" + percent_of(count.failed, count.requests) + ")";
}

bool is_material(const BeforeAfter& counts) {
  return is_rate_material(counts.after.failed, counts.after.requests, counts.before.failed,
                          counts.before.requests, reload_points);
}

}  // namespace

ReloadVerdict judge_reload(const std::vector<JudgedRoutes>& judged, const BeforeAfter& control,
                           std::uint32_t looks) {
  const double shares = std::log(static_cast<double>(looks) * static_cast<double>(judged.size()));
  ReloadVerdict verdict;
  double most = 0;
  bool found = false;
  for (std::size_t i = 0; i < judged.size(); ++i) {
    const double evidence = log_evidence(judged[i].counts);
    if ((found && evidence <= most) || !is_material(judged[i].counts)) continue;
    found = true;
    most = evidence;
    verdict.worst = i;
  }
  if (!found) return verdict;
  verdict.log_odds = most - shares;
  if (verdict.log_odds < std::log(reload_evidence)) return verdict;
  verdict.shared = log_evidence(control) >= std::log(control_evidence) && is_material(control);
  verdict.take_back = !verdict.shared;
  return verdict;
}

std::string evidence_sentence(const JudgedRoutes& worst, const ReloadVerdict& verdict) {
  const double odds = std::exp(std::clamp(verdict.log_odds, 0.0, log_odds_shown_max));
  return fmt::format(
      "{} requests of {} failed{}, before it {}{}. If the reload had changed nothing, at most 1 of {} would "
      "look like "
      "this; the limit is 1 of {}.",
      counted(worst.counts.after), worst.name, rate(worst.counts.after), counted(worst.counts.before),
      rate(worst.counts.before), grouped(static_cast<std::uint64_t>(odds)),
      grouped(static_cast<std::uint64_t>(reload_evidence)));
}

std::string kept_sentence(const std::vector<JudgedRoutes>& judged, Milliseconds watched) {
  RequestCount before, after;
  for (const JudgedRoutes& each : judged) {
    before += each.counts.before;
    after += each.counts.after;
  }
  if (after.requests == 0) return "in " + how_long(watched) + " no request ended that it could have changed";
  return fmt::format(
      "in {} {} requests of {} failed{}, before it {}{}", how_long(watched), counted(after),
      judged.size() == 1 ? judged.front().name : fmt::format("{} groups of routes", judged.size()),
      rate(after), counted(before), rate(before));
}

}  // namespace weir::rollout
