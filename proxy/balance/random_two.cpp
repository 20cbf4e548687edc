#include "balance/policies.hpp"
#include "balance/sample.hpp"

namespace weir::balance {

Choice random_two(const Field& field, const Draw& draw) {
  const Sample<2> two(field, draw.random,
                      [&](std::size_t i) { return field.may_pick(i) ? field.weight(i) : 0; });
  Choice best;
  for (const std::size_t index : two) {
    const Choice next{index, field.load(index)};
    // Without the request that is to come: it would favour the heavier one at rest, where the draw alone decides.
    if (best.index == none ||
        next.in_flight * field.weight(best.index) < best.in_flight * field.weight(next.index)) {
      best = next;
    }
  }
  return best;
}

}  // namespace weir::balance
