#include "server/mirrors.hpp"

#include <exception>
#include <utility>

#include "server/worker.hpp"

namespace weir::server {

std::unique_ptr<MirrorCopy> Mirrors::take() {
  if (spare_.empty()) return std::make_unique<MirrorCopy>(worker_);
  auto copy = std::move(spare_.back());
  spare_.pop_back();
  return copy;
}

void Mirrors::give_back(std::unique_ptr<MirrorCopy> copy) {
  copy->reset();
  if (spare_.size() < spare_max) spare_.push_back(std::move(copy));
}

void Mirrors::send(std::unique_ptr<MirrorCopy> copy) {
  if (ended_) copy->abort();
  serve(std::move(copy));
}

Detached Mirrors::serve(std::unique_ptr<MirrorCopy> copy) {
  running_.push_back(*copy);
  try {
    co_await copy->run();
  } catch (const std::exception& failure) {
    worker_.log(Noise::mirror, config::LogLevel::error, "mirror: {}", failure.what());
    copy->count(route::MirrorOutcome::failed);
  }
  running_.erase(running_.iterator_to(*copy));
  give_back(std::move(copy));
}

void Mirrors::end() {
  ended_ = true;
  for (MirrorCopy& copy : running_) copy.abort();
}

}  // namespace weir::server
