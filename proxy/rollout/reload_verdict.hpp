// Whether a reload made requests fail: what the reload guard decides at each look, and what it says. Judged are the
// routes that the reload touched, each against its own past; those that it did not touch are the control: where they
// fail more, too, it is not the reload that does it. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "rollout/before_after.hpp"

namespace weir::rollout {

/// Of a hundred guarded reloads that change nothing, at most one is taken back: over all looks and routes together.
inline constexpr double reload_evidence = 100;
/// From here on the control is taken to fail more often.
inline constexpr double control_evidence = 10;
/// A difference that matters: points, in basis points.
inline constexpr std::uint32_t reload_points = 100;

struct JudgedRoutes {
  std::string name;  // `route api`, `the new routes`
  BeforeAfter counts;
};

struct ReloadVerdict {
  bool take_back = false;
  bool shared = false;    // it would be, if the control did not fail more, too
  std::size_t worst = 0;  // of the judged ones: which has the most evidence
  double log_odds =
      0;  // natural logarithm: at most one of e^log_odds reloads that change nothing looks like this
};

/// At one look of `looks`. `judged`: at least one, each with a past. Errors of the first kind: each of them, at each
/// look, has its share of one of reload_evidence.
ReloadVerdict judge_reload(const std::vector<JudgedRoutes>& judged, const BeforeAfter& control,
                           std::uint32_t looks);

/// `14 of 14 requests of route api failed (100.0 %), before it 3 of 3,121 (0.1 %). If the reload had changed nothing,
/// at most 1 of 8,100,000 would look like this; the limit is 1 of 100.`
std::string evidence_sentence(const JudgedRoutes& worst, const ReloadVerdict& verdict);
/// `in 30 s 3 of 1,204 requests of 2 routes that it touched failed (0.2 %), before it 9 of 4,100 (0.2 %)`.
std::string kept_sentence(const std::vector<JudgedRoutes>& judged, Milliseconds watched);

}  // namespace weir::rollout
