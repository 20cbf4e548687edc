// How every micro benchmark is run: once to warm up (reused strings and vectors reach their size), then timed, with
// every call of operator new in between counted. The column `allocs` is the total over all iterations: 0 or a bug.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>

namespace weir::bench {

/// Calls of operator new on this thread so far (allocations.cpp).
std::uint64_t allocations();

template <class Body>
void measure(benchmark::State& state, Body body) {
  body();
  const std::uint64_t before = allocations();
  for (auto _ : state) body();
  state.counters["allocs"] = static_cast<double>(allocations() - before);
}

}  // namespace weir::bench
