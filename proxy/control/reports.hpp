// What the process reports to the admin address: health, status, endpoints, and what a scrape shows beside the workers'
// counters. Control thread.
#pragma once

#include <chrono>
#include <vector>

#include "admin/backend.hpp"
#include "control/endpoint_control.hpp"
#include "control/overload_guard.hpp"
#include "control/publisher.hpp"
#include "control/reloader.hpp"
#include "control/serving.hpp"
#include "control/split_control.hpp"
#include "names/name_resolver.hpp"
#include "observe/collector.hpp"
#include "server/checker.hpp"

namespace weir::control {

class Reports {
 public:
  /// What is reported on; all of it outlives this.
  struct Parts {
    const Serving& serving;
    const Publisher& publisher;
    const Reloader& reloader;
    const NameResolver& resolver;
    const server::Checker& checks;
    const OverloadGuard& overload;
    const SplitControl& splits;
    const EndpointControl& endpoints;
  };
  explicit Reports(const Parts& parts) : parts_(parts) {}

  HealthReport health() const;
  // Without what workers count: admin/backend.hpp has add_counters.
  StatusReport status() const;
  std::vector<UpstreamReport> upstreams() const;
  observe::ScrapeInput scrape_input() const;

 private:
  const server::Snapshot& snapshot() const { return *parts_.serving.snapshot(); }
  EndpointReport endpoint(const server::UpstreamRuntime& upstream, std::size_t index) const;
  void add_upstreams(observe::ScrapeInput& input) const;
  void add_names(observe::ScrapeInput& input) const;

  Parts parts_;
  const std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
};

}  // namespace weir::control
