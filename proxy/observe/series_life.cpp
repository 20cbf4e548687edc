#include "observe/series_life.hpp"

namespace weir::observe {
namespace {

constexpr std::uint64_t tagged(std::uint8_t kind, std::uint64_t key) {
  return std::uint64_t{kind} << 2 * name_bits | key;
}

}  // namespace

void SeriesLife::note(Kind kind, std::uint64_t key) {
  last_[tagged(static_cast<std::uint8_t>(kind), key)] = scrape_;
}

/// Requests and connections of an earlier configuration that have not ended.
void SeriesLife::note_busy(const WorkerMetrics& merged) {
  for (const auto& [route, count] : merged.in_flight) {
    if (count != 0) note(Kind::route, route);
  }
  for (const auto& [listener, counters] : merged.listeners) {
    if (counters.active + counters.idle != 0) note(Kind::listener, listener);
  }
  for (const auto& [endpoint, counters] : merged.endpoints) {
    if (counters.active + counters.idle == 0) continue;
    note(Kind::endpoint, endpoint);
    note(Kind::upstream, WorkerMetrics::first_of(endpoint));
  }
}

bool SeriesLife::is_hidden(Kind kind, std::uint64_t key) const {
  if (hidden_.empty()) return false;
  if (kind != Kind::endpoint) return hidden_.contains(static_cast<NameId>(key));
  return hidden_.contains(WorkerMetrics::first_of(key)) || hidden_.contains(WorkerMetrics::second_of(key));
}

void SeriesLife::hide(const std::vector<NameId>& names) {
  hidden_.insert(names.begin(), names.end());
}

void SeriesLife::forget(const std::vector<NameId>& names) {
  const std::unordered_set<NameId> left(names.begin(), names.end());
  std::erase_if(last_, [&](const auto& entry) {
    const auto kind = static_cast<Kind>(entry.first >> 2 * name_bits);
    const std::uint64_t key = entry.first & ((std::uint64_t{1} << 2 * name_bits) - 1);
    if (kind != Kind::endpoint) return left.contains(static_cast<NameId>(key));
    return left.contains(WorkerMetrics::first_of(key)) || left.contains(WorkerMetrics::second_of(key));
  });
  for (const NameId id : names) hidden_.erase(id);
}

bool SeriesLife::shows(Kind kind, std::uint64_t key) {
  if (key == no_name) return true;  // what has no route, or went to no upstream
  if (is_hidden(kind, key)) return false;
  const auto [last, first_seen] = last_.try_emplace(tagged(static_cast<std::uint8_t>(kind), key), scrape_);
  return scrape_ - last->second <= scrapes_after;
}

void SeriesLife::prune(WorkerMetrics& merged, const NamesInUse& in_use) {
  ++scrape_;
  for (const NameId route : in_use.routes) note(Kind::route, route);
  for (const NameId upstream : in_use.upstreams) note(Kind::upstream, upstream);
  for (const NameId listener : in_use.listeners) note(Kind::listener, listener);
  for (const NameId limit : in_use.limits) note(Kind::limit, limit);
  for (const std::uint64_t endpoint : in_use.endpoints) note(Kind::endpoint, endpoint);
  note_busy(merged);

  const auto of = [this](Kind kind) { return [this, kind](std::uint64_t key) { return shows(kind, key); }; };
  const auto of_pair = [this](Kind first, Kind second) {
    return [this, first, second](std::uint64_t key) {
      return shows(first, WorkerMetrics::first_of(key)) && shows(second, WorkerMetrics::second_of(key));
    };
  };
  const auto of_request = [this](std::uint64_t packed) {
    const auto key = WorkerMetrics::RequestKey::unpack(packed);
    return shows(Kind::route, key.route) && shows(Kind::upstream, key.upstream);
  };
  merged.requests.keep_if(of_request);
  merged.request_duration.keep_if(of_pair(Kind::route, Kind::upstream));
  merged.in_flight.keep_if(of(Kind::route));
  merged.listeners.keep_if(of(Kind::listener));
  merged.endpoints.keep_if(of(Kind::endpoint));
  merged.upstreams.keep_if(of(Kind::upstream));
  merged.splits.keep_if(of_pair(Kind::route, Kind::upstream));
  merged.mirrors.keep_if(of_pair(Kind::route, Kind::upstream));
  merged.limits.keep_if(of_pair(Kind::limit, Kind::route));
  merged.refusals.keep_if(of(Kind::route));
  merged.grpc_calls.keep_if(of_pair(Kind::route, Kind::upstream));
}

}  // namespace weir::observe
