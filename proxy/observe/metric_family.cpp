#include "observe/metric_family.hpp"

#include <cmath>

namespace weir::observe {

void Family::add(Labels labels, const Histogram& histogram) {
  auto& sample = family_.metric.emplace_back();
  sample.label = std::move(labels);
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < histogram.buckets.size(); ++i) {
    cumulative += histogram.buckets[i];
    sample.histogram.bucket.push_back(
        {cumulative, i < duration_bounds.size() ? duration_bounds[i] : INFINITY});
  }
  sample.histogram.sample_count = cumulative;
  sample.histogram.sample_sum = histogram.sum_seconds;
}

}  // namespace weir::observe
