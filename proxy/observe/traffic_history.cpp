#include "observe/traffic_history.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

namespace weir::observe {
namespace {

using Places = std::unordered_map<NameId, std::size_t>;

/// Of the first `most` names, those that are counted under.
Places places_of(const std::vector<std::string>& shown, const NameTable& names, std::size_t most) {
  Places places;
  for (std::size_t i = 0; i < std::min(shown.size(), most); ++i) {
    const NameId id = names.find(shown[i]);
    if (id != no_name) places.emplace(id, i);
  }
  return places;
}

TrafficTotals* at(std::vector<TrafficTotals>& totals, const Places& places, NameId id) {
  const auto found = places.find(id);
  return found == places.end() ? nullptr : &totals[found->second];
}

void count(TrafficTotals& totals, std::uint16_t status, std::uint64_t requests) {
  totals.requests += requests;
  if (status >= 400 && status < 500) totals.client_errors += requests;
  if (status >= 500 || status == 0) totals.failed += requests;
}

void add_durations(TrafficTotals& totals, const Histogram& histogram) {
  for (std::size_t i = 0; i < totals.durations.size(); ++i) totals.durations[i] += histogram.buckets[i];
}

/// A counter that went back was forgotten with its name, and began anew.
std::uint64_t grown(std::uint64_t now, std::uint64_t before) {
  return now < before ? now : now - before;
}

template <class Value>
std::vector<Value> unrolled(std::size_t newest, std::size_t size, const auto& ring) {
  std::vector<Value> values;
  values.reserve(size);
  for (std::size_t i = 0; i < size; ++i)
    values.push_back(ring[(newest + ring.size() + 1 - size + i) % ring.size()].value());
  return values;
}

}  // namespace

void TrafficHistory::take(Rated& rated, const TrafficTotals& totals, double elapsed) {
  const TrafficTotals& before = rated.now.totals;
  TrafficRates& rates = rated.now.rates;
  if (!rated.is_new && elapsed > 0) {
    rates.requests = static_cast<double>(grown(totals.requests, before.requests)) / elapsed;
    rates.client_errors = static_cast<double>(grown(totals.client_errors, before.client_errors)) / elapsed;
    rates.failed = static_cast<double>(grown(totals.failed, before.failed)) / elapsed;
    Buckets durations{};
    for (std::size_t i = 0; i < durations.size(); ++i)
      durations[i] = grown(totals.durations[i], before.durations[i]);
    rated.latency.add(durations);
    const Buckets recent = rated.latency.sum();
    rates.p50 = quantile(recent, 0.5);
    rates.p95 = quantile(recent, 0.95);
    rates.p99 = quantile(recent, 0.99);
  }
  rated.now.totals = totals;
  rated.is_new = false;
}

void TrafficHistory::keep_only(SeriesByName& series, const std::vector<std::string>& names) {
  const std::set<std::string_view> kept(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), names_max)));
  std::erase_if(series, [&kept](const auto& entry) { return !kept.contains(entry.first); });
}

/// Rings move on by one second, and by those that were missed: a process that was stopped, or sampling that rested.
void TrafficHistory::advance(double elapsed) {
  const double missed = std::clamp(std::round(elapsed) - 1, 0.0, static_cast<double>(seconds));
  skipped_ = static_cast<std::size_t>(missed);
  newest_ = (newest_ + skipped_ + 1) % seconds;
  size_ = std::min(size_ + skipped_ + 1, seconds);
}

void TrafficHistory::put(Series& series) const {
  for (std::size_t back = 1; back <= std::min(skipped_, seconds - 1); ++back) {
    const std::size_t place = (newest_ + seconds - back) % seconds;
    series.requests[place] = series.failed[place] = PackedCount();
    series.p95[place] = PackedSeconds();
  }
  const TrafficRates& rates = series.now.rates;
  series.requests[newest_] = PackedCount(static_cast<std::uint64_t>(std::llround(rates.requests)));
  series.failed[newest_] = PackedCount(static_cast<std::uint64_t>(std::llround(rates.failed)));
  series.p95[newest_] = rates.p95 ? PackedSeconds(*rates.p95) : PackedSeconds();
}

void TrafficHistory::take_all(SeriesByName& series, const std::vector<std::string>& names,
                              const Totals& totals, double elapsed) {
  keep_only(series, names);
  for (std::size_t i = 0; i < totals.size(); ++i) {
    auto& one = series[names[i]];
    if (!one) one = std::make_unique<Series>();
    const bool measures = !one->is_new;
    take(*one, totals[i], elapsed);
    if (measures) put(*one);
  }
}

void TrafficHistory::take_endpoints(const WorkerMetrics& merged, const NameTable& names,
                                    const ShownNames& shown, double elapsed) {
  decltype(endpoints_) kept;
  for (std::size_t i = 0; i < std::min(shown.endpoints.size(), endpoints_max); ++i) {
    const auto& [upstream, label] = shown.endpoints[i];
    TrafficTotals totals;
    const auto* const counters =
        merged.endpoints.find(WorkerMetrics::pair_key(names.find(upstream), names.find(label)));
    if (counters != nullptr) {
      totals.requests = counters->requests_total();
      totals.failed = counters->failures.total();
      totals.in_flight = counters->active;
      add_durations(totals, counters->duration);
    }
    auto known = endpoints_.extract(shown.endpoints[i]);
    auto rated = known.empty() ? std::make_unique<Rated>() : std::move(known.mapped());
    take(*rated, totals, elapsed);
    kept.emplace(shown.endpoints[i], std::move(rated));
  }
  endpoints_ = std::move(kept);
}

void TrafficHistory::add(const WorkerMetrics& merged, const NameTable& names, const ShownNames& shown,
                         TimePoint now) {
  if (last_ && now - *last_ < interval_min) return;
  const double elapsed = last_ ? std::chrono::duration<double>(now - *last_).count() : 0;
  last_ = now;
  TrafficTotals all;
  Totals routes(std::min(shown.routes.size(), names_max)),
      upstreams(std::min(shown.upstreams.size(), names_max));
  const Places route_places = places_of(shown.routes, names, names_max);
  const Places upstream_places = places_of(shown.upstreams, names, names_max);
  for (const auto& [packed, requests] : merged.requests) {
    const auto key = WorkerMetrics::RequestKey::unpack(packed);
    count(all, key.status, requests);
    if (auto* const route = at(routes, route_places, key.route)) count(*route, key.status, requests);
    if (auto* const upstream = at(upstreams, upstream_places, key.upstream))
      count(*upstream, key.status, requests);
  }
  for (const auto& [pair, histogram] : merged.request_duration) {
    add_durations(all, histogram);
    if (auto* const route = at(routes, route_places, WorkerMetrics::first_of(pair)))
      add_durations(*route, histogram);
    if (auto* const upstream = at(upstreams, upstream_places, WorkerMetrics::second_of(pair)))
      add_durations(*upstream, histogram);
  }
  for (const auto& [route, running] : merged.in_flight) {
    all.in_flight += running;
    if (auto* const totals = at(routes, route_places, static_cast<NameId>(route)))
      totals->in_flight += running;
  }
  const bool measures = !all_.is_new;
  if (measures) advance(elapsed);
  take(all_, all, elapsed);
  if (measures) put(all_);
  take_all(routes_, shown.routes, routes, elapsed);
  take_all(upstreams_, shown.upstreams, upstreams, elapsed);
  take_endpoints(merged, names, shown, elapsed);
}

const TrafficHistory::Now* TrafficHistory::route(const std::string& name) const {
  const auto found = routes_.find(name);
  return found == routes_.end() ? nullptr : &found->second->now;
}

const TrafficHistory::Now* TrafficHistory::upstream(const std::string& name) const {
  const auto found = upstreams_.find(name);
  return found == upstreams_.end() ? nullptr : &found->second->now;
}

const TrafficHistory::Now* TrafficHistory::endpoint(const std::string& upstream,
                                                    const std::string& label) const {
  const auto found = endpoints_.find({upstream, label});
  return found == endpoints_.end() ? nullptr : &found->second->now;
}

TrafficPoints TrafficHistory::points(const Series& series) const {
  TrafficPoints points;
  points.requests = unrolled<std::optional<std::uint64_t>>(newest_, size_, series.requests);
  points.failed = unrolled<std::optional<std::uint64_t>>(newest_, size_, series.failed);
  points.p95 = unrolled<std::optional<double>>(newest_, size_, series.p95);
  return points;
}

std::vector<std::pair<std::string, TrafficPoints>> TrafficHistory::points_of(
    const SeriesByName& series) const {
  std::vector<std::pair<std::string, TrafficPoints>> all;
  all.reserve(series.size());
  for (const auto& [name, one] : series) all.emplace_back(name, points(*one));
  return all;
}

std::vector<std::pair<std::string, TrafficPoints>> TrafficHistory::points_of_routes() const {
  return points_of(routes_);
}

std::vector<std::pair<std::string, TrafficPoints>> TrafficHistory::points_of_upstreams() const {
  return points_of(upstreams_);
}

}  // namespace weir::observe
