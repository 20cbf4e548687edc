#include "control/name_keeper.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace weir::control {
namespace {

constexpr std::size_t names_per_turn = 512;     // entries of a worker's tables that one turn of it looks at
constexpr Milliseconds names_interval{60'000};  // between two looks at names that are gone, beside scrapes

observe::NamesInUse names_in_use(const server::Snapshot& snapshot) {
  observe::NamesInUse in_use;
  for (const server::RouteRuntime& route : *snapshot.routes) in_use.routes.push_back(route.name);
  for (const server::LimitRuntime& limit : *snapshot.limits) in_use.limits.push_back(limit.name);
  for (const auto& listener : snapshot.listeners) in_use.listeners.push_back(listener->name);
  for (const server::UpstreamRuntime& upstream : snapshot.upstreams) {
    in_use.upstreams.push_back(upstream.name);
    for (const server::EndpointRuntime& endpoint : upstream.endpoints) {
      in_use.endpoints.push_back(observe::WorkerMetrics::pair_key(upstream.name, endpoint.label));
    }
  }
  return in_use;
}

void mark(observe::NameId id, std::vector<bool>& in_use) {
  if (id < in_use.size()) in_use[id] = true;
}

void mark_names(const server::Snapshot& snapshot, std::vector<bool>& in_use) {
  for (const server::RouteRuntime& route : *snapshot.routes) mark(route.name, in_use);
  for (const server::LimitRuntime& limit : *snapshot.limits) mark(limit.name, in_use);
  for (const auto& listener : snapshot.listeners) mark(listener->name, in_use);
  for (const server::UpstreamRuntime& upstream : snapshot.upstreams) {
    mark(upstream.name, in_use);
    for (const server::EndpointRuntime& endpoint : upstream.endpoints) mark(endpoint.label, in_use);
  }
}

}  // namespace

NameKeeper::NameKeeper(boost::asio::io_context& context, Serving& serving, observe::NameTable& names,
                       std::function<bool()> is_busy)
    : context_(context), serving_(serving), names_(names), is_busy_(std::move(is_busy)), timer_(context) {}

void NameKeeper::watch() {
  timer_.expires_after(names_interval);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    watch();
    forget();
  });
}

void NameKeeper::prune(observe::WorkerMetrics& merged) {
  series_.prune(merged, names_in_use(*serving_.snapshot()));
}

void NameKeeper::scraped() {
  life_.scraped();
  forget();
}

/// Names that no snapshot that still serves has: the workers forget what they counted under them, then the ids are
/// free.
void NameKeeper::forget() {
  if (forgetting_ || is_busy_()) return;
  std::vector<bool> in_use(names_.ids_end());
  for (const auto& snapshot : serving_.snapshots_in_use()) mark_names(*snapshot, in_use);
  auto left = std::make_shared<Leaving>();
  left->names = life_.due(names_, in_use, Clock::now());
  for (const observe::NameId id : left->names) names_.retire(id);
  series_.hide(left->names);
  left->names.insert(left->names.end(), kept_.begin(), kept_.end());
  kept_.clear();
  if (left->names.empty()) return;
  forgetting_ = true;
  left->gone.resize(names_.ids_end());
  for (const observe::NameId id : left->names) left->gone[id] = true;
  left->missing = serving_.workers().size();
  for (const auto& worker : serving_.workers()) {
    const auto busy = std::make_shared<std::vector<observe::NameId>>();
    const auto walk = std::make_shared<observe::WorkerMetrics::Walk>();
    auto some = [&worker = *worker, left, busy, walk] {
      return worker.metrics().forget_some(left->gone, *busy, *walk, names_per_turn);
    };
    auto ended = [this, left, busy](bool well) {
      boost::asio::post(context_, [this, left, busy, well] {
        const auto& kept = well ? *busy : left->names;
        left->busy.insert(kept.begin(), kept.end());
        if (--left->missing == 0) forgotten(*left);
      });
    };
    worker->post([&worker = *worker, some, ended] { worker.in_turns(some, ended); });
  }
}

/// What a worker still counts in is asked for again the next time.
void NameKeeper::forgotten(const Leaving& left) {
  std::vector<observe::NameId> free;
  for (const observe::NameId id : left.names) (left.busy.contains(id) ? kept_ : free).push_back(id);
  series_.forget(free);
  for (const observe::NameId id : free) names_.release(id);
  forgetting_ = false;
}

}  // namespace weir::control
