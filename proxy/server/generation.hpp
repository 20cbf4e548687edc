// A snapshot as one worker uses it: the snapshot pinned once, plus this worker's own pools and counters for
// each endpoint, resolved to pointers. Exchanges hold the generation that they started with; its count is not
// atomic because only one thread touches it. Worker thread.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <memory>
#include <vector>

#include "server/endpoint_pool.hpp"
#include "server/snapshot.hpp"

namespace weir::server {

struct UpstreamView {
  const UpstreamRuntime* runtime = nullptr;
  std::vector<std::shared_ptr<EndpointPool>> pools;  // by endpoint index
  observe::UpstreamCounters* counters = nullptr;
  upstream::RecentCount* requests = nullptr;  // this worker's, for the retry budget
  std::shared_ptr<WaitLine> line;             // this worker's place in the upstream's queue
};

struct Generation : boost::intrusive_ref_counter<Generation, boost::thread_unsafe_counter> {
  std::shared_ptr<const Snapshot> snapshot;
  std::vector<UpstreamView> upstreams;  // by upstream index
};

using GenerationPtr = boost::intrusive_ptr<Generation>;

}  // namespace weir::server
