#include "split/promotion.hpp"

#include <cstdint>
#include <vector>

namespace weir::split {
namespace {

constexpr std::uint32_t everything = 100;

/// Indices of targets that have weight.
std::vector<std::size_t> weighted(const NamedWeights& weights) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i].second != 0) found.push_back(i);
  }
  return found;
}

}  // namespace

std::variant<std::size_t, std::string> new_side(const NamedWeights& configured,
                                                const NamedWeights& in_force) {
  const auto old = weighted(configured);
  if (old.size() != 1)
    return "the configuration gives weight to more than one side (" + to_string(configured) +
           "), so which one is new is not clear; name it by --to";
  std::vector<std::size_t> others;
  for (std::size_t i = 0; i < configured.size(); ++i) {
    if (i != old.front() && (configured.size() == 2 || in_force[i].second != 0)) others.push_back(i);
  }
  if (others.size() != 1)
    return (others.empty() ? "no side has weight beside " : "more than one side has weight beside ") +
           configured[old.front()].first + " (" + to_string(in_force) + "); name the new one by --to";
  if (const auto now = weighted(in_force); now == others)
    return configured[others.front()].first +
           " has everything already; to give it to another side, name that by --to";
  return others.front();
}

NamedWeights all_to(const NamedWeights& targets, std::size_t index) {
  NamedWeights weights = targets;
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i].second = i == index ? everything : 0;
  return weights;
}

}  // namespace weir::split
