#include "control/serving.hpp"

#include <boost/asio/post.hpp>
#include <random>
#include <utility>

namespace weir::control {
namespace {

constexpr std::size_t metrics_per_turn = 512;  // entries of a worker's tables that one turn of it looks at

}  // namespace

void Serving::make_workers(std::size_t count) {
  std::random_device entropy;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t seed = std::uint64_t{entropy()} << 32 | entropy();
    workers_.push_back(std::make_unique<server::Worker>(i, shared_, seed));
  }
}

void Serving::start() {
  for (const auto& worker : workers_) threads_.emplace_back([&worker = *worker] { worker.run(); });
}

void Serving::stop() {
  for (const auto& worker : workers_) worker->stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Serving::post(const std::function<void(server::Worker&)>& work) const {
  for (const auto& worker : workers_) {
    worker->post([&worker = *worker, work] { work(worker); });
  }
}

void Serving::when_installed(std::function<void()> done) const {
  const auto missing = std::make_shared<std::size_t>(workers_.size());
  const auto all_done = std::make_shared<std::function<void()>>(std::move(done));
  for (const auto& worker : workers_) {
    worker->post([this, missing, all_done] {
      boost::asio::post(context_, [missing, all_done] {
        if (--*missing == 0) (*all_done)();
      });
    });
  }
}

void Serving::collect(std::function<void(observe::WorkerMetrics&)> done) const {
  struct Collection {
    observe::WorkerMetrics merged;
    std::size_t missing;
    std::function<void(observe::WorkerMetrics&)> done;
  };
  const auto collection = std::make_shared<Collection>();
  collection->missing = workers_.size();
  collection->done = std::move(done);
  for (const auto& worker : workers_) {
    const auto walk = std::make_shared<observe::WorkerMetrics::Walk>();
    auto some = [this, &worker = *worker, collection, walk] {
      const auto copy = std::make_shared<observe::WorkerMetrics>();
      const bool all = worker.metrics().copy_some(*copy, *walk, metrics_per_turn);
      boost::asio::post(context_, [collection, copy] { collection->merged.merge(*copy); });
      return all;
    };
    auto ended = [this, collection](bool) {
      boost::asio::post(context_, [collection] {
        if (--collection->missing == 0) collection->done(collection->merged);
      });
    };
    worker->post([&worker = *worker, some, ended] { worker.in_turns(some, ended); });
  }
}

void Serving::install(std::shared_ptr<server::Snapshot> snapshot, NewSockets sockets) {
  snapshot_ = freed_here(std::move(snapshot));
  in_use_.push_back(snapshot_);
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    auto items = std::make_shared<std::vector<server::ListenerSocket>>();
    for (const auto& listener : snapshot_->listeners) {
      const auto fresh = sockets.find(listener->config.name);
      server::ListenerSocket item{listener, {}};
      if (fresh != sockets.end()) item.socket = std::move(fresh->second[i]);
      items->push_back(std::move(item));
    }
    workers_[i]->post([worker = workers_[i].get(), snapshot = snapshot_, items] {
      worker->install(snapshot, std::move(*items));
    });
  }
}

/// Freeing ten thousand routes takes milliseconds, which no request should wait for: the worker that lets a snapshot
/// go last hands it back to this thread.
std::shared_ptr<const server::Snapshot> Serving::freed_here(
    std::shared_ptr<const server::Snapshot> snapshot) const {
  const server::Snapshot* const raw = snapshot.get();
  return {raw, [this, snapshot = std::move(snapshot)](const server::Snapshot*) mutable {
            boost::asio::post(context_, [last = std::move(snapshot)] {});
          }};
}

std::vector<std::shared_ptr<const server::Snapshot>> Serving::snapshots_in_use() {
  std::erase_if(in_use_, [](const auto& snapshot) { return snapshot.expired(); });
  std::vector<std::shared_ptr<const server::Snapshot>> locked;
  for (const auto& weak : in_use_) {
    if (auto snapshot = weak.lock()) locked.push_back(std::move(snapshot));
  }
  return locked;
}

}  // namespace weir::control
