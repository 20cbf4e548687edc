#include "upstream/ejection_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/names.hpp"
#include "core/units.hpp"

namespace weir::upstream {
namespace {

using health::Change;

/// ` (connect_refused x3)`; says so when these are not all of them.
std::string causes_of(const Verdict& verdict, std::uint64_t failures) {
  const std::string causes = health::causes_text(verdict.causes, failures);
  if (causes.empty()) return {};
  if (failures <= health::recent_causes_max) return " (" + causes + ")";
  return fmt::format(" (the last {}: {})", health::recent_causes_max, causes);
}

std::string failure_name(std::uint16_t failure) {
  return std::string(config::name_of(config::failures, static_cast<config::Failure>(failure)));
}

/// Behind what is said of a backup that fails while it takes the place of others.
std::string place_given_back(const Verdict& verdict) {
  if (verdict.readmitted == 0) return {};
  return fmt::format("; {} other{} back", verdict.readmitted,
                     verdict.readmitted == 1 ? " that was out is" : "s that were out are");
}

std::string held_text(const Verdict& verdict, const config::PassiveHealth& settings, const std::string& name,
                      std::string_view upstream) {
  const std::string reason = reason_text(verdict, settings);
  switch (verdict.held) {
    case Held::none:
      return {};
    case Held::last_endpoint:
      return fmt::format("{} would be ejected, but no other of {} is usable: {}{}", name, verdict.total,
                         reason, place_given_back(verdict));
    case Held::max_ejection_percent:
      return fmt::format("{} would be ejected, but {} of {} are out already (max_ejection_percent {}): {}{}",
                         name, verdict.out, verdict.total, settings.max_ejection_percent, reason,
                         place_given_back(verdict));
    case Held::shared_cause:
      return fmt::format(
          "shared cause in {}: {} of {} endpoints fail the same way ({}) within {}, so the cause is the "
          "request "
          "or something they share; no endpoint is ejected for it{}, {} of {} left",
          upstream, verdict.alike, verdict.total, failure_name(verdict.failure),
          format_duration(settings.window),
          verdict.readmitted == 0
              ? ""
              : fmt::format(", {} that {} out {} back", verdict.readmitted,
                            verdict.readmitted == 1 ? "was" : "were", verdict.readmitted == 1 ? "is" : "are"),
          verdict.usable, verdict.total);
    case Held::request:
      return fmt::format(
          "request failure in {}: {} of {} endpoints gave one request the same answer ({}), so the cause is "
          "the "
          "request or something they share; such answers count against no endpoint",
          upstream, verdict.alike, verdict.total, failure_name(verdict.failure));
  }
  return {};
}

/// `, the 3rd time in a row`; nothing for the first.
std::string times(unsigned in_row) {
  if (in_row < 2) return {};
  const unsigned last = in_row % 10;
  const bool teen = in_row / 10 % 10 == 1;
  const char* const ending = teen || last == 0 || last > 3 ? "th"
                             : last == 1                   ? "st"
                             : last == 2                   ? "nd"
                                                           : "rd";
  return fmt::format(", the {}{} time in a row", in_row, ending);
}

std::string beyond_cap(const Verdict& verdict, const config::PassiveHealth& settings) {
  if (!verdict.beyond_cap) return {};
  return fmt::format(", beyond max_ejection_percent {}, because all its requests failed for {}",
                     settings.max_ejection_percent, format_duration(settings.window));
}

}  // namespace

std::string reason_text(const Verdict& verdict, const config::PassiveHealth& settings) {
  if (verdict.change == Change::recovered) {
    return verdict.reason == Reason::probe_failed ? "passive health is off" : "its probe succeeded";
  }
  switch (verdict.reason) {
    case Reason::none:
      return {};
    case Reason::consecutive_failures:
      return fmt::format("{} consecutive failures{}", verdict.failures, causes_of(verdict, verdict.failures));
    case Reason::failure_rate:
      return fmt::format("{}% of {} requests failed in {}{}", verdict.counts.percent(),
                         verdict.counts.requests, format_duration(settings.window),
                         causes_of(verdict, verdict.counts.failures));
    case Reason::probe_failed: {
      const health::Cause latest = health::Cause::of_code(static_cast<std::uint8_t>(verdict.causes & 0xff));
      return "its probe failed" + (latest.code() == 0 ? "" : ": " + latest.text());
    }
  }
  return {};
}

std::string verdict_text(const Verdict& verdict, const config::PassiveHealth& settings,
                         std::string_view upstream, std::string_view endpoint) {
  const std::string name = fmt::format("{}/{}", upstream, endpoint);
  const std::string reason = reason_text(verdict, settings);
  switch (verdict.change) {
    case Change::ejected:
      return fmt::format("ejected {} for {}: {}{}{}, {} of {} left", name,
                         format_duration(verdict.ejected_for), reason, times(verdict.in_row),
                         beyond_cap(verdict, settings), verdict.usable, verdict.total);
    case Change::re_ejected:
      return fmt::format("ejected {} again for {}: {}{}, {} of {} left", name,
                         format_duration(verdict.ejected_for), reason, times(verdict.in_row), verdict.usable,
                         verdict.total);
    case Change::recovered:
      return fmt::format("{} is back: {}, {} of {} in use", name, reason, verdict.usable, verdict.total);
    case Change::none:
      return verdict.announce ? held_text(verdict, settings, name, upstream) : std::string();
  }
  return {};
}

std::string kept_text(const Verdict& verdict, const config::PassiveHealth& settings) {
  const auto because = [&](std::string_view why) {
    return fmt::format("{}; it stays in use, because {}", reason_text(verdict, settings), why);
  };
  switch (verdict.held) {
    case Held::none:
    case Held::request:
      return {};
    case Held::last_endpoint:
      return because("no other endpoint is usable");
    case Held::max_ejection_percent:
      return because(
          fmt::format("others are out already (max_ejection_percent {})", settings.max_ejection_percent));
    case Held::shared_cause:
      return because("most endpoints fail the same way");
  }
  return {};
}

std::string_view verdict_kind(const Verdict& verdict) {
  switch (verdict.change) {
    case Change::ejected:
      return "ejected";
    case Change::re_ejected:
      return "re_ejected";
    case Change::recovered:
      return "recovered";
    case Change::none:
      break;
  }
  if (verdict.held == Held::request) return "request_failure";
  return verdict.held == Held::shared_cause ? "shared_cause" : "ejection_held";
}

std::string panic_text(const Standing& standing, std::string_view upstream) {
  std::string why;
  const auto add = [&why](std::size_t count, std::string_view what) {
    if (count != 0) why += fmt::format("{}{} {}", why.empty() ? "" : ", ", count, what);
  };
  add(standing.ejected, "ejected");
  add(standing.failed_checks, "failed their checks");
  add(standing.unchecked, "not checked yet");
  add(standing.by_operator, "taken out by an operator");
  const std::size_t used = standing.total - standing.by_operator;
  const std::string trusted = standing.usable == 0 ? "none" : fmt::format("only {}", standing.usable);
  return fmt::format("panic in {}: {} of {} endpoints can be trusted ({}), so {} in use again", upstream,
                     trusted, standing.total, why,
                     used == 1 ? "the one that is left is" : fmt::format("{} are", used));
}

std::string calm_text(const Standing& standing, std::string_view upstream) {
  return fmt::format("no panic any more in {}: {} of {} endpoints are in use", upstream, standing.usable,
                     standing.total);
}

}  // namespace weir::upstream
