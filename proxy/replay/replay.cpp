#include "replay/replay.hpp"

#include <algorithm>

#include "replay/sides.hpp"

namespace weir::replay {
namespace {

constexpr double share_seen_min = 1e-9;  // below it shares are the same

constexpr std::uint32_t bit(Difference difference) {
  return std::uint32_t{1} << static_cast<unsigned>(difference);
}

bool reaches_limits(const Verdict& verdict) {
  return verdict.end == End::redirect || verdict.end == End::respond || verdict.end == End::proxy;
}

bool is_limited(const Verdict& verdict) {
  return reaches_limits(verdict) && !verdict.route->rate_limits.empty();
}

std::string_view name_of(const config::Route* route) {
  return route == nullptr ? std::string_view() : std::string_view(route->name);
}

/// Of answers that Weir makes itself, and of the same kind.
bool same_answer(const Verdict& old, const Verdict& now) {
  switch (old.end) {
    case End::redirect_to_https:
      return old.listener->redirect_to_https == now.listener->redirect_to_https;
    case End::redirect:
    case End::respond:
      return old.route->action == now.route->action;
    case End::rate_limited:
      return old.limit->status == now.limit->status;
    default:
      return true;
  }
}

/// All but which upstream.
std::uint32_t differences(const Verdict& old, const Verdict& now) {
  const auto one = [&](End end) { return (old.end == end) != (now.end == end); };
  if (one(End::no_listener)) return bit(Difference::listener);
  std::uint32_t kinds = 0;
  if (name_of(old.route) != name_of(now.route)) kinds |= bit(Difference::route);
  if (one(End::access_denied)) return kinds | bit(Difference::access);
  if (one(End::rate_limited)) return kinds | bit(Difference::rate_limit);
  if (old.end != now.end || !same_answer(old, now)) return kinds | bit(Difference::answer);
  if (old.end == End::proxy && old.path != now.path) kinds |= bit(Difference::path);
  return kinds;
}

bool is_same_case(const Case& one, const Case& other) {
  return one.old.end == other.old.end && one.old.route == other.old.route && one.now.end == other.now.end &&
         one.now.route == other.now.route;
}

std::string request_text(const LoggedRequest& request) {
  std::string text(request.method);
  text.append(" ").append(request.host).append(request.path);
  if (!request.query.empty()) text.append("?").append(request.query);
  return text;
}

}  // namespace

Replay::Replay(const config::Config& old, const config::Config& now, std::size_t examples_max)
    : old_(old),
      now_(now),
      examples_max_(examples_max),
      unlogged_(old, now),
      old_judge_(old, unlogged_),
      now_judge_(now, unlogged_),
      suppose_(old_judge_, now_judge_, unlogged_),
      old_buckets_(old, now),
      now_buckets_(now, old) {
  report_.limits.any = !old.rate_limits.empty() || !now.rate_limits.empty();
}

void Replay::take(std::string_view line, std::uint64_t number) {
  if (const auto wrong = reader_.read(line, request_)) return skip(number, *wrong);
  ++report_.lines;
  ++report_.requests;
  if (report_.first_ts.empty()) report_.first_ts = request_.ts;
  report_.last_ts = request_.ts;
  judge(request_, number);
}

void Replay::skip(std::uint64_t number, std::string_view why) {
  ++report_.lines;
  if (report_.unreadable++ != 0) return;
  report_.first_unreadable = number;
  report_.why_unreadable = why;
}

void Replay::judge(const LoggedRequest& request, std::uint64_t number) {
  if (request.limit_decision == "refused") ++report_.limits.logged;
  if (ended_early(request)) {
    ++report_.early;
    return count_same();
  }
  if (request.cut) return count_unknown("the end of a long host or path");
  suppose_.find_cases(request, cases_);
  if (cases_.too_many || cases_.readings) return count_unknown(cases_.missing);
  if (!cases_.fits && report_.misfits++ == 0) report_.first_misfit = number;
  Case& first = cases_.all.front();
  if (request.reason == "malformed_request" && first.old.end != End::refused) {
    ++report_.early;  // another part of its head was wrong
    return count_same();
  }
  const bool one =
      std::ranges::all_of(cases_.all, [&](const Case& other) { return is_same_case(first, other); });
  one ? judge_one(request, first, number) : judge_several(request, number);
}

void Replay::judge_one(const LoggedRequest& request, Case& found, std::uint64_t number) {
  if (found.old.client_unknown || found.now.client_unknown) return count_unknown("the client's address");
  if (!take_tokens(request, found)) return;
  Kinds kinds = differences(found.old, found.now);
  if (found.old.end == End::proxy && found.now.end == End::proxy) {
    std::string missing;
    kinds |= upstreams(request, found, true, missing);
    if (!missing.empty()) return count_unknown(missing);
  }
  kinds == 0 ? count_same() : count_different(kinds, request, found, number);
}

/// Known is what is the same in all cases. No token is taken.
void Replay::judge_several(const LoggedRequest& request, std::uint64_t number) {
  if (std::ranges::any_of(cases_.all,
                          [](const Case& found) { return is_limited(found.old) || is_limited(found.now); }))
    ++report_.limits.skipped;
  Kinds in_all = ~Kinds{0}, in_any = 0;
  for (const Case& found : cases_.all) {
    if (found.old.client_unknown || found.now.client_unknown) return count_unknown("the client's address");
    if (request.limit_decision == "refused" || limits_may_differ(found)) return count_unknown(cases_.missing);
    std::string missing;
    Kinds kinds = differences(found.old, found.now);
    if (found.old.end == End::proxy && found.now.end == End::proxy)
      kinds |= upstreams(request, found, false, missing);
    if (!missing.empty()) return count_unknown(missing);
    in_all &= kinds;
    in_any |= kinds;
  }
  if (in_any == 0) return count_same();
  in_all == 0 ? count_unknown(cases_.missing) : count_different(in_all, request, cases_.all.front(), number);
}

bool Replay::take_tokens(const LoggedRequest& request, Case& found) {
  const auto decide = [&](Buckets& buckets, const Asked& asked, Verdict& verdict, std::uint64_t& refused) {
    if (!reaches_limits(verdict)) return Buckets::Decision();
    const Buckets::Decision decision = buckets.decide(request, asked, verdict);
    if (decision.refused_by == nullptr) return decision;
    ++refused;
    verdict.end = End::rate_limited;
    verdict.limit = decision.refused_by;
    return decision;
  };
  const auto old = decide(old_buckets_, suppose_.old_asked(), found.old, report_.limits.old);
  const auto now = decide(now_buckets_, suppose_.now_asked(), found.now, report_.limits.now);
  const config::RateLimit* const unknown = old.unknown != nullptr ? old.unknown : now.unknown;
  if (unknown != nullptr) count_unknown("the key of rate limit " + unknown->name);
  return unknown == nullptr;
}

/// Without a known route no bucket is asked: it does not matter where both routes have the same limits, and those are
/// the same.
bool Replay::limits_may_differ(const Case& found) const {
  const auto limits_of = [](const Verdict& verdict, const config::Config& config) {
    std::vector<const config::RateLimit*> limits;
    if (!reaches_limits(verdict)) return limits;
    for (const std::size_t index : verdict.route->rate_limits) limits.push_back(&config.rate_limits[index]);
    return limits;
  };
  const auto old = limits_of(found.old, old_), now = limits_of(found.now, now_);
  return !std::ranges::equal(old, now, [](const auto* one, const auto* other) { return *one == *other; });
}

Replay::Kinds Replay::upstreams(const LoggedRequest& request, const Case& found, bool count,
                                std::string& missing) {
  const config::Route &before = *found.old.route, &after = *found.now.route;
  const config::Split *const old_split = split_of(before), *const now_split = split_of(after);
  if (request.split_why == "override" && old_split != nullptr) {
    if (same_overrides(old_, old_split, now_, now_split)) return 0;
    if (now_split != nullptr && !now_split->overrides.empty()) {
      missing = "what overrode the split of route " + before.name;
      return 0;
    }
    const auto sole = sole_upstream(now_, after);
    if (sole) return *sole == request.split_target ? 0 : bit(Difference::upstream);
    missing = "what overrode the split of route " + before.name;
    return 0;
  }
  missing = new_override(old_, old_split, now_, now_split);
  if (!missing.empty()) return 0;
  const auto old_sole = sole_upstream(old_, before), now_sole = sole_upstream(now_, after);
  if (old_sole && now_sole) return *old_sole == *now_sole ? 0 : bit(Difference::upstream);
  if (count) ++splits_[{&before, &after}];
  return 0;
}

void Replay::count_different(Kinds kinds, const LoggedRequest& request, const Case& found,
                             std::uint64_t number) {
  ++report_.different;
  for (std::size_t i = 0; i < difference_count; ++i) {
    if ((kinds >> i & 1) == 0) continue;
    Report::OfKind& kind = report_.kinds[i];
    ++kind.requests;
    if (kind.examples.size() >= examples_max_) continue;
    kind.examples.push_back({number, std::string(request.ts), request_text(request),
                             request.client_ip.to_string(), to_text(found.old, old_),
                             to_text(found.now, now_)});
  }
}

void Replay::count_unknown(const std::string& missing) {
  ++report_.unknown;
  ++report_.unknown_for[missing];
}

Report Replay::report() const {
  Report report = report_;
  for (const auto& [routes, requests] : splits_) {
    Shift shift = shift_of(old_, *routes.first, now_, *routes.second, requests);
    if (shift.moved < share_seen_min) continue;
    report.moved += shift.moved * static_cast<double>(requests);
    report.shifts.push_back(std::move(shift));
  }
  std::ranges::sort(report.shifts, [](const Shift& one, const Shift& other) {
    return one.requests != other.requests ? one.requests > other.requests : one.old_route < other.old_route;
  });
  report.limits.evictions = old_buckets_.evictions() + now_buckets_.evictions();
  return report;
}

}  // namespace weir::replay
