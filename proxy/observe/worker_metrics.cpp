#include "observe/worker_metrics.hpp"

#include <algorithm>
#include <cstdint>
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
  old_connections += other.old_connections;
  old_tunnels += other.old_tunnels;
  clients_ended.body_idle_timeout += other.clients_ended.body_idle_timeout;
  clients_ended.body_min_rate += other.clients_ended.body_min_rate;
  clients_ended.send_timeout += other.clients_ended.send_timeout;
  clients_ended.response_min_rate += other.clients_ended.response_min_rate;
  discards.complete += other.discards.complete;
  discards.client_gone += other.discards.client_gone;
  discards.discard_bytes += other.discards.discard_bytes;
  discards.discard_min_rate += other.discards.discard_min_rate;
  discards.discard_timeout += other.discards.discard_timeout;
  discards.bytes += other.discards.bytes;
  handshakes.merge(other.handshakes);
  http2.connections_total += other.http2.connections_total;
  http2.closed.merge(other.http2.closed);
  http2.refused_streams += other.http2.refused_streams;
  http2.malformed_streams += other.http2.malformed_streams;
  http2.late_streams += other.http2.late_streams;
  http2.held_heads += other.http2.held_heads;
  http2.delayed_streams += other.http2.delayed_streams;
  http2.waiting_streams += other.http2.waiting_streams;
  http2.standing_streams += other.http2.standing_streams;
}

std::uint64_t EndpointCounters::requests_total() const {
  return std::accumulate(responses.begin(), responses.end(), std::uint64_t{0});
}

void EndpointCounters::merge(const EndpointCounters& other) {
  for (std::size_t i = 0; i < responses.size(); ++i) responses[i] += other.responses[i];
  duration.merge(other.duration);
  active += other.active;
  idle += other.idle;
  streams += other.streams;
  failures.merge(other.failures);
  ejections.merge(other.ejections);
  ejections_held.merge(other.ejections_held);
}

void UpstreamCounters::merge(const UpstreamCounters& other) {
  retries_succeeded += other.retries_succeeded;
  retries_failed += other.retries_failed;
  stale_retries += other.stale_retries;
  unprocessed_retries += other.unprocessed_retries;
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
  grpc.merge(other.grpc);
}

void LimitCounters::merge(const LimitCounters& other) {
  refused += other.refused;
  shadow += other.shadow;
}

void RefusalCounters::merge(const RefusalCounters& other) {
  access_denied += other.access_denied;
  max_in_flight += other.max_in_flight;
}

void GrpcCounters::merge(const GrpcCounters& other) {
  for (std::size_t i = 0; i < by_status.size(); ++i) by_status[i] += other.by_status[i];
  none += other.none;
}

namespace {

constexpr unsigned method_bits = 6, status_bits = 10;  // with two names: 64
static_assert(static_cast<unsigned>(http::Method::other) < 1u << method_bits);
static_assert(2 * name_bits + method_bits + status_bits <= 64);

void add(std::uint64_t& to, std::uint64_t from) {
  to += from;
}
void add(std::int64_t& to, std::int64_t from) {
  to += from;
}
template <class Counters>
void add(Counters& to, const Counters& from) {
  to.merge(from);
}

template <class Counters>
bool is_busy(const Counters&) {
  return false;
}
bool is_busy(std::int64_t in_flight) {
  return in_flight != 0;
}
bool is_busy(const ListenerCounters& counters) {
  return counters.active + counters.idle != 0;
}
bool is_busy(const EndpointCounters& counters) {
  return counters.active + counters.idle != 0;
}

/// What a table's keys are made of.
enum class KeyKind : std::uint8_t { request, name, pair };
constexpr std::array key_kinds{KeyKind::request, KeyKind::pair, KeyKind::name, KeyKind::name,
                               KeyKind::pair,    KeyKind::name, KeyKind::pair, KeyKind::pair,
                               KeyKind::pair,    KeyKind::name, KeyKind::pair};

std::array<NameId, 2> names_of(KeyKind kind, std::uint64_t key) {
  switch (kind) {
    case KeyKind::request: {
      const auto request = WorkerMetrics::RequestKey::unpack(key);
      return {request.route, request.upstream};
    }
    case KeyKind::pair:
      return {WorkerMetrics::first_of(key), WorkerMetrics::second_of(key)};
    case KeyKind::name:
      break;
  }
  return {static_cast<NameId>(key), no_name};
}

}  // namespace

std::uint64_t WorkerMetrics::RequestKey::pack() const {
  return std::uint64_t{route} << (name_bits + status_bits + method_bits) |
         std::uint64_t{upstream} << (status_bits + method_bits) | std::uint64_t{status} << method_bits |
         static_cast<std::uint64_t>(method);
}

WorkerMetrics::RequestKey WorkerMetrics::RequestKey::unpack(std::uint64_t packed) {
  constexpr std::uint64_t status_mask = (1u << status_bits) - 1, method_mask = (1u << method_bits) - 1;
  return {static_cast<NameId>(packed >> (name_bits + status_bits + method_bits)),
          static_cast<NameId>(packed >> (status_bits + method_bits) & no_name),
          static_cast<http::Method>(packed & method_mask),
          static_cast<std::uint16_t>(packed >> method_bits & status_mask)};
}

template <class Self, class Other, class Part>
void WorkerMetrics::each_table(Self& self, Other& other, Part part) {
  part(0, self.requests, other.requests);
  part(1, self.request_duration, other.request_duration);
  part(2, self.in_flight, other.in_flight);
  part(3, self.listeners, other.listeners);
  part(4, self.endpoints, other.endpoints);
  part(5, self.upstreams, other.upstreams);
  part(6, self.splits, other.splits);
  part(7, self.mirrors, other.mirrors);
  part(8, self.limits, other.limits);
  part(9, self.refusals, other.refusals);
  part(10, self.grpc_calls, other.grpc_calls);
}

void WorkerMetrics::request_finished(NameId route, NameId upstream, http::Method method, int status,
                                     double seconds) {
  ++requests_total;
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

bool WorkerMetrics::copy_some(WorkerMetrics& into, Walk& walk, std::size_t most) const {
  each_table(*this, into, [&](std::size_t number, const auto& from, auto& to) {
    if (walk.table != number) return;
    for (; walk.place < from.places() && most > 0; ++walk.place, --most) {
      if (const auto* entry = from.at(walk.place)) add(to[entry->key], entry->value);
    }
    if (walk.place >= from.places()) walk = {number + 1, 0};
  });
  if (walk.table < key_kinds.size()) return false;
  into.add_plain(*this);
  return true;
}

bool WorkerMetrics::forget_some(const std::vector<bool>& gone, std::vector<NameId>& busy, Walk& walk,
                                std::size_t most) {
  each_table(*this, *this, [&](std::size_t number, auto& table, auto&) {
    if (walk.table != number) return;
    for (; walk.place < table.places() && most > 0; ++walk.place, --most) {
      const auto* const entry = table.at(walk.place);
      if (entry == nullptr) continue;
      const auto names = names_of(key_kinds[number], entry->key);
      const auto left = [&](NameId id) { return id < gone.size() && gone[id]; };
      if (!left(names[0]) && !left(names[1])) continue;
      if (!is_busy(entry->value)) {
        table.erase_at(walk.place);
        continue;
      }
      for (const NameId id : names) {
        if (left(id)) busy.push_back(id);
      }
    }
    if (walk.place >= table.places()) walk = {number + 1, 0};
  });
  return walk.table >= key_kinds.size();
}

void WorkerMetrics::merge(const WorkerMetrics& other) {
  Walk walk;
  other.copy_some(*this, walk, SIZE_MAX);
}

void WorkerMetrics::add_plain(const WorkerMetrics& other) {
  access_log_dropped_lines += other.access_log_dropped_lines;
  accept_backoffs += other.accept_backoffs;
  requests_total += other.requests_total;
  shares.insert(shares.end(), other.shares.begin(), other.shares.end());
  log_lines_withheld += other.log_lines_withheld;
  for (std::size_t what = 0; what < shed_count; ++what) {
    for (std::size_t why = 0; why < limit::bound_count; ++why) {
      shed_by[what][why] += other.shed_by[what][why];
    }
  }
}

}  // namespace weir::observe
