// What a rollout says: one sentence or two, with the numbers that an operator can check.
#include <fmt/format.h>

#include <cmath>

#include "core/units.hpp"
#include "rollout/decision.hpp"
#include "rollout/shared_cause.hpp"
#include "rollout/step_decision.hpp"
#include "rollout/wording.hpp"

namespace weir::rollout {
namespace {

constexpr double evidence_shown_max = 1e9;

class Speaker {
 public:
  Speaker(const Decision& decision, const Settings& settings, const Names& names)
      : d_(decision), settings_(settings), names_(names) {}

  std::string speak() const {
    switch (d_.kind) {
      case Kind::started:
        return started();
      case Kind::step:
        return fmt::format("{}: {} goes from {} to {}{} after {}: {}.{}{}", names_.route, names_.canary,
                           percent(d_.from), percent(d_.to), by_operator(), how_long(d_.step_time), rates(),
                           unproven(), noticed());
      case Kind::held:
        return fmt::format("{}: {} {}: {}", names_.route, names_.canary, held_where(), held_why());
      case Kind::resumed:
        return fmt::format("{}: {} goes on at {}{}{}", names_.route, names_.canary, percent(d_.to),
                           by_operator(), resumed_why());
      case Kind::noted:
        return noted();
      case Kind::rolled_back:
        return fmt::format("{}: rolled back {} from {} to 0 after {}{}: {}", names_.route, names_.canary,
                           percent(d_.from), how_long(d_.step_time), by_operator(), back_why());
      case Kind::finished:
        return fmt::format("{}: finished, {} has {}{} after {}: {}.{}{}", names_.route, names_.canary,
                           percent(d_.to), by_operator(), how_long(d_.rollout_time), rates(), unproven(),
                           noticed());
    }
    return {};
  }

 private:
  std::string started() const {
    std::string steps;
    for (const Share share : settings_.steps) steps += (steps.empty() ? "" : ", ") + percent(share);
    return fmt::format("{}: {} starts at {}, compared with {}; steps {}, each held for {}.", names_.route,
                       names_.canary, percent(d_.to), names_.comparison, steps,
                       format_duration(settings_.hold));
  }

  std::string by_operator() const {
    if (d_.cause != Cause::operator_asked) return {};
    return d_.reason.empty() ? " by an operator" : fmt::format(" by an operator ({})", d_.reason);
  }

  /// `7 of 98 requests failed there (7.1 %), 9 of 1,874 on blue (0.5 %)`.
  std::string rates() const {
    const Totals& there = d_.totals[index(Side::canary)];
    const Totals& here = d_.totals[index(Side::comparison)];
    const bool errors = d_.family == Family::client_errors;
    const std::uint64_t bad_there = errors ? there.client_errors : there.failed;
    const std::uint64_t bad_here = errors ? here.client_errors : here.failed;
    return fmt::format("{} of {} requests {} there ({}), {} of {} on {} ({})", grouped(bad_there),
                       grouped(there.requests), errors ? "got a 4xx" : "failed",
                       percent_of(bad_there, there.requests), grouped(bad_here), grouped(here.requests),
                       names_.comparison, percent_of(bad_here, here.requests));
  }

  /// `p95 there is 312.4 ms, 201.7 ms on blue`.
  std::string latencies() const {
    const auto shown = [](const std::optional<Microseconds>& time) {
      return time ? fmt::format("{:.1f} ms", static_cast<double>(time->count()) / 1'000)
                  : std::string("unknown");
    };
    return fmt::format("p95 there is {}, {} on {}", shown(d_.p95[index(Side::canary)]),
                       shown(d_.p95[index(Side::comparison)]), names_.comparison);
  }

  std::string difference() const { return d_.family == Family::latency ? latencies() : rates(); }

  /// Only where what is counted is not the step.
  std::string since() const {
    const bool whole_step = d_.counted_time + Milliseconds{1'000} >= d_.step_time;
    return whole_step ? std::string() : fmt::format("in the last {} ", how_long(d_.counted_time));
  }

  std::string evidence() const {
    const double rounded = std::floor(std::min(d_.evidence, evidence_shown_max));
    return grouped(static_cast<std::uint64_t>(rounded));
  }
  /// `100`, or `300 (3 replicas share 1 of 100)`.
  std::string limit() const {
    const auto whole_number = [](double value) {
      return grouped(static_cast<std::uint64_t>(std::llround(value)));
    };
    const std::string own = whole_number(d_.limit);
    if (settings_.replicas == 1) return own;
    return fmt::format("{} ({} replicas share 1 of {})", own, settings_.replicas,
                       whole_number(d_.limit / settings_.replicas));
  }

  std::string units() const {
    std::string text =
        fmt::format("{} of the {} requests", grouped(d_.canary_requests), grouped(settings_.min_requests));
    if (settings_.by_client)
      text += fmt::format(" and {} of the {} clients", grouped(d_.canary_clients),
                          grouped(settings_.min_clients));
    return text;
  }

  std::string unproven() const {
    if (d_.cause != Cause::low_traffic) return {};
    return fmt::format(
        " This proves nothing: it had {} that a step needs within {}, and on_low_traffic is promote.",
        units(), format_duration(settings_.max_hold));
  }

  std::string noticed() const {
    const std::string_view what = settings_.by_client ? "clients with a failure" : "failures";
    if (!d_.jump) return {};
    return fmt::format(" A jump of its {} by {}.{:02} points or more would have been noticed.", what,
                       *d_.jump / 100, *d_.jump % 100);
  }

  std::string held_where() const {
    if (d_.from == d_.to) return fmt::format("is held at {}{}", percent(d_.to), by_operator());
    return fmt::format("steps back from {} to {} and is held", percent(d_.from), percent(d_.to));
  }

  std::string held_why() const {
    switch (d_.cause) {
      case Cause::shared_cause:
        return shared_cause();
      case Cause::suspicious:
        return fmt::format(
            "{}. Evidence that it is worse is {}; a step needs less than a tenth of the limit of {}.",
            difference(), evidence(), limit());
      case Cause::low_traffic:
        return fmt::format("it had {} that a step needs in {}. No traffic is no proof.", units(),
                           how_long(d_.step_time));
      default:
        return fmt::format("{}. It is still compared, and taken back if it is worse.", rates());
    }
  }

  std::string shared_cause() const {
    std::string text = fmt::format(
        "{} of {} requests failed on {} in the last 10 s ({}), which it did not before. Neither is counted "
        "until that is "
        "over for {}.",
        grouped(d_.recent.failed), grouped(d_.recent.requests), names_.comparison,
        percent_of(d_.recent.failed, d_.recent.requests), how_long(shared_calm));
    if (d_.step_time < shared_calm)
      text += fmt::format(" It began {} after the step to {}.", how_long(d_.step_time), percent(d_.from));
    return text;
  }

  std::string resumed_why() const {
    switch (d_.cause) {
      case Cause::shared_cause:
        return fmt::format(": {} has been calm for {}.", names_.comparison, how_long(shared_calm));
      default:
        return ".";
    }
  }

  std::string noted() const {
    if (d_.cause == Cause::prolonged) {
      return fmt::format(
          "{}: {} stays at {} for another {}: {}. Evidence that it is worse is {}; a step needs less than a "
          "tenth of the "
          "limit of {}.",
          names_.route, names_.canary, percent(d_.to),
          how_long(settings_.hold / static_cast<Milliseconds::rep>(quarters)), difference(), evidence(),
          limit());
    }
    return fmt::format("{}: {} at {} is worse, within what is tolerated: {}. It goes on.", names_.route,
                       names_.canary, percent(d_.to), difference());
  }

  std::string back_why() const {
    switch (d_.cause) {
      case Cause::canary_down:
        return fmt::format("none of its endpoints was usable for {}.", how_long(canary_down_max));
      case Cause::low_traffic:
        return fmt::format("it had {} that a step needs within {}, and on_low_traffic is rollback.", units(),
                           format_duration(settings_.max_hold));
      case Cause::evidence:
        return fmt::format(
            "{}{}. If {} were no worse, at most 1 of {} rollouts would look like this; the limit is 1 of {}.",
            since(), difference(), names_.canary, evidence(), limit());
      default:
        return fmt::format("{}.", rates());
    }
  }

  const Decision& d_;
  const Settings& settings_;
  const Names& names_;
};

}  // namespace

std::string sentence(const Decision& decision, const Settings& settings, const Names& names) {
  return Speaker(decision, settings, names).speak();
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::started:
      return "started";
    case Kind::step:
      return "step";
    case Kind::held:
      return "held";
    case Kind::resumed:
      return "resumed";
    case Kind::noted:
      return "noted";
    case Kind::rolled_back:
      return "rolled_back";
    case Kind::finished:
      return "finished";
  }
  return {};
}

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::none:
      return "none";
    case Cause::shared_cause:
      return "shared_cause";
    case Cause::suspicious:
      return "suspicious";
    case Cause::low_traffic:
      return "low_traffic";
    case Cause::operator_asked:
      return "operator";
    case Cause::prolonged:
      return "prolonged";
    case Cause::worse_within_tolerance:
      return "worse_within_tolerance";
    case Cause::evidence:
      return "evidence";
    case Cause::canary_down:
      return "canary_down";
  }
  return {};
}

}  // namespace weir::rollout
