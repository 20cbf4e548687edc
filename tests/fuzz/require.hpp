// What a fuzz target claims: an invariant that does not hold ends the process, which is how a finding is
// reported.
#pragma once

#include <cstdlib>

namespace weir::fuzz {

inline void require(bool holds) {
  if (!holds) std::abort();
}

/// `part` lies within `whole`; empty parts may lie anywhere.
template <class View>
void require_inside(View part, View whole) {
  require(part.empty() ||
          (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size()));
}

}  // namespace weir::fuzz
