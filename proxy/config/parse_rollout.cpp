#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "config/blocks.hpp"
#include "config/scalars.hpp"
#include "config/shares.hpp"
#include "config/statuses.hpp"

namespace weir::config {
namespace {

constexpr std::uint32_t per_basis_point = mirror_share_whole / rollout_whole;
constexpr int failure_status_min = 400, failure_status_max = 599;

/// `5`, `0.5` or `0.5%`, in basis points.
std::optional<std::uint32_t> basis_points(std::string_view text) {
  if (text.ends_with('%')) text.remove_suffix(1);
  const auto share = parse_percent(text);
  if (!share || *share % per_basis_point != 0) return std::nullopt;
  return *share / per_basis_point;
}

/// Parser of a percentage in min..max, all three in basis points.
auto share_between(std::uint32_t min, std::uint32_t max) {
  return [min, max](const Field& field) -> std::optional<std::uint32_t> {
    const std::string remedy = "write a percentage from " + format_share(min) + "% to " + format_share(max) +
                               "%, with up to two decimals";
    if (!field.node.is_scalar()) {
      field.report_kind("a single value", remedy);
      return std::nullopt;
    }
    const auto value = basis_points(field.node.text);
    if (value && *value >= min && *value <= max) return value;
    field.report(quote(field.node.text) + (value ? " is out of range" : " is not a percentage"), remedy);
    return std::nullopt;
  };
}

/// Parser of a duration in min..max.
auto duration_between(Milliseconds min, Milliseconds max) {
  return [min, max](const Field& field) -> std::optional<Milliseconds> {
    const auto value = parse_any_duration(field);
    if (!value || (*value >= min && *value <= max)) return value;
    field.report(quote(field.node.text) + " is out of range",
                 "write a duration from " + format_duration(min) + " to " + format_duration(max));
    return std::nullopt;
  };
}

std::vector<std::uint32_t> parse_steps(const Field& field) {
  std::vector<std::uint32_t> steps;
  const auto parse = share_between(1, rollout_whole);
  for (const Field& element : elements(field)) {
    const auto step = parse(element);
    if (!step) continue;
    if (!steps.empty() && *step <= steps.back()) {
      element.report(quote(element.node.text) + " comes after " + format_share(steps.back()),
                     "let each step be above the one before");
    } else if (steps.empty() && *step == rollout_whole) {
      element.report("the first step is the whole: nothing is left to compare with",
                     "begin with a small share, such as 5");
    }
    steps.push_back(*step);
  }
  if (field.node.is_list() && field.node.children.empty()) {
    field.report("is empty", "write the shares of the canary in percent, such as [5, 25, 50, 100]");
  } else if (steps.size() > rollout_steps_max) {
    field.report("has " + std::to_string(steps.size()) + " steps",
                 "write at most " + std::to_string(rollout_steps_max));
  }
  return steps;
}

/// One word of `failures`, or statuses.
void parse_failure(const Field& field, RolloutFailures& failures_named) {
  const std::string_view text =
      field.node.is_scalar() ? std::string_view(field.node.text) : std::string_view();
  for (const auto& choice : rollout_failures) {
    if (text != choice.name) continue;
    failures_named.kinds |= choice.value;
    return;
  }
  const auto in_range = [](const StatusRange& range) {
    return range.first >= failure_status_min && range.last <= failure_status_max;
  };
  if (const auto ranges = parse_statuses(text); ranges && std::ranges::all_of(*ranges, in_range)) {
    failures_named.statuses.insert(failures_named.statuses.end(), ranges->begin(), ranges->end());
    return;
  }
  std::string remedy = "write a status from 400 to 599, a range such as 500-599, or one of: ";
  for (const auto& choice : rollout_failures)
    remedy.append(&choice == rollout_failures ? "" : ", ").append(choice.name);
  if (!field.node.is_scalar()) return field.report_kind("a single value", remedy);
  field.report(quote(field.node.text) + " is no failure that is known here", remedy);
}

RolloutFailures parse_failures(const Field& field) {
  RolloutFailures failures_named{0, {}};
  for (const Field& element : elements(field)) parse_failure(element, failures_named);
  if (field.node.is_list() && field.node.children.empty())
    field.report("is empty: no request would ever fail", "name what is a failure, such as [reset, 500-599]");
  return failures_named;
}

/// `10%` or `10`, up to more than the whole.
std::optional<std::uint32_t> parse_whole_percent(const Field& field) {
  const std::string remedy =
      "write a whole percentage from 0% to " + std::to_string(tolerate_latency_max) + "%";
  if (!field.node.is_scalar()) {
    field.report_kind("a single value", remedy);
    return std::nullopt;
  }
  std::string_view text = field.node.text;
  if (text.ends_with('%')) text.remove_suffix(1);
  std::uint32_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, ec] = std::from_chars(text.data(), end, value);
  if (ec == std::errc{} && stop == end && value <= tolerate_latency_max) return value;
  field.report(quote(field.node.text) + " is not such a percentage", remedy);
  return std::nullopt;
}

void parse_tolerate(const Field& field, Rollout& rollout) {
  MapReader reader(field);
  reader.optional("failures", rollout.tolerate_failures, share_between(0, tolerate_failures_max));
  reader.optional("latency", rollout.tolerate_latency, parse_whole_percent);
}

/// The targets of a split whose route has a rollout.
class Targets {
 public:
  Targets(const Names& names, const Split& split, const Field& route) : names_(names), split_(split) {
    const Node* const block = route.node.find("split");
    const Node* const targets = block ? block->find("targets") : nullptr;
    if (targets == nullptr || !targets->is_list()) return;
    for (const Node& target : targets->children) {
      const Node* const upstream = target.find("upstream");
      if (upstream != nullptr) names_text_.append(names_text_.empty() ? "" : ", ").append(upstream->text);
    }
  }
  std::optional<std::size_t> find(const Field& name) const {
    const auto upstream = names_.upstreams.resolve(name, "an upstream");
    if (!upstream) return std::nullopt;
    const auto found = std::ranges::find(split_.targets, *upstream, &SplitTarget::upstream);
    if (found != split_.targets.end()) return static_cast<std::size_t>(found - split_.targets.begin());
    name.report(quote(name.node.text) + " is not a target of this route's split",
                "add it to targets with weight 0, or write one of: " + names_text_);
    return std::nullopt;
  }
  std::size_t count() const { return split_.targets.size(); }

 private:
  const Names& names_;
  const Split& split_;
  std::string names_text_;
};

/// Which target is what. The others' weights would change with a rollout, too, so there are none.
void parse_sides(MapReader& reader, const Targets& targets, Rollout& rollout) {
  const bool has_canary = reader.required(
      "canary", rollout.canary, [&](const Field& name) { return targets.find(name); },
      "name the target that runs the new version");
  const auto baseline = reader.find("baseline");
  const bool is_named = baseline && !(baseline->node.is_scalar() && baseline->node.text.empty());
  if (is_named) rollout.baseline = targets.find(*baseline);
  if (!has_canary || is_named != rollout.baseline.has_value()) return;
  if (rollout.baseline == rollout.canary) {
    baseline->report("is the canary, too", "name a target that runs the old version");
    return;
  }
  const std::size_t expected = is_named ? 3 : 2;
  if (targets.count() != expected) {
    reader.report(
        "the split has " + std::to_string(targets.count()) + (targets.count() == 1 ? " target" : " targets"),
        is_named ? "with a baseline let it have three: canary, baseline and the stable one"
                 : "let it have two, canary and the stable one; or three and name the baseline");
    return;
  }
  while (rollout.stable == rollout.canary || rollout.stable == rollout.baseline) ++rollout.stable;
}

}  // namespace

Rollout parse_rollout(const Field& field, const Names& names, const Split& split, const Field& route) {
  Rollout rollout;
  MapReader reader(field);
  parse_sides(reader, Targets(names, split, route), rollout);
  reader.optional("steps", rollout.steps, parse_steps);
  reader.optional("hold", rollout.hold, duration_between(rollout_hold_min, rollout_hold_max));
  const bool bounded =
      reader.optional("max_hold", rollout.max_hold, duration_between(rollout_hold_min, rollout_max_hold_max));
  if (bounded && rollout.max_hold < rollout.hold) {
    reader.find("max_hold")
        ->report("is below hold (" + format_duration(rollout.hold) + ")",
                 "write at least that, or leave it out");
  }
  rollout.max_hold = std::max(rollout.max_hold, rollout.hold);
  reader.optional("min_requests", rollout.min_requests,
                  number_between(std::uint32_t{1}, rollout_min_units_max));
  if (reader.optional("min_clients", rollout.min_clients,
                      number_between(std::uint32_t{1}, rollout_min_units_max)) &&
      split.affinity.by == AffinityBy::none) {
    reader.find("min_clients")
        ->report("only makes sense where the split has affinity", "remove it, or set split.affinity");
  }
  reader.optional("warmup", rollout.warmup, duration_between(Milliseconds{0}, rollout_warmup_max));
  reader.optional("false_rollback", rollout.false_rollback,
                  share_between(false_rollback_min, false_rollback_max));
  reader.optional("failures", rollout.failures, parse_failures);
  reader.optional("client_errors", rollout.client_errors, parse_truth);
  reader.optional("latency", rollout.latency, parse_truth);
  if (const auto tolerate = reader.find("tolerate")) parse_tolerate(*tolerate, rollout);
  reader.optional("on_low_traffic", rollout.on_low_traffic, one_of(on_low_traffics));
  reader.optional("on_shared_cause", rollout.on_shared_cause, one_of(on_shared_causes));
  reader.optional("replicas", rollout.replicas, number_between(std::uint32_t{1}, rollout_replicas_max));
  reader.optional("salt", rollout.salt, parse_text);
  return rollout;
}

}  // namespace weir::config
