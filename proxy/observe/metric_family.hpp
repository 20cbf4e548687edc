// A builder for one Prometheus metric family, so that the collector reads as a list of what is shown. Pure.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

#include "observe/worker_metrics.hpp"

namespace weir::observe {

using Labels = std::vector<prometheus::ClientMetric::Label>;

class Family {
 public:
  static Family counter(const char* name, const char* help) {
    return {name, help, prometheus::MetricType::Counter};
  }
  static Family gauge(const char* name, const char* help) {
    return {name, help, prometheus::MetricType::Gauge};
  }
  static Family histogram(const char* name, const char* help) {
    return {name, help, prometheus::MetricType::Histogram};
  }

  template <class Number>
  void add(Labels labels, Number value) {
    auto& sample = family_.metric.emplace_back();
    sample.label = std::move(labels);
    (family_.type == prometheus::MetricType::Counter ? sample.counter.value : sample.gauge.value) =
        static_cast<double>(value);
  }

  void add(Labels labels, const Histogram& histogram);

  prometheus::MetricFamily take() && { return std::move(family_); }

 private:
  Family(const char* name, const char* help, prometheus::MetricType type) : family_{name, help, type, {}} {}
  prometheus::MetricFamily family_;
};

}  // namespace weir::observe
