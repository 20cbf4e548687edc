#include "observe/worker_metrics.hpp"

#include <algorithm>
#include <numeric>

namespace weir::observe {

void Histogram::observe(double seconds) {
  if (!(seconds > 0)) seconds = 0;
  std::size_t bucket = 0;
  while (bucket < duration_bounds.size() && seconds > duration_bounds[bucket]) ++bucket;
  ++buckets[bucket];
  sum_seconds += seconds;
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += other.buckets[i];
  sum_seconds += other.sum_seconds;
}

std::uint64_t& LabelCounters::operator[](std::string_view value) {
  const auto find = [this](std::string_view wanted) {
    return std::find_if(counters_.begin(), counters_.end(),
                        [wanted](const auto& counter) { return counter.first == wanted; });
  };
  auto found = find(value);
  if (found != counters_.end()) return found->second;
  if (counters_.size() + 1 < values_max) return counters_.emplace_back(value, 0).second;
  found = find("other");
  return found != counters_.end() ? found->second : counters_.emplace_back("other", 0).second;
}

std::uint64_t LabelCounters::total() const {
  std::uint64_t sum = 0;
  for (const auto& [value, count] : counters_) sum += count;
  return sum;
}

void LabelCounters::merge(const LabelCounters& other) {
  for (const auto& [value, count] : other.counters_) (*this)[value] += count;
}

void ListenerCounters::merge(const ListenerCounters& other) {
  connections_total += other.connections_total;
  active += other.active;
  idle += other.idle;
  refused_total += other.refused_total;
  refused_clients += other.refused_clients;
  clients_ended.body_idle_timeout += other.clients_ended.body_idle_timeout;
  clients_ended.body_min_rate += other.clients_ended.body_min_rate;
  clients_ended.send_timeout += other.clients_ended.send_timeout;
  clients_ended.response_min_rate += other.clients_ended.response_min_rate;
  discards.complete += other.discards.complete;
  discards.discard_bytes += other.discards.discard_bytes;
  discards.discard_min_rate += other.discards.discard_min_rate;
  discards.discard_timeout += other.discards.discard_timeout;
  discards.bytes += other.discards.bytes;
  handshakes.merge(other.handshakes);
}

std::uint64_t EndpointCounters::requests_total() const {
  return std::accumulate(responses.begin(), responses.end(), std::uint64_t{0});
}

void EndpointCounters::merge(const EndpointCounters& other) {
  for (std::size_t i = 0; i < responses.size(); ++i) responses[i] += other.responses[i];
  duration.merge(other.duration);
  active += other.active;
  idle += other.idle;
  failures.merge(other.failures);
  ejections.merge(other.ejections);
  ejections_held.merge(other.ejections_held);
}

void UpstreamCounters::merge(const UpstreamCounters& other) {
  retries_succeeded += other.retries_succeeded;
  retries_failed += other.retries_failed;
  stale_retries += other.stale_retries;
  retries_over_budget += other.retries_over_budget;
  retries_without_endpoint += other.retries_without_endpoint;
  retries_without_room += other.retries_without_room;
  refused_max_requests += other.refused_max_requests;
  refused_endpoint_busy += other.refused_endpoint_busy;
  queue.served += other.queue.served;
  queue.timeout += other.queue.timeout;
  queue.full += other.queue.full;
  queue.shed += other.queue.shed;
  queue.left += other.queue.left;
  queue.no_endpoint += other.queue.no_endpoint;
  to_backups += other.to_backups;
  to_other_zones += other.to_other_zones;
}

void SplitCounters::merge(const SplitCounters& other) {
  for (std::size_t i = 0; i < by_why.size(); ++i) by_why[i] += other.by_why[i];
}

void MirrorCounters::merge(const MirrorCounters& other) {
  for (std::size_t i = 0; i < by_outcome.size(); ++i) by_outcome[i] += other.by_outcome[i];
}

void LimitCounters::merge(const LimitCounters& other) {
  refused += other.refused;
  shadow += other.shadow;
}

void RefusalCounters::merge(const RefusalCounters& other) {
  access_denied += other.access_denied;
  max_in_flight += other.max_in_flight;
}

std::uint64_t WorkerMetrics::RequestKey::pack() const {
  return std::uint64_t{route} << 48 | std::uint64_t{upstream} << 32 | std::uint64_t{status} << 16 |
         static_cast<std::uint64_t>(method);
}

WorkerMetrics::RequestKey WorkerMetrics::RequestKey::unpack(std::uint64_t packed) {
  return {static_cast<NameId>(packed >> 48), static_cast<NameId>(packed >> 32 & 0xffff),
          static_cast<http::Method>(packed & 0xffff), static_cast<std::uint16_t>(packed >> 16 & 0xffff)};
}

void WorkerMetrics::request_finished(NameId route, NameId upstream, http::Method method, int status,
                                     double seconds) {
  const bool known = status >= 100 && status <= 599;
  const RequestKey key{route, upstream, method, static_cast<std::uint16_t>(known ? status : 0)};
  std::uint64_t* counter = requests.find(key.pack());
  ++(counter != nullptr ? *counter : add_series(key));
  request_duration[pair_key(route, upstream)].observe(seconds);
  --in_flight[route];
}

std::uint64_t& WorkerMetrics::add_series(RequestKey key) {
  if (requests.size() >= request_series_max) {
    key.method = http::Method::other;
    key.status = 0;
  }
  return requests[key.pack()];
}

void WorkerMetrics::merge(const WorkerMetrics& other) {
  for (const auto& [key, count] : other.requests) requests[key] += count;
  for (const auto& [key, histogram] : other.request_duration) request_duration[key].merge(histogram);
  for (const auto& [key, count] : other.in_flight) in_flight[key] += count;
  for (const auto& [key, counters] : other.listeners) listeners[key].merge(counters);
  for (const auto& [key, counters] : other.endpoints) endpoints[key].merge(counters);
  for (const auto& [key, counters] : other.upstreams) upstreams[key].merge(counters);
  for (const auto& [key, counters] : other.splits) splits[key].merge(counters);
  for (const auto& [key, counters] : other.mirrors) mirrors[key].merge(counters);
  for (const auto& [key, counters] : other.limits) limits[key].merge(counters);
  for (const auto& [key, counters] : other.refusals) refusals[key].merge(counters);
  access_log_dropped_lines += other.access_log_dropped_lines;
  accept_backoffs += other.accept_backoffs;
  for (std::size_t what = 0; what < shed_count; ++what) {
    for (std::size_t why = 0; why < limit::bound_count; ++why) {
  log_lines_withheld += other.log_lines_withheld;
      shed_by[what][why] += other.shed_by[what][why];
    }
  }
}

}  // namespace weir::observe
