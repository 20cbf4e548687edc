#include "server/mirrors.hpp"

#include <utility>

#include "io/spawn.hpp"
#include "server/worker.hpp"

namespace weir::server {

Mirrors::Mirrors(Worker& worker) : worker_(worker) {
  spare_.reserve(spare_max);  // giving one back needs no memory
}

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

void Mirrors::serve(std::unique_ptr<MirrorCopy> owned) {
  MirrorCopy* const copy = owned.release();  // the list has it
  running_.push_back(*copy);
  io::spawn(
      "mirror", [copy] { return copy->run(); },
      [this, copy](bool well) {
        std::unique_ptr<MirrorCopy> ended(copy);
        running_.erase(running_.iterator_to(*copy));
        if (!well) copy->count(route::MirrorOutcome::failed);
        give_back(std::move(ended));
      });
}

void Mirrors::end() {
  ended_ = true;
  for (MirrorCopy& copy : running_) copy.abort();
}

}  // namespace weir::server
