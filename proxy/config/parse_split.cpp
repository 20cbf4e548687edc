#include <algorithm>

#include "config/blocks.hpp"
#include "config/scalars.hpp"
#include "http/cookies.hpp"
#include "http/text.hpp"

namespace weir::config {
namespace {

constexpr std::string_view own_cookie = "weir_split";
constexpr std::string_view affinity_remedy = "write none, client_ip, header:NAME or cookie";
constexpr std::string_view header_scheme = "header:";

/// Targets by upstream, for what refers to them.
class TargetIndex {
 public:
  void add(std::size_t upstream, const std::string& name) {
    upstreams_.push_back(upstream);
    names_.push_back(name);
  }
  std::optional<std::size_t> find(std::size_t upstream) const {
    const auto found = std::ranges::find(upstreams_, upstream);
    if (found == upstreams_.end()) return std::nullopt;
    return static_cast<std::size_t>(found - upstreams_.begin());
  }
  std::string names() const {
    std::string all;
    for (const std::string& name : names_) all.append(all.empty() ? "" : ", ").append(name);
    return all;
  }

 private:
  std::vector<std::size_t> upstreams_;
  std::vector<std::string> names_;
};

std::vector<SplitTarget> parse_targets(const Field& field, const Names& names, TargetIndex& index) {
  std::vector<SplitTarget> targets;
  const std::size_t problems_before = field.context.count();
  for (const Field& element : elements(field)) {
    SplitTarget target;
    MapReader reader(element);
    const bool known = reader.required(
        "upstream", target.upstream,
        [&](const Field& name) { return names.upstreams.resolve(name, "an upstream"); }, "name an upstream");
    reader.required("weight", target.weight, number_between(std::uint32_t{0}, split_weight_max),
                    "write its share, such as 90, or 0 for none");
    if (!known) continue;
    const Node& name = *element.node.find("upstream");
    if (index.find(target.upstream)) {
      field.context.report(name.mark, join_path(element.path, "upstream"),
                           quote(name.text) + " is a target already", "give each upstream one weight");
      continue;
    }
    index.add(target.upstream, name.text);
    targets.push_back(target);
  }
  if (field.context.count() != problems_before || !field.node.is_list()) return targets;
  if (targets.empty()) {
    field.report("is empty", "name the upstreams to split between, such as - { upstream: blue, weight: 90 }");
  } else if (targets.size() > split_targets_max) {
    field.report("has " + std::to_string(targets.size()) + " targets",
                 "name at most " + std::to_string(split_targets_max));
  } else if (std::ranges::all_of(targets, [](const SplitTarget& target) { return target.weight == 0; })) {
    field.report("has no weight above 0: no request could go anywhere",
                 "give one target a weight, such as 100");
  }
  return targets;
}

std::optional<SplitAffinity> parse_by(const Field& field) {
  SplitAffinity affinity;
  const std::string_view text =
      field.node.is_scalar() ? std::string_view(field.node.text) : std::string_view();
  if (text == "none") return affinity;
  if (text == "client_ip" || text == "cookie") {
    affinity.by = text == "cookie" ? AffinityBy::cookie : AffinityBy::client_ip;
    return affinity;
  }
  if (text.starts_with(header_scheme) && is_header_name(text.substr(header_scheme.size()))) {
    affinity.by = AffinityBy::header;
    affinity.header = text.substr(header_scheme.size());
    return affinity;
  }
  if (field.node.is_scalar()) {
    field.report(quote(field.node.text) + " does not identify clients", std::string(affinity_remedy));
  } else {
    field.report_kind("a single value", std::string(affinity_remedy));
  }
  return std::nullopt;
}

SplitAffinity parse_affinity(const Field& field) {
  SplitAffinity affinity;
  Milliseconds ttl = affinity.ttl;
  MapReader reader(field);
  const bool by_known = reader.optional("by", affinity, parse_by) || !reader.has("by");
  if (const auto value = reader.find("ttl")) {
    const auto duration = parse_positive_duration(*value);
    if (duration && *duration < std::chrono::seconds(1)) {
      value->report("is shorter than a second", "write how long a browser keeps the cookie, such as 1d");
    } else if (duration && by_known && affinity.by != AffinityBy::cookie) {
      value->report("only makes sense with by: cookie", "remove it");
    }
    ttl = duration.value_or(ttl);
  }
  affinity.ttl = ttl;
  return affinity;
}

/// `NAME: value`.
bool parse_header_rule(const Field& field, SplitOverride& rule) {
  const auto text = parse_filled_text(field);
  if (!text) return false;
  const std::size_t colon = std::min(text->find(':'), text->size());
  rule.name = text->substr(0, colon);
  rule.value = http::trim_ows(std::string_view(*text).substr(std::min(colon + 1, text->size())));
  if (colon < text->size() && is_header_name(rule.name) && !rule.value.empty()) return true;
  field.report("is not a header with its value", "write both, such as \"X-Canary: always\"");
  return false;
}

/// `name=value`.
bool parse_cookie_rule(const Field& field, SplitOverride& rule) {
  const auto text = parse_filled_text(field);
  if (!text) return false;
  const std::size_t equals = std::min(text->find('='), text->size());
  rule.cookie = true;
  rule.name = text->substr(0, equals);
  rule.value = text->substr(std::min(equals + 1, text->size()));
  if (rule.name == own_cookie) {
    field.report(quote(rule.name) + " is Weir's own cookie", "choose another name");
    return false;
  }
  if (equals < text->size() && is_header_name(rule.name) && !rule.value.empty() &&
      http::is_cookie_value(rule.value))
    return true;
  field.report("is not a cookie with its value", "write both, such as \"canary=always\"");
  return false;
}

std::optional<SplitOverride> parse_override(const Field& field, const Names& names,
                                            const TargetIndex& index) {
  SplitOverride rule;
  MapReader reader(field);
  bool sound = reader.usable();
  const auto header = reader.find("header");
  const auto cookie = reader.find("cookie");
  if (reader.usable() && reader.has("header") == reader.has("cookie")) {
    reader.report(reader.has("header") ? "has both header and cookie" : "says nothing about which requests",
                  "give it one of header and cookie");
    sound = false;
  }
  if (sound && header) sound = parse_header_rule(*header, rule);
  if (sound && cookie) sound = parse_cookie_rule(*cookie, rule);
  std::size_t upstream = 0;
  const bool known = reader.required(
      "upstream", upstream, [&](const Field& name) { return names.upstreams.resolve(name, "an upstream"); },
      "name the target that they go to");
  if (!known || !sound) return std::nullopt;
  const auto target = index.find(upstream);
  if (!target) {
    const Node& name = *field.node.find("upstream");
    field.context.report(name.mark, join_path(field.path, "upstream"),
                         quote(name.text) + " is not a target of this split",
                         "add it to targets with weight 0, or write one of: " + index.names());
    return std::nullopt;
  }
  rule.target = *target;
  return rule;
}

}  // namespace

Split parse_split(const Field& field, const Names& names) {
  Split split;
  TargetIndex index;
  MapReader reader(field);
  reader.required(
      "targets", split.targets, [&](const Field& targets) { return parse_targets(targets, names, index); },
      "name the upstreams to split between, such as - { upstream: blue, weight: 90 }");
  reader.optional("affinity", split.affinity, parse_affinity);
  if (const auto drain = reader.find("drain_affinity")) {
    const auto value = one_of(drain_affinities)(*drain);
    split.drain_affinity = value.value_or(DrainAffinity::move);
    if (value == DrainAffinity::keep && split.affinity.by != AffinityBy::cookie) {
      drain->report("keep needs affinity.by: cookie: nothing else remembers where a client was",
                    "set affinity: { by: cookie }, or remove it");
    }
  }
  reader.optional("overrides", split.overrides,
                  list_of([&](const Field& element) { return parse_override(element, names, index); }));
  if (split.overrides.size() > split_overrides_max) {
    reader.report("has " + std::to_string(split.overrides.size()) + " overrides",
                  "write at most " + std::to_string(split_overrides_max));
  }
  std::ranges::stable_sort(split.overrides, {}, &SplitOverride::cookie);
  return split;
}

}  // namespace weir::config
