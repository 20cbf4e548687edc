// How every micro benchmark is run: once to warm up (reused strings and vectors reach their size), then timed, with
// every call of operator new in between counted. The column `allocs` is the total over all iterations: 0 or a bug.
#pragma once

#include <benchmark/benchmark.h>

#include "allocations.hpp"

namespace weir::bench {

template <class Body>
void measure(benchmark::State& state, Body body) {
  body();
  const std::uint64_t before = allocations().own;
  for (auto _ : state) body();
  state.counters["allocs"] = static_cast<double>(allocations().own - before);
}

}  // namespace weir::bench
