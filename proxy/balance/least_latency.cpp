#include <limits>

#include "balance/policies.hpp"
#include "balance/sample.hpp"

namespace weir::balance {
namespace {

using Few = Sample<least_latency_sample>;

/// Expected wait: the latency, once more for each request in flight a unit of weight.
double score(const Field& field, const Choice& choice, TimePoint now) {
  const double latency = field[choice.index].state->latency.microseconds(now);
  const double load = choice.in_flight;
  if (latency == 0) return load == 0 ? 0 : std::numeric_limits<double>::max();
  const double weight = static_cast<double>(field.weight(choice.index)) / static_cast<double>(field.scale());
  return latency * (1 + load / weight);
}

Few draw_few(const Field& field, const Draw& draw) {
  const Few welcome(field, draw.random, [&](std::size_t i) {
    return field.may_pick(i) && !field[i].state->latency.avoided(draw.now) ? field.weight(i) : 0;
  });
  if (welcome.size() != 0) return welcome;
  return Few(field, draw.random, [&](std::size_t i) { return field.may_pick(i) ? field.weight(i) : 0; });
}

}  // namespace

Choice least_latency(const Field& field, const Draw& draw) {
  Choice best;
  double best_score = 0;
  for (const std::size_t index : draw_few(field, draw)) {
    const Choice next{index, field.load(index)};
    const double next_score = score(field, next, draw.now);
    if (best.index != none && next_score >= best_score) continue;
    best = next;
    best_score = next_score;
  }
  return best;
}

}  // namespace weir::balance
