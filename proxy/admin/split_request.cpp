#include "admin/split_request.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "admin/request_body.hpp"
#include "core/units.hpp"

namespace weir::control {
namespace {

namespace json = boost::json;

void read_weights(const json::value& value, SplitRequest& request, Problems& problems) {
  if (!value.is_object() || value.get_object().empty()) {
    problems.emplace_back("weights: must be an object such as {\"blue\":90,\"green\":10}");
    return;
  }
  for (const auto& member : value.get_object()) {
    const std::string name(member.key());
    const json::value& weight = member.value();
    std::uint64_t number = config::split_weight_max + std::uint64_t{1};
    if (weight.is_int64() && weight.get_int64() >= 0) number = static_cast<std::uint64_t>(weight.get_int64());
    if (number > config::split_weight_max) {
      problems.push_back("weights." + name + ": must be a whole number from 0 to " +
                         std::to_string(config::split_weight_max));
      continue;
    }
    request.weights.emplace_back(name, static_cast<std::uint32_t>(number));
  }
}

void read_ttl(const json::value& value, SplitRequest& request, Problems& problems) {
  if (value.is_string()) request.ttl = parse_duration(std::string_view(value.get_string()));
  if (!request.ttl || request.ttl->count() == 0)
    problems.emplace_back("ttl: must be a duration above 0, such as \"15m\"");
}

}  // namespace

std::variant<SplitRequest, Problems> parse_split_request(std::string_view body) {
  SplitRequest request;
  const auto into_request = [&request](auto read) {
    return [&request, read](const json::value& value, Problems& found) { read(value, request, found); };
  };
  Problems problems = read_body(body, {{"weights", into_request(read_weights), "is missing"},
                                       note("reason", split::reason_bytes_max, request.reason),
                                       {"ttl", into_request(read_ttl)},
                                       generation(request.generation),
                                       note("who", who_bytes_max, request.who)});
  if (!problems.empty()) return problems;
  return request;
}

std::variant<split::NamedWeights, Problems> match_weights(const split::NamedWeights& weights,
                                                          const split::NamedWeights& configured) {
  Problems problems;
  split::NamedWeights matched;
  std::string names;
  for (const auto& [name, weight] : configured) names += (names.empty() ? "" : ", ") + name;
  using Pair = split::NamedWeights::value_type;
  for (const auto& [name, weight] : weights) {
    if (std::ranges::find(configured, name, &Pair::first) == configured.end())
      problems.push_back("weights." + name + ": not a target of this route's split; its targets are " +
                         names);
  }
  for (const auto& [name, weight] : configured) {
    const auto found = std::ranges::find(weights, name, &Pair::first);
    if (found == weights.end()) {
      problems.push_back("weights." + name + ": is missing; weights change as a whole, so name all of " +
                         names);
    } else {
      matched.push_back(*found);
    }
  }
  if (problems.empty() && std::ranges::all_of(matched, [](const Pair& pair) { return pair.second == 0; }))
    problems.emplace_back("weights: not all may be 0");
  if (!problems.empty()) return problems;
  return matched;
}

}  // namespace weir::control
