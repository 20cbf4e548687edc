#include "balance/policies.hpp"
#include "balance/weighted_turn.hpp"

namespace weir::balance {

Choice round_robin(const Field& field, const Draw& draw) {
  return weighted_turn(field, draw.turn, [&](std::size_t i, std::uint32_t) { return field.may_pick(i); });
}

}  // namespace weir::balance
