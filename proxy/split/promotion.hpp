// Which side of a split is the new one, as far as its weights say so. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <variant>

#include "split/state.hpp"

namespace weir::split {

/// Index of the target that a promotion without a name gives everything to, or why there is no one such target.
///
/// The old side is the only target that the configuration gives weight to. The new side is the only other target; of
/// more, the only other one with weight in force. Where the configuration gives weight to several, or several others
/// have weight, or none, the weights do not say which one is meant. Nor where the new side has everything already: that
/// is done, and the next promotion is of another side.
///
/// `configured` and `in_force`: of all targets, the same names in the same order.
std::variant<std::size_t, std::string> new_side(const NamedWeights& configured, const NamedWeights& in_force);

/// All weight to the target at `index`.
NamedWeights all_to(const NamedWeights& targets, std::size_t index);

}  // namespace weir::split
